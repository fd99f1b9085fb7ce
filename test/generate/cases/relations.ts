import {
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Tree,
  TreeChildren,
  TreeParent,
  Column as TextColumn,
  TableInheritance,
  ChildEntity,
  OneToOne,
  JoinColumn,
} from 'typeorm';
import type { TreeType } from 'typeorm/metadata/types/TreeTypes.js';
import { bare, entity } from './case.js';
import type { Case, Column } from './case.js';

const text: Column = { type: 'text' };
const int: Column = { type: 'int' };
const key = (more: object = {}) => ({
  foreignKeys: [{ name: 'fk', target: 't', columnNames: ['t'], referencedColumnNames: ['id'], ...more }],
});
const rows = [`INSERT INTO t (a) VALUES ('1'), ('2')`, 'INSERT INTO u (t) VALUES (1), (2)'];

function change(name: string, [before, after]: readonly [object, object], more: Partial<Case> = {}): Case {
  const t = entity('t', { a: text });
  return {
    name,
    before: [t, entity('u', { t: int }, before)],
    after: [t, entity('u', { t: int }, after)],
    rows,
    ...more,
  };
}

/** Decorated classes with the same names as before: an app after a change. */
function blog({ comments, tags }: { readonly comments: boolean; readonly tags: boolean }) {
  @Entity('tag')
  class Tag {
    @PrimaryColumn('text') name!: string;
  }
  @Entity('post')
  class Post {
    @PrimaryGeneratedColumn('uuid') id!: string;
    @TextColumn('text') title!: string;
    comments!: Comment[];
    tags!: Tag[];
  }
  @Entity('comment')
  class Comment {
    @PrimaryGeneratedColumn() id!: number;
    @ManyToOne(() => Post, (post) => post.comments, { onDelete: 'CASCADE', nullable: false }) post!: Post;
  }
  if (comments)
    OneToMany(
      () => Comment,
      (comment) => comment.post,
    )(Post.prototype, 'comments');
  if (tags) {
    ManyToMany(() => Tag)(Post.prototype, 'tags');
    JoinTable()(Post.prototype, 'tags');
  }
  return [Post, ...(comments ? [Comment] : []), ...(tags ? [Tag] : [])];
}

function couple(linked: 'both' | 'none') {
  @Entity('a')
  class A {
    @PrimaryGeneratedColumn() id!: number;
    b!: object;
  }
  @Entity('b')
  class B {
    @PrimaryGeneratedColumn() id!: number;
    a!: object;
  }
  if (linked === 'both') {
    OneToOne(() => B)(A.prototype, 'b');
    JoinColumn()(A.prototype, 'b');
    ManyToOne(() => A, { deferrable: 'INITIALLY DEFERRED' })(B.prototype, 'a');
  }
  return [A, B];
}

function tree(type: TreeType, extra: boolean) {
  @Entity('node')
  @Tree(type)
  class Node {
    @PrimaryGeneratedColumn() id!: number;
    @TextColumn('text') name!: string;
    extra!: string;
    @TreeChildren() children!: Node[];
    @TreeParent() parent!: Node;
  }
  if (extra) TextColumn('text', { nullable: true })(Node.prototype, 'extra');
  return [Node];
}

function content(kinds: 1 | 2) {
  @Entity('content')
  @TableInheritance({ column: { type: 'varchar', name: 'type' } })
  class Content {
    @PrimaryGeneratedColumn() id!: number;
    @TextColumn('text') title!: string;
  }
  @ChildEntity()
  class Photo extends Content {
    @TextColumn('text') size!: string;
  }
  if (kinds === 1) return [Content, Photo];
  @ChildEntity()
  class Question extends Content {
    @TextColumn('int', { nullable: true }) answers!: number;
  }
  return [Content, Photo, Question];
}

export const relations: readonly Case[] = [
  {
    name: 'the column of a relation is renamed while it is in use, and gets its foreign key back',
    before: [entity('t', { a: text }), entity('u', { t: int }, { ...key(), indices: [{ name: 'i', columns: ['t'] }] })],
    after: [
      entity('t', { a: text }),
      entity(
        'u',
        { one: int },
        {
          foreignKeys: [{ name: 'of one', target: 't', columnNames: ['one'], referencedColumnNames: ['id'] }],
          indices: [{ name: 'i', columns: ['one'] }],
        },
      ),
    ],
    options: { renames: ['u.t=one'] },
    rows,
  },
  change('a foreign key is added', [{}, key()], { phases: ['expand', 'expand'] }),
  change('a foreign key is added, not online', [{}, key()], { options: { online: false }, phases: ['expand'] }),
  change('a foreign key is dropped', [key(), {}]),
  change('a foreign key gets ON DELETE', [key(), key({ onDelete: 'CASCADE' })]),
  change('a foreign key becomes deferrable', [key(), key({ deferrable: 'INITIALLY DEFERRED' })]),
  {
    name: 'a relation that may be empty is dropped, and gets its foreign key back',
    before: [entity('t', { a: text }), entity('u', { t: { ...int, nullable: true } }, key())],
    after: [entity('t', { a: text }), entity('u', {})],
    rows,
    options: { allowDestructive: true },
    validatedAgain: ['fk'],
  },
  change('a foreign key is renamed', [key(), key({ name: 'other' })]),
  {
    name: 'a foreign key of two columns is added',
    before: [
      bare('t', { a: { ...int, primary: true }, b: { ...int, primary: true } }),
      entity('u', { a: int, b: int }),
    ],
    after: [
      bare('t', { a: { ...int, primary: true }, b: { ...int, primary: true } }),
      entity(
        'u',
        { a: int, b: int },
        { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['a', 'b'], referencedColumnNames: ['a', 'b'] }] },
      ),
    ],
    rows: ['INSERT INTO t VALUES (1, 2)', 'INSERT INTO u (a, b) VALUES (1, 2)'],
  },
  {
    name: 'a foreign key to a new unique key',
    before: [entity('t', { a: text }), entity('u', { t: text })],
    after: [
      entity('t', { a: { ...text, unique: true } }),
      entity('u', { t: text }, key({ referencedColumnNames: ['a'] })),
    ],
    rows: [`INSERT INTO t (a) VALUES ('1')`, `INSERT INTO u (t) VALUES ('1')`],
  },
  {
    name: 'a table refers to itself',
    before: [entity('t', { t: { ...int, nullable: true } })],
    after: [entity('t', { t: { ...int, nullable: true } }, key())],
    rows: ['INSERT INTO t (t) VALUES (1), (1)'],
  },
  {
    name: 'two tables that refer to each other are created',
    before: couple('none'),
    after: couple('both'),
    rows: ['INSERT INTO a DEFAULT VALUES'],
  },
  {
    name: 'two tables that refer to each other no longer do',
    before: couple('both'),
    after: couple('none'),
    rows: ['INSERT INTO a DEFAULT VALUES'],
    options: { allowDestructive: true },
  },
  {
    name: 'two tables that refer to each other are dropped',
    before: [...couple('both'), entity('t', { a: text })],
    after: [entity('t', { a: text })],
    rows: ['INSERT INTO a DEFAULT VALUES', `INSERT INTO t (a) VALUES ('1')`],
    options: { allowDestructive: true },
  },
  {
    name: 'a table with a relation is added',
    before: blog({ comments: false, tags: false }),
    after: blog({ comments: true, tags: false }),
    rows: [`INSERT INTO post (title) VALUES ('1')`],
  },
  {
    name: 'a join table is added',
    before: blog({ comments: true, tags: false }),
    after: blog({ comments: true, tags: true }),
    rows: [`INSERT INTO post (title) VALUES ('1')`],
  },
  {
    name: 'a join table is dropped with its tables',
    before: blog({ comments: true, tags: true }),
    after: blog({ comments: false, tags: false }),
    rows: [
      `INSERT INTO tag VALUES ('a')`,
      `INSERT INTO post (title) VALUES ('1')`,
      `INSERT INTO post_tags_tag SELECT id, 'a' FROM post`,
    ],
    options: { allowDestructive: true },
    phases: ['contract'],
  },
  ...(['closure-table', 'nested-set', 'materialized-path'] as const).flatMap((type): readonly Case[] => [
    {
      name: `a ${type} gets a column`,
      before: tree(type, false),
      after: tree(type, true),
      rows: [`INSERT INTO node (name) VALUES ('1')`],
    },
    {
      name: `a ${type} is added`,
      before: [entity('t', { a: text })],
      after: [entity('t', { a: text }), ...tree(type, true)],
      rows: [`INSERT INTO t (a) VALUES ('1')`],
    },
  ]),
  {
    name: 'a kind of a single-table inheritance is added',
    before: content(1),
    after: content(2),
    rows: [`INSERT INTO content (title, size, type) VALUES ('1', 'x', 'Photo')`],
  },
  {
    name: 'a kind of a single-table inheritance is dropped',
    before: content(2),
    after: content(1),
    rows: [`INSERT INTO content (title, size, answers, type) VALUES ('1', 'x', 3, 'Photo')`],
    options: { allowDestructive: true },
  },
  {
    name: 'a referenced table is dropped',
    before: [entity('t', { a: text }), entity('u', { t: { ...int, nullable: true } }, key())],
    after: [entity('u', { t: { ...int, nullable: true } })],
    rows,
    options: { allowDestructive: true },
  },
];
