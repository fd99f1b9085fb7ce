import type { EntitySchema, EntitySchemaRelationOptions } from 'typeorm';
import { bare, entity } from './case.js';
import type { Case, Column } from './case.js';

const text: Column = { type: 'text' };

/** The column `a` is called `b` from now on. */
function column(name: string, type: Column, value: string, more: Partial<Case> = {}): Case {
  return {
    name,
    before: [entity('t', { a: type, n: { type: 'int' } })],
    after: [entity('t', { b: type, n: { type: 'int' } })],
    options: { renames: ['t.a=b'] },
    rows: [`INSERT INTO t (a, n) VALUES (${value}, 1), (${value}, 2)`],
    ...more,
  };
}

const key: Column = { type: 'int', primary: true, generated: 'increment' };

/** A table that refers to itself and to tags, both by way of a junction table. */
export function linked(
  name: string,
  more: Partial<EntitySchemaRelationOptions> = {},
  column = 'a',
  id: Column = key,
): readonly EntitySchema[] {
  const toMany = (target: string, table: Partial<EntitySchemaRelationOptions>): EntitySchemaRelationOptions => ({
    type: 'many-to-many',
    target,
    joinTable: true,
    ...table,
  });
  const relations = { tags: toMany('tag', more), friends: toMany(name, {}) };
  return [entity('tag', { a: text }), entity(name, { id, [column]: text }, { relations })];
}

const links = [
  `INSERT INTO tag (a) VALUES ('x'), ('y')`,
  `INSERT INTO person (a) VALUES ('p'), ('q')`,
  'INSERT INTO person_friends_person VALUES (1, 2), (2, 1), (2, 2)',
];
const junctions = [...links, 'INSERT INTO person_tags_tag VALUES (1, 2), (2, 1)'];

const code: Column = { type: 'int', unique: true, nullable: true };
const to = (column: string): EntitySchemaRelationOptions => ({
  type: 'many-to-one',
  target: 'author',
  joinColumn: { name: `author${column === 'id' ? 'Id' : 'Code'}`, referencedColumnName: column },
});

/** Two relations to the same table. */
function books(property: string): readonly EntitySchema[] {
  const author: EntitySchemaRelationOptions = { type: 'many-to-one', target: 'author', nullable: false };
  return [
    bare('author', { [property]: key, a: text }),
    entity('book', {}, { relations: { author, editor: { ...author, nullable: true } } }),
  ];
}

/** The table `t` is called `u`, and its column `a` is called `c`. */
function both(name: string, options: Case['options'], more: Partial<Case> = {}): Case {
  return {
    name,
    before: [entity('t', { a: text, n: { type: 'int', nullable: true } }, { indices: [{ columns: ['a'] }] })],
    after: [entity('u', { c: text, n: { type: 'int', nullable: true } }, { indices: [{ columns: ['c'] }] })],
    options: { renames: ['t=u', 't.a=c'], ...options },
    rows: [`INSERT INTO t (a, n) VALUES ('x', 1), ('y', 2)`],
    ...more,
  };
}

const bigKey: Column = { type: 'bigint', primary: true, generated: 'increment' };

/** Types without an `=`. */
const incomparable: readonly (readonly [type: Column['type'], value: string, more?: Partial<Column>])[] = [
  ['json', `'{}'`],
  ['json', `'{}'`, { array: true }],
  ['xml', `'<a/>'`],
  ['point', `'(1,2)'`],
  ['polygon', `'((1,2),(3,4))'`],
];

/** Of one family, so that it is asked whether the column was renamed. */
const related: readonly (readonly [from: Column, to: Column, value: string, more?: Partial<Case>])[] = [
  [{ type: 'varchar', length: 20 }, { type: 'varchar', length: 50 }, `'x'`],
  [text, { type: 'varchar', nullable: true }, `'x'`],
  [{ type: 'smallint' }, { type: 'bigint', default: 0 }, '7'],
  [{ type: 'int' }, { type: 'numeric', precision: 12, scale: 2 }, '7', { rewritten: ['t.b'] }],
  [
    { type: 'timestamp' },
    { type: 'timestamptz' },
    `'2020-02-02'`,
    { options: { renames: ['t.a=b'], storedTimezone: 'UTC' }, rewritten: ['t.b'] },
  ],
];

function nameOf({ type, length, nullable }: Column): string {
  return `${String(type)}${length === undefined ? '' : `(${length})`}${nullable === true ? ' NULL' : ''}`;
}

const referring = (target: string) => ({
  foreignKeys: [{ name: 'fk', target, columnNames: [target], referencedColumnNames: ['id'] }],
});

export const renames: readonly Case[] = [
  column('a column is renamed', text, `'x'`),
  ...incomparable.map(([type, value, more]) =>
    column(`a column of type ${String(type)}${more ? '[]' : ''} is renamed`, { type, ...more }, value),
  ),
  column('a column with a default is renamed', { type: 'json', default: {} }, 'DEFAULT'),
  column(
    'a column with another default for each row is renamed',
    { type: 'uuid', default: () => 'gen_random_uuid()' },
    'DEFAULT',
  ),
  column('a nullable column is renamed', { type: 'xml', nullable: true }, 'NULL'),
  ...related.map(([from, to, value, more]) => ({
    ...column(`a column of type ${nameOf(from)} is renamed, and becomes ${nameOf(to)}`, from, value, more),
    after: [entity('t', { b: to, n: { type: 'int' } })],
  })),
  column('a column is renamed directly', text, `'x'`, { options: { renames: ['t.a=b'], renameDirectly: true } }),
  {
    ...column('a column is renamed, with what was made by hand upon it', text, `'x'`),
    hand: {
      up: [
        'CREATE POLICY p ON t USING (a = current_user)',
        'CREATE INDEX i ON t (a)',
        `ALTER TABLE t ADD CONSTRAINT k CHECK (a <> '')`,
      ],
      down: ['DROP POLICY p ON t', 'DROP INDEX i', 'ALTER TABLE t DROP CONSTRAINT k'],
    },
    stays: ['policy t.p', 'index i', 'constraint t.k'],
  },
  ...[{ uniques: [{ columns: ['a', 'n'] }] }, { indices: [{ columns: ['a', 'n'], unique: true }] }].map((more) => ({
    ...column(`a column in a unique ${'uniques' in more ? 'key' : 'index'} is renamed`, text, `'x'`),
    before: [entity('t', { a: text, n: { type: 'int' } }, more)],
    after: [
      entity('t', { b: text, n: { type: 'int' } }, JSON.parse(JSON.stringify(more).replaceAll('"a"', '"b"')) as object),
    ],
    // At no time may duplicates be written.
    neverSays: /DROP [A-Z ]+ (?:"public"\.)?"(?:UQ|IDX)_67fa[^]*CREATE UNIQUE INDEX CONCURRENTLY "\w+_ff42/,
  })),
  {
    ...column('a column in a key made by hand is renamed in the catalog', text, `'x'`),
    hand: {
      up: ['ALTER TABLE t ADD CONSTRAINT o UNIQUE (a, n)'],
      down: ['ALTER TABLE t DROP CONSTRAINT o'],
    },
    stays: ['constraint t.o'],
    phases: ['expand'],
  },
  {
    name: 'a table is renamed and gets a column',
    before: [entity('t', { a: text })],
    after: [entity('u', { a: text, n: { type: 'int', nullable: true } })],
    options: { renames: ['t=u'] },
    rows: [`INSERT INTO t (a) VALUES ('x')`],
  },
  {
    name: 'a table with columns of enum types is renamed while it is in use',
    before: [entity('t', { a: text, e: { type: 'enum', enum: ['x', 'y'] }, b: text })],
    after: [entity('u', { a: text, e: { type: 'enum', enum: ['x', 'y'] }, b: text })],
    options: { renames: ['t=u'] },
    rows: [`INSERT INTO t (a, e, b) VALUES ('x', 'y', 'z')`],
  },
  {
    name: 'a table is renamed and loses a column',
    before: [entity('t', { a: text, n: { type: 'int', nullable: true } })],
    after: [entity('u', { n: { type: 'int', nullable: true } })],
    options: { renames: ['t=u'], allowDestructive: true },
    rows: [`INSERT INTO t (a, n) VALUES ('x', 1)`],
  },
  {
    name: 'a table is renamed and loses a column that must have a value, at once',
    before: [entity('t', { a: text, n: { type: 'int' } })],
    after: [entity('u', { a: text })],
    options: { renames: ['t=u'], allowDestructive: true, online: false },
    rows: [`INSERT INTO t (a, n) VALUES ('x', 1)`],
  },
  ...['while it is in use', 'directly', 'at once'].map((how) => ({
    name: `a table is renamed ${how}, and loses a column that refers to another table`,
    before: [entity('v', { a: text }), entity('t', { a: text, v: { type: 'int' } }, referring('v'))],
    after: [entity('v', { a: text }), entity('u', { a: text })],
    options: {
      renames: ['t=u'],
      allowDestructive: true,
      online: how !== 'at once',
      renameDirectly: how === 'directly',
    },
    rows: [`INSERT INTO v (a) VALUES ('x')`, `INSERT INTO t (a, v) VALUES ('x', 1), ('y', 1)`],
  })),
  {
    name: 'a table is renamed, and flags name its columns by the old name of the table',
    before: [entity('t', { a: text, n: { type: 'text' } })],
    after: [entity('u', { a: text, n: { type: 'int' }, m: { type: 'int' } })],
    options: { renames: ['t=u'], backfills: ['t.m=7'], usings: ['t.n=length(n)'], online: false },
    rows: [`INSERT INTO t (a, n) VALUES ('x', 'four')`],
    rewritten: ['u.n', 't.n'],
    says: ['length(n)', '7'],
  },
  ...['while it is in use', 'directly'].map((how) => ({
    name: `a table is renamed, and its serial key becomes a bigint, ${how}`,
    before: [entity('t', { a: text })],
    after: [bare('u', { id: bigKey, a: text })],
    options: { renames: ['t=u'], online: how !== 'directly' },
    rows: [`INSERT INTO t (a) VALUES ('x')`],
    rewritten: ['u.id'],
  })),
  both('a table and one of its columns are renamed', {}),
  both('a table and one of its columns are renamed directly', { renameDirectly: true }),
  both('a table and one of its columns are renamed at once', { online: false }),
  both(
    'a table and a column of its key are renamed',
    { renames: ['t=u', 't.id=key'] },
    {
      after: [bare('u', { key, a: text, n: { type: 'int', nullable: true } }, { indices: [{ columns: ['a'] }] })],
    },
  ),
  {
    name: 'junction tables follow the table that they belong to',
    before: linked('person'),
    after: linked('human'),
    options: { renames: ['person=human'] },
    rows: junctions,
    follows: [
      'person_tags_tag=human_tags_tag',
      'person_tags_tag.personId=humanId',
      'person_friends_person=human_friends_human',
      'person_friends_person.personId_1=humanId_1',
      'person_friends_person.personId_2=humanId_2',
    ],
  },
  {
    name: 'the columns of other relations follow the key that they refer to',
    before: books('id'),
    after: books('number'),
    options: { renames: ['author.id=number'] },
    rows: [`INSERT INTO author (a) VALUES ('x'), ('y')`, 'INSERT INTO book ("authorId", "editorId") VALUES (1, 2)'],
    follows: ['book.authorId=authorNumber', 'book.editorId=editorNumber'],
  },
  {
    name: 'the column of a relation that refers to something else from now on does not follow',
    before: [bare('author', { id: key, code }), entity('book', {}, { relations: { author: to('id') } })],
    after: [bare('author', { number: key, code }), entity('book', {}, { relations: { author: to('code') } })],
    options: { renames: ['author.id=number'], drops: ['book.authorId'], allowDestructive: true, online: false },
    neverSays: /RENAME COLUMN "authorId"/,
    rows: ['INSERT INTO author (code) VALUES (7)', 'INSERT INTO book DEFAULT VALUES'],
  },
  {
    name: 'the columns of junction tables follow the key that they refer to',
    before: linked('person'),
    after: linked('person', {}, 'a', { ...key, name: 'number' }),
    options: { renames: ['person.id=number'] },
    rows: junctions,
    follows: [
      'person_tags_tag.personId=personNumber',
      'person_friends_person.personId_1=personNumber_1',
      'person_friends_person.personId_2=personNumber_2',
    ],
  },
  {
    name: 'a junction table with a name of its own keeps it, and its columns follow',
    before: linked('person', { joinTable: { name: 'tagged' } }),
    after: linked('human', { joinTable: { name: 'tagged' } }),
    options: { renames: ['person=human'], online: false },
    rows: [...links, 'INSERT INTO tagged VALUES (1, 2), (2, 1)'],
    follows: ['tagged.personId=humanId', 'person_friends_person=human_friends_human'],
  },
];
