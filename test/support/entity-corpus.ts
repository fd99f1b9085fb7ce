import {
  BaseEntity,
  Check,
  Column,
  CreateDateColumn,
  DefaultNamingStrategy,
  DeleteDateColumn,
  Entity,
  EntitySchema,
  Exclusion,
  Generated,
  Index,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  ChildEntity,
  TableInheritance,
  Tree,
  TreeChildren,
  TreeParent,
  Unique,
  UpdateDateColumn,
  VersionColumn,
  ViewColumn,
  ViewEntity,
} from 'typeorm';
import type { DataSource, EntitySchemaColumnOptions, NamingStrategyInterface, Relation } from 'typeorm';

/** A column, and what its default means. */
export interface ColumnCase {
  readonly title: string;
  readonly column: EntitySchemaColumnOptions;
  /** SQL with the same value as the default, or what the text of the value matches; `null` when there is no default. */
  readonly means: string | RegExp | null;
}

/** Entities that belong together, on an empty database. */
export interface EntityCase {
  readonly title: string;
  readonly entities: readonly (NewableFunction | EntitySchema)[];
  /** Of the data source. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Only the newer TypeORM can do it. */
  readonly since?: '1.0';
  /** What TypeORM's own comparison always finds to do here, however often it is done. */
  readonly neverAgreed?: RegExp;
}

/** An entity with one column of interest, `c`. */
export function entityOf({ column }: ColumnCase, name: string): EntitySchema {
  return new EntitySchema({ name, columns: { id: { type: 'int', primary: true, default: 1 }, c: column } });
}

type Value = string | number | bigint | boolean | object | null | undefined;

// [type, a default as one writes it, options]
const samples: readonly (readonly [string, Value, object?])[] = [
  ['int', 1],
  ['int2', -1],
  ['int4', 2147483647],
  ['int8', '9223372036854775807'],
  ['smallint', 0],
  ['integer', 42],
  ['bigint', 10],
  ['decimal', 0.5, { precision: 10, scale: 2 }],
  ['numeric', '12.50', { precision: 6, scale: 3 }],
  ['numeric', 7],
  ['real', 1.5],
  ['float', 0.1],
  ['float4', 2],
  ['float8', -1e-7],
  ['double precision', 'Infinity'],
  ['money', 12.5],
  ['character varying', 'x', { length: 20 }],
  ['varchar', 'draft', { length: '255' }],
  ['varchar', ''],
  ['character', 'abc', { length: 5 }],
  ['char', 'a'],
  ['text', 'two words'],
  ['citext', 'MiXed'],
  ['hstore', 'a=>1, b=>NULL'],
  ['bytea', '\\xdeadbeef'],
  ['bit', '101', { length: 3 }],
  ['varbit', '1010', { length: 8 }],
  ['bit varying', '1'],
  ['timetz', '12:00:00+02'],
  ['timestamptz', '2020-01-02T03:04:05Z', { precision: 3 }],
  ['timestamp', '2020-01-02 03:04:05', { precision: 0 }],
  ['timestamp without time zone', '2020-01-02', { precision: 6 }],
  ['timestamp with time zone', '2020-01-02 00:00:00+00'],
  ['date', '2020-02-29'],
  ['time', '23:59:59', { precision: 2 }],
  ['time without time zone', '01:02'],
  ['time with time zone', '01:02+00'],
  ['interval', '1 day 02:00:00'],
  ['bool', true],
  ['boolean', false],
  ['point', '(1,2)'],
  ['line', '{1,-1,0}'],
  ['lseg', '[(0,0),(1,1)]'],
  ['box', '(1,1),(0,0)'],
  ['path', '((0,0),(1,1))'],
  ['polygon', '((0,0),(1,1),(1,0))'],
  ['circle', '<(0,0),1>'],
  ['cidr', '10.0.0.0/8'],
  ['inet', '::1'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['macaddr8', '08:00:2b:01:02:03:04:05'],
  ['tsvector', 'fat cat'],
  ['tsquery', 'fat & cat'],
  ['uuid', '00000000-0000-0000-0000-000000000000'],
  ['xml', '<a/>'],
  ['json', { a: [1, null, 'x'] }],
  ['jsonb', { b: { c: true } }],
  ['jsonpath', '$.a[*]'],
  ['int4range', '[1,5)'],
  ['int8range', '(,5)'],
  ['numrange', '[0.5,1.5]'],
  ['tsrange', '[2020-01-01,2021-01-01)'],
  ['tstzrange', 'empty'],
  ['daterange', '[2020-01-01,)'],
  ['int4multirange', '{[1,3),[5,7)}'],
  ['int8multirange', '{}'],
  ['nummultirange', '{[1,2]}'],
  ['tsmultirange', '{}'],
  ['tstzmultirange', '{}'],
  ['datemultirange', '{[2020-01-01,2020-02-01)}'],
  ['cube', '(1,2,3)'],
  ['ltree', 'Top.Science'],
];

const text = (value: unknown): string => `'${String(value).replaceAll("'", "''")}'`;
const sqlOf = (value: unknown): string => text(typeof value === 'object' ? JSON.stringify(value) : value);
const columnOf = (type: string, options: object): EntitySchemaColumnOptions =>
  ({ type, ...options }) as unknown as EntitySchemaColumnOptions;

const elementOf = (value: Value): string =>
  `"${(typeof value === 'object' ? JSON.stringify(value) : String(value)).replace(/["\\]/g, '\\$&')}"`;

const ofEveryType: readonly ColumnCase[] = samples.flatMap(([type, value, options = {}]) => {
  const title = `${type} ${JSON.stringify(options)}`;
  return [
    { title: `${title}, nullable`, column: columnOf(type, { ...options, nullable: true }), means: null },
    {
      title: `${title} = ${sqlOf(value)}`,
      column: columnOf(type, { ...options, default: value }),
      means: sqlOf(value),
    },
    {
      title: `${title} array = ${sqlOf(value)} twice`,
      column: columnOf(type, { ...options, array: true, default: [value, value] }),
      means: text(`{${elementOf(value)}${type === 'box' ? ';' : ','}${elementOf(value)}}`),
    },
  ];
});

const shown = (value: Value | (() => unknown)): string =>
  typeof value === 'object' ? JSON.stringify(value) : typeof value === 'string' ? `"${value}"` : String(value);
const defaulted = (
  type: string,
  value: Value | (() => unknown),
  means: string | RegExp | null,
  options: object = {},
): ColumnCase => ({
  title: `${type} ${JSON.stringify(options)} = ${shown(value)}`,
  column: columnOf(type, { ...options, default: value }),
  means,
});

const kinds = ['draft', 'in review', "editor's pick", 'Ünï😀', 'a"b', 'back\\slash', 'a,b', '{x}'];
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4/;

const peculiar: readonly ColumnCase[] = [
  // functions: SQL as it is
  defaulted('uuid', () => 'gen_random_uuid()', uuid),
  defaulted('uuid', () => 'uuid_generate_v4()', uuid),
  defaulted('jsonb', () => "'{}'::jsonb", "'{}'"),
  defaulted('jsonb', () => "'[]'", "'[]'"),
  defaulted('jsonb', () => `jsonb_build_object('a', 1)`, `'{"a": 1}'`),
  defaulted('text', () => "'{}'::text[]", "'{}'", { array: true }),
  defaulted('text', () => 'ARRAY[]::text[]', "'{}'", { array: true }),
  defaulted('text', () => "ARRAY['a','b']", "'{a,b}'", { array: true }),
  defaulted('timestamptz', () => "now() + interval '1 day'", "now() + interval '1 day'"),
  defaulted('timestamptz', () => 'NOW()', 'now()'),
  defaulted('timestamptz', () => 'CURRENT_TIMESTAMP', 'now()'),
  defaulted('timestamptz', () => 'CURRENT_TIMESTAMP(3)', 'current_timestamp(3)', { precision: 3 }),
  defaulted('timestamptz', () => 'current_timestamp', 'now()'),
  defaulted('timestamp', () => 'LOCALTIMESTAMP', 'localtimestamp'),
  defaulted('timestamp', () => "timezone('utc', now())", "now() AT TIME ZONE 'utc'"),
  defaulted('timestamp', () => "now() AT TIME ZONE 'utc'", "now() AT TIME ZONE 'utc'"),
  defaulted('date', () => 'CURRENT_DATE', 'current_date'),
  defaulted('date', () => "(CURRENT_DATE + '1 mon'::interval)", "(current_date + interval '1 month')::date"),
  defaulted('time', () => 'LOCALTIME', 'localtime'),
  defaulted('timetz', () => 'CURRENT_TIME', 'current_time'),
  defaulted('text', () => "CASE WHEN 1 > 0 THEN 'Yes' ELSE 'No' END", "'Yes'"),
  defaulted('text', () => "'a' || 'B'", "'aB'"),
  defaulted('text', () => "'a::b'", "'a::b'"),
  defaulted('text', () => "'it''s'", "'it''s'"),
  defaulted('text', () => "E'a\\nb'", "E'a\\nb'"),
  defaulted('text', () => '$$dollars$$', "'dollars'"),
  defaulted('text', () => "upper('x')::varchar(3)", "'X'"),
  defaulted('text', () => 'current_user', 'current_user'),
  defaulted('text', () => 'NULL', 'NULL', { nullable: true }),
  defaulted('text', () => "md5('x')", "md5('x')"),
  defaulted('text', () => "encode(digest('x', 'sha256'), 'hex')", "encode(sha256('x'), 'hex')"),
  defaulted('int', () => '1 + 1', '2'),
  defaulted('int', () => '(-1)', '-1'),
  defaulted('int', () => 'floor(2.5)', '2'),
  defaulted('int', () => 5, '5'),
  defaulted('boolean', () => true, 'true'),
  defaulted('int', () => null, null, { nullable: true }),
  defaulted('bigint', () => '(EXTRACT(epoch FROM now()) * 1000)::bigint', '(extract(epoch FROM now()) * 1000)::bigint'),
  defaulted('interval', () => "'1 day'::interval * 2", "'2 days'"),
  defaulted('int4range', () => 'int4range(1, 3)', "'[1,3)'"),
  // nothing, and almost nothing
  defaulted('text', null, null, { nullable: true }),
  defaulted('int', null, null, { nullable: true }),
  defaulted('text', undefined, null, { nullable: true }),
  defaulted('text', 'null', "'null'"),
  defaulted('text', ' ', "' '"),
  defaulted('varchar', '0', "'0'", { length: 1 }),
  // booleans as texts, numbers as texts, the other way round
  defaulted('boolean', 'false', 'false'),
  defaulted('boolean', 'true', 'true'),
  defaulted('boolean', 'f', 'false'),
  defaulted('boolean', 1, 'true'),
  defaulted('int', '7', '7'),
  defaulted('varchar', 7, "'7'"),
  defaulted('varchar', true, "'true'"),
  defaulted('bigint', 9007199254740993n, '9007199254740993'),
  defaulted('numeric', 1e21, '1e21'),
  defaulted('float8', Number.NaN, "'NaN'"),
  defaulted('decimal', 0.5, '0.50', { precision: 5, scale: 2 }),
  defaulted('decimal', '0.50', '0.5', { precision: 5, scale: 2 }),
  defaulted('decimal', 0, '0', { precision: 5, scale: 0 }),
  // quotes, backslashes and the rest of Unicode
  defaulted('text', "it's", "'it''s'"),
  defaulted('text', "'", "''''"),
  defaulted('text', "'quoted'", "'''quoted'''"),
  defaulted('text', "it''s already doubled", "'it''s already doubled'"),
  defaulted('text', "a'b'c", "'a''b''c'"),
  defaulted('varchar', "O'Brien's", "'O''Brien''s'", { length: 20 }),
  defaulted('text', "'); DROP TABLE x; --", "'''); DROP TABLE x; --'"),
  defaulted('text', 'say "hi"', `'say "hi"'`),
  defaulted('text', 'back\\slash', "'back\\slash'"),
  defaulted('text', '\\', "'\\'"),
  defaulted('text', "\\'", "'\\'''"),
  defaulted('text', '👩‍💻 naïve', "'👩‍💻 naïve'"),
  defaulted('text', 'two\nlines\ttab', "E'two\\nlines\\ttab'"),
  defaulted('text', 'semi;colon', "'semi;colon'"),
  defaulted('text', '-- no comment', "'-- no comment'"),
  defaulted('text', '$1', "'$1'"),
  defaulted('text', 'a::text', "'a::text'"),
  defaulted('text', 'NOW()', "'NOW()'"),
  defaulted('text', '%s ? :name', "'%s ? :name'"),
  // JSON
  defaulted('jsonb', {}, "'{}'"),
  defaulted('jsonb', [], "'[]'"),
  defaulted('json', [1, 'two'], `'[1,"two"]'`),
  defaulted('jsonb', { text: "it's", deep: { "o'": ['"', '\\'] } }, `'{"text":"it''s","deep":{"o''":["\\"","\\\\"]}}'`),
  defaulted('jsonb', '{}', "'{}'"),
  defaulted('jsonb', '{"a":"it\'s"}', `'{"a":"it''s"}'`),
  defaulted('jsonb', '{"a":"::"}', `'{"a":"::"}'`),
  defaulted('jsonb', 5, "'5'"),
  defaulted('jsonb', true, "'true'"),
  defaulted('jsonb', [{ a: 1, b: 'x, y' }, { c: "it's" }], `ARRAY['{"a":1,"b":"x, y"}','{"c":"it''s"}']::jsonb[]`, {
    array: true,
  }),
  // arrays
  defaulted('text', [], "'{}'", { array: true }),
  defaulted('text', '{}', "'{}'", { array: true }),
  defaulted('text', '{a,"b c"}', `ARRAY['a','b c']`, { array: true }),
  defaulted('text', ["it's"], `ARRAY['it''s']`, { array: true }),
  defaulted('text', ['a,b', 'c'], `ARRAY['a,b','c']`, { array: true }),
  defaulted('text', ['', ' ', 'null', 'NULL'], `ARRAY['', ' ', 'null', 'NULL']`, { array: true }),
  defaulted('text', ['{', '}', '"', '\\', '{}'], `ARRAY['{','}','"','\\','{}']`, { array: true }),
  defaulted('text', ['"quoted by hand, too"'], `ARRAY['quoted by hand, too']`, { array: true }),
  defaulted('text', ['two words', '😀'], `ARRAY['two words','😀']`, { array: true }),
  defaulted('text', [null, 'a'], `ARRAY[NULL,'a']`, { array: true }),
  defaulted('int', [1, 2, 3], "'{1,2,3}'", { array: true }),
  defaulted(
    'int',
    [
      [1, 2],
      [3, 4],
    ],
    "'{{1,2},{3,4}}'",
    { array: true },
  ),
  defaulted('int', ['{1,2}', '{3,4}'], "'{{1,2},{3,4}}'", { array: true }),
  defaulted('boolean', [true, false], "'{t,f}'", { array: true }),
  defaulted('timestamptz', [new Date(0)], `ARRAY['1970-01-01 00:00:00+00']`, { array: true }),
  defaulted('varchar', ['a'], "'{a}'", { array: true, length: 10 }),
  // other values of JavaScript
  defaulted('timestamptz', new Date(0), "'1970-01-01 00:00:00+00'"),
  defaulted('date', new Date(0), "'1970-01-01'"),
  defaulted('bytea', Buffer.from([0, 255]), "'\\x00ff'"),
  // enums
  ...kinds.map((kind) => defaulted('enum', kind, text(kind), { enum: kinds })),
  defaulted('enum', undefined, null, { enum: kinds, nullable: true }),
  defaulted('enum', () => "'draft'", "'draft'", { enum: kinds }),
  defaulted('enum', 1, "'1'", { enum: [0, 1, 2] }),
  defaulted('enum', 'b', "'b'", { enum: { A: 'a', B: 'b' } }),
  defaulted('enum', 1, "'1'", { enum: { Off: 0, On: 1, 0: 'Off', 1: 'On' } }),
  defaulted('enum', 'x', "'x'", { enum: ['x', 'y'], enumName: 'Named Enum' }),
  defaulted('enum', [], "'{}'", { enum: kinds, array: true }),
  defaulted('enum', kinds, `ARRAY[${kinds.map(text).join(',')}]`, { enum: kinds, array: true }),
  defaulted('enum', '{draft}', "'{draft}'", { enum: kinds, array: true }),
  defaulted('simple-enum', 'b', "'b'", { enum: ['a', 'b'] }),
  // TypeORM's own types
  defaulted('simple-array', 'a,b', "'a,b'"),
  defaulted('simple-array', ['a', 'b'], "'a,b'"),
  defaulted('simple-array', '', "''"),
  defaulted('simple-json', {}, "'{}'"),
  defaulted('simple-json', { a: "it's" }, `'{"a":"it''s"}'`),
  defaulted('simple-json', '[]', "'[]'"),
  // options
  defaulted('varchar', 'x', "'x'", { collation: 'C' }),
  defaulted('text', "it's", "'it''s'", { comment: `it's a "comment"; with -- everything \\ 😀`, unique: true }),
  defaulted('int', 1, '1', { unsigned: true, width: 5, zerofill: true }),
  defaulted('varchar', 'x', "'x'", { name: 'With "no" quotes'.replaceAll('"', '') }),
  { title: 'a generated uuid', column: columnOf('uuid', { generated: 'uuid' }), means: uuid },
  { title: 'a generated int', column: columnOf('int', { generated: 'increment' }), means: '1' },
  { title: 'a generated bigint', column: columnOf('bigint', { generated: 'increment' }), means: '1' },
  { title: 'a generated smallint', column: columnOf('smallint', { generated: true }), means: '1' },
];

/** Every type of TypeORM for PostgreSQL, alone, with a default and as an array; and every default that has ever been odd. */
export const columnCases: readonly ColumnCase[] = [...ofEveryType, ...peculiar];

// ---- relations

@Entity()
class Author {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ unique: true }) email!: string;
  @OneToMany(() => Book, (book) => book.author) books!: Relation<Book>[];
  @OneToOne(() => Profile, (profile) => profile.author) profile!: Relation<Profile>;
}

@Entity()
class Profile {
  @PrimaryColumn('uuid') @Generated('uuid') id!: string;
  @OneToOne(() => Author, (author) => author.profile, { onDelete: 'CASCADE', onUpdate: 'RESTRICT', nullable: false })
  @JoinColumn({ name: 'author_ref', foreignKeyConstraintName: 'fk_profile_author' })
  author!: Relation<Author>;
}

@Entity()
class Book {
  @PrimaryGeneratedColumn('identity', { generatedIdentity: 'ALWAYS' }) id!: number;
  @Column('varchar') title!: string;
  @ManyToOne(() => Author, (author) => author.books, { onDelete: 'SET NULL', deferrable: 'INITIALLY DEFERRED' })
  author!: Relation<Author>;
  @ManyToOne(() => Author, { deferrable: 'INITIALLY IMMEDIATE', onDelete: 'NO ACTION' }) editor!: Relation<Author>;
  @ManyToOne(() => Book, { nullable: true, createForeignKeyConstraints: false }) sequel!: Relation<Book>;
  @ManyToMany(() => Label, (label) => label.books) @JoinTable() labels!: Relation<Label>[];
  @ManyToMany(() => Book)
  @JoinTable({
    name: 'similar_books',
    joinColumn: { name: 'one', foreignKeyConstraintName: 'fk_similar_one' },
    inverseJoinColumn: { name: 'other' },
  })
  similar!: Relation<Book>[];
}

@Entity('labels')
class Label {
  @PrimaryColumn({ type: 'varchar', length: 20 }) locale!: string;
  @PrimaryColumn({ type: 'varchar', length: 20 }) slug!: string;
  @ManyToMany(() => Book, (book) => book.labels) books!: Relation<Book>[];
}

/** Refers to two columns, and to a column that is unique but not the primary key. */
@Entity()
class Translation {
  @PrimaryColumn('int') id!: number;
  @ManyToOne(() => Label, { onUpdate: 'CASCADE' })
  @JoinColumn([
    { name: 'label_locale', referencedColumnName: 'locale' },
    { name: 'label_slug', referencedColumnName: 'slug' },
  ])
  label!: Relation<Label>;
  @ManyToOne(() => Author)
  @JoinColumn({ name: 'translator_email', referencedColumnName: 'email' })
  by!: Relation<Author>;
}

@Entity()
class Chicken {
  @PrimaryGeneratedColumn() id!: number;
  @OneToOne(() => Egg, { nullable: true }) @JoinColumn() from!: Relation<Egg>;
  @ManyToOne(() => Chicken, { nullable: true }) mother!: Relation<Chicken>;
}

@Entity()
class Egg {
  @PrimaryGeneratedColumn() id!: number;
  @OneToOne(() => Chicken, { nullable: true }) @JoinColumn() from!: Relation<Chicken>;
}

// ---- keys, checks, exclusions, indexes

@Entity()
@Unique(['a', 'b'])
@Unique('named_unique', ['b', 'c'], { deferrable: 'INITIALLY DEFERRED' })
@Check('"a" > 0')
@Check('named_check', `"note" <> 'it''s; "odd"' OR "note" IS NULL`)
@Exclusion(`USING gist ("room" WITH =, "during" WITH &&)`)
@Exclusion('named_exclusion', `USING gist ("during" WITH &&) WHERE ("a" > 1)`)
@Index(['a', 'b'])
@Index('named_index', ['b', 'a'], { unique: true })
@Index('partial_index', ['note'], { where: `"note" LIKE 'a%' AND "a" IS NOT NULL` })
@Index('concurrent_index', ['c'], { concurrent: true } as object)
@Index('concurrent_unique', ['a'], { concurrent: true, unique: true, where: 'a > 5' } as object)
@Index('not_there', { synchronize: false })
class Constrained {
  @PrimaryColumn({ type: 'int', primaryKeyConstraintName: 'pk_constrained' }) one!: number;
  @PrimaryColumn({ type: 'int', primaryKeyConstraintName: 'pk_constrained' }) two!: number;
  @Column('int') a!: number;
  @Column('int') b!: number;
  @Column('int') @Index() c!: number;
  @Column('int') room!: number;
  @Column('tsrange') during!: string;
  @Column('point') @Index({ spatial: true }) place!: string;
  @Column({ type: 'text', nullable: true }) note!: string;
  @Column('text') @Index({ unique: true }) code!: string;
}

@Entity()
@Index('by_hash', ['a'], { type: 'hash' } as object)
@Index('by_gin', ['b'], { type: 'gin' } as object)
class TypedIndexes {
  @PrimaryColumn('int') id!: number;
  @Column('int') a!: number;
  @Column('jsonb') b!: object;
}

// ---- columns that TypeORM keeps

@Entity({ comment: `Rows of it's "own"; really` })
class Dated extends BaseEntity {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @CreateDateColumn() createdAt!: Date;
  @UpdateDateColumn({ type: 'timestamptz', precision: 3 }) updatedAt!: Date;
  @DeleteDateColumn({ comment: "when it's gone" }) deletedAt!: Date | null;
  @VersionColumn({ default: 1 }) version!: number;
  @Column() plain!: string;
  @Column() amount!: number;
  @Column() fine!: boolean;
  @Column() on!: Date;
  @Column({ select: false, insert: false, update: false, nullable: true }) hidden!: string;
}

@Entity()
class Generating {
  @PrimaryGeneratedColumn('identity') id!: number;
  @Column('int') width!: number;
  @Column('text') name!: string;
  @Column({ type: 'int', generatedType: 'STORED', asExpression: '"width" * 2' }) doubled!: number;
  @Column({ type: 'tsvector', generatedType: 'STORED', asExpression: `to_tsvector('english', "name" || ' it''s $1')` })
  search!: string;
  @Column({ type: 'varchar', length: 3, generatedType: 'STORED', asExpression: 'substr("name", 1, 3)', nullable: true })
  short!: string;
}

// ---- inheritance, embedded, trees

class Money {
  @Column('numeric', { precision: 12, scale: 2, default: 0.5 }) amount!: string;
  @Column({ type: 'enum', enum: ['EUR', 'USD'], default: 'EUR' }) currency!: string;
}
class Address {
  @Column({ type: 'varchar', default: "King's Road" }) street!: string;
  @Column(() => Money) rent!: Money;
}
abstract class Base {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column({ type: 'simple-enum', enum: ['on', 'off'], default: 'on' }) state!: string;
}
@Entity()
class House extends Base {
  @Column(() => Address) address!: Address;
  @Column(() => Address, { prefix: 'old' }) before!: Address;
  @Column(() => Money, { prefix: false }) price!: Money;
}
@Entity()
class Shed extends Base {}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
class Animal {
  @PrimaryGeneratedColumn() id!: number;
}
@ChildEntity()
class Dog extends Animal {
  @Column({ type: 'enum', enum: ['bark', 'howl'], default: 'bark' }) voice!: string;
  @ManyToOne(() => Author, { nullable: true }) owner!: Relation<Author>;
}
@ChildEntity('feline')
class Cat extends Animal {
  @Column({ type: 'int', default: 9 }) lives!: number;
  @Column({ type: 'text', array: true, default: ["it's", 'a,b'] }) names!: string[];
}
@Entity()
@TableInheritance({ column: { type: 'enum', enum: ['Car', 'Boat'], name: 'type' } })
class Vehicle {
  @PrimaryGeneratedColumn('uuid') id!: string;
}
@ChildEntity('Car')
class Car extends Vehicle {
  @Column('int') @Index() doors!: number;
}

@Entity()
@Tree('closure-table')
class Closure {
  @PrimaryGeneratedColumn() id!: number;
  @TreeParent() parent!: Relation<Closure>;
  @TreeChildren() children!: Relation<Closure>[];
}
@Entity()
@Tree('closure-table', {
  closureTableName: 'links',
  ancestorColumnName: () => 'up_id',
  descendantColumnName: () => 'down_id',
})
class NamedClosure {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @TreeParent({ onDelete: 'CASCADE' }) parent!: Relation<NamedClosure>;
  @TreeChildren() children!: Relation<NamedClosure>[];
}
@Entity()
@Tree('nested-set')
class Nested {
  @PrimaryGeneratedColumn() id!: number;
  @TreeParent() parent!: Relation<Nested>;
  @TreeChildren() children!: Relation<Nested>[];
}
@Entity()
@Tree('materialized-path')
class Pathed {
  @PrimaryGeneratedColumn() id!: number;
  @TreeParent() parent!: Relation<Pathed>;
  @TreeChildren() children!: Relation<Pathed>[];
}

// ---- schemas, names, enums

@Entity({ schema: 'sales', name: 'order' })
class Order {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'enum', enum: ['new', "editor's"], default: 'new' }) status!: string;
  @Column({ type: 'enum', enum: ['low', 'high'], enumName: 'priority', array: true, default: ['low'] })
  urgent!: string[];
  @Column({ type: 'int', generatedType: 'STORED', asExpression: '"id" * 2' }) twice!: number;
  @ManyToOne(() => Customer) customer!: Relation<Customer>;
  @ManyToMany(() => Customer) @JoinTable() watchers!: Relation<Customer>[];
  @ManyToMany(() => Customer) @JoinTable({ name: 'guests', schema: 'Odd schema' }) guests!: Relation<Customer>[];
}
@Entity({ schema: 'crm', name: 'customer' })
class Customer {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'enum', enum: ['low', 'high'], enumName: 'priority', default: 'low' }) priority!: string;
}
@Entity({ schema: 'crm', name: 'lead' })
class Lead {
  @PrimaryGeneratedColumn('increment', { type: 'smallint' }) id!: number;
  @Column({ type: 'enum', enum: ['low', 'high'], enumName: 'priority', nullable: true }) priority!: string;
  @Column({ type: 'enum', enum: ['low', 'high'], enumName: 'priority', array: true }) all!: string[];
}
@Entity('UPPER and spaces')
class Named {
  @PrimaryColumn({ type: 'int', name: 'Key With Spaces' }) id!: number;
  @Column({ type: 'enum', enum: ['a'], name: 'select', default: 'a' }) word!: string;
  @Column({ type: 'varchar', name: 'größe_😀' }) unicode!: string;
  @Column({ type: 'text', default: 'x' }) user!: string;
  @Column({ type: 'varchar' }) aPropertyWithANameThatIsMuchTooLongForPostgresWhichEndsAfter63Bytes!: string;
}
class SnakeNames extends DefaultNamingStrategy implements NamingStrategyInterface {
  override columnName(property: string, custom: string | undefined, prefixes: string[]): string {
    return [...prefixes, custom ?? property].join('_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
  override tableName(target: string, custom?: string): string {
    return custom ?? `t_${target.toLowerCase()}s`;
  }
  override primaryKeyName(table: { name: string } | string): string {
    return `pk_${(typeof table === 'string' ? table : table.name).replaceAll(/\W/g, '_')}`;
  }
}

// ---- views

@ViewEntity({ expression: `SELECT "id", "email" || ' it''s; $1' AS "email" FROM "author"` })
class AuthorEmails {
  @ViewColumn() id!: number;
  @ViewColumn() email!: string;
}
@ViewEntity({
  name: 'a_depends_on_c',
  expression: 'SELECT "n" FROM "c_counts"',
  dependsOn: ['c_counts'],
})
class DependsOnCounts {
  @ViewColumn() n!: number;
}
@ViewEntity({
  name: 'b_between',
  materialized: true,
  expression: 'SELECT "a"."n", "e"."email" FROM "a_depends_on_c" "a", "author_emails" "e"',
})
@Index('view_index', ['email'], { unique: true })
class Between {
  @ViewColumn() n!: number;
  @ViewColumn() email!: string;
}
@ViewEntity({
  name: 'c_counts',
  expression: (dataSource: DataSource) =>
    dataSource.createQueryBuilder().select('COUNT(*)::int', 'n').from(Author, 'author').where("author.email <> 'x'"),
})
class Counts {
  @ViewColumn() n!: number;
}
@ViewEntity({
  name: 'report',
  schema: 'reporting',
  materialized: true,
  expression: 'SELECT "id", "status" FROM "sales"."order";',
})
class Report {
  @ViewColumn() id!: number;
  @ViewColumn() status!: string;
}

// ---- not TypeORM's business

@Entity({ name: 'legacy_account', synchronize: false })
class Legacy {
  @PrimaryColumn('int') id!: number;
  @Column({ type: 'enum', enum: ['x'], default: 'x' }) kind!: string;
  @ManyToOne(() => Author) author!: Relation<Author>;
}
@Entity({ name: 'legacy_place', synchronize: false })
class UnusedLegacy {
  @PrimaryColumn('int') id!: number;
}
@Entity()
class Payment {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => Legacy) account!: Relation<Legacy>;
}
@ViewEntity({ expression: 'SELECT "id" FROM "legacy_account"', name: 'accounts' })
class Accounts {
  @ViewColumn() id!: number;
}

const bookshop = [Author, Profile, Book, Label, Translation];

/** Everything of an entity but single columns. */
export const entityCases: readonly EntityCase[] = [
  { title: 'relations: foreign keys of all sorts, join tables', entities: bookshop },
  { title: 'circular and self-referencing relations', entities: [Chicken, Egg] },
  { title: 'uniques, checks, exclusions, indexes', entities: [Constrained] },
  { title: 'indexes with a type', entities: [TypedIndexes], since: '1.0' },
  { title: 'dates, version, comments, types from metadata', entities: [Dated] },
  { title: 'generated columns', entities: [Generating] },
  {
    neverAgreed: /SET DEFAULT ('0.5'|'King's Road')/,
    title: 'embedded and inherited columns',
    entities: [House, Shed],
  },
  {
    neverAgreed: /"names" SET DEFAULT/,
    title: 'single-table inheritance',
    entities: [Animal, Dog, Cat, Vehicle, Car, ...bookshop],
  },
  { title: 'trees: closure table', entities: [Closure, NamedClosure] },
  { title: 'trees: nested set', entities: [Nested] },
  { title: 'trees: materialized path', entities: [Pathed] },
  { title: 'several schemas, shared enums', entities: [Order, Customer, Lead] },
  {
    title: 'a schema of the data source',
    entities: [...bookshop, Generating, Counts],
    options: { schema: 'app', metadataTableName: 'kept' },
  },
  { title: 'a schema of the data source beside others', entities: [Order, Customer, Lead], options: { schema: 'crm' } },
  { neverAgreed: /RENAME COLUMN "aProperty/, title: 'names that need quotes, and long ones', entities: [Named] },
  {
    neverAgreed: /SET DEFAULT ('0.5'|'King's Road')/,
    title: 'a naming strategy',
    entities: [...bookshop, House, Shed],
    options: { namingStrategy: new SnakeNames() },
  },
  { title: 'a prefix', entities: bookshop, options: { entityPrefix: 'my_' } },
  { title: 'views on views', entities: [AuthorEmails, DependsOnCounts, Between, Counts, ...bookshop] },
  {
    title: 'views on views, the other way round',
    entities: [...bookshop, Counts, Between, DependsOnCounts, AuthorEmails].reverse(),
  },
  { title: 'a view in another schema', entities: [Report, Order, Customer] },
  { title: 'synchronize: false', entities: [UnusedLegacy, ...bookshop] },
  { title: 'synchronize: false, referred to', entities: [Legacy, Payment, Accounts, UnusedLegacy, ...bookshop] },
  { title: 'pgcrypto', entities: [Dated], options: { uuidExtension: 'pgcrypto' } },
  {
    title: 'extensions of the data source',
    entities: [Egg, Chicken],
    options: { extensions: ['pg_trgm', 'earthdistance'] },
  },
  {
    title: 'a cache in the database',
    entities: [Egg, Chicken],
    options: { cache: { type: 'database', tableName: 'kept_results' } },
  },
  { title: 'nothing', entities: [] },
];
