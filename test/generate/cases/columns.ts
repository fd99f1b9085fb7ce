import { bare, column, entity } from './case.js';
import type { Case, Column } from './case.js';

const text = { type: 'text' } as const;
const identity = { type: 'int', generated: 'identity' } as unknown as Column;
const numbered = { type: 'int', primary: true, generated: 'increment' } as const;

/** A value of each type. */
const sample: Readonly<Record<string, string>> = {
  text: `'a'`,
  varchar: `'a'`,
  uuid: 'gen_random_uuid()',
  jsonb: `'{}'::jsonb`,
  json: `'{}'::json`,
  boolean: 'true',
  date: `'2020-01-01'::date`,
  timestamptz: 'now()',
  time: `'12:00'::time`,
  interval: `'1 day'::interval`,
  numeric: '1.5',
  double: '1.5::double precision',
  bytea: `'\\x00'::bytea`,
  inet: `'10.0.0.1'::inet`,
  cidr: `'10.0.0.0/8'::cidr`,
  macaddr: `'08:00:2b:01:02:03'::macaddr`,
  point: 'point(1, 2)',
  int4range: 'int4range(1, 2)',
  tstzrange: 'tstzrange(now(), now())',
  tsvector: `'a'::tsvector`,
  bit: `B'1010'`,
  money: `'1'::money`,
  textarray: `ARRAY['a']`,
  intarray: 'ARRAY[1]',
};

const dropped: readonly (readonly [string, Column['type'], Partial<Column>?])[] = [
  ['text', 'text'],
  ['varchar', 'varchar', { length: 20 }],
  ['uuid', 'uuid'],
  ['jsonb', 'jsonb'],
  ['json', 'json'],
  ['boolean', 'boolean'],
  ['date', 'date'],
  ['timestamptz', 'timestamptz'],
  ['time', 'time'],
  ['interval', 'interval'],
  ['numeric', 'numeric', { precision: 10, scale: 2 }],
  ['double', 'double precision'],
  ['bytea', 'bytea'],
  ['inet', 'inet'],
  ['cidr', 'cidr'],
  ['macaddr', 'macaddr'],
  ['point', 'point'],
  ['int4range', 'int4range'],
  ['tstzrange', 'tstzrange'],
  ['tsvector', 'tsvector'],
  ['bit', 'bit', { length: '4' }],
  ['money', 'money'],
  ['textarray', 'text', { array: true }],
  ['intarray', 'int', { array: true }],
];

export const columns: readonly Case[] = [
  {
    name: 'a column is added',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'int', nullable: true } })],
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
    sql: ['ALTER TABLE "public"."t" ADD COLUMN "b" integer'],
    phases: ['expand'],
  },
  {
    name: 'a NOT NULL column with a default is added',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'int', default: 7 } })],
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
    phases: ['expand'],
  },
  {
    name: 'a NOT NULL column is added with a constant backfill',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'int' } })],
    options: { backfills: ['t.b=3'] },
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
    phases: ['expand', 'contract'],
  },
  {
    name: 'a NOT NULL column is filled from another one, not online',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'text' } })],
    options: { backfills: ["t.b=a || '!'"], online: false },
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
    phases: ['expand'],
  },
  {
    name: 'a NOT NULL column is filled from another one',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'text' } })],
    options: { backfills: ["t.b=a || '!'"] },
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
  },
  {
    name: 'a column with a volatile default is added',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'uuid', default: () => 'gen_random_uuid()' } })],
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
  },
  {
    name: 'a generated uuid is added',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'uuid', generated: 'uuid' } })],
    rows: [`INSERT INTO t (a) VALUES ('1'), ('2')`],
  },
  {
    name: 'a column is dropped',
    before: [entity('t', { a: text, b: { type: 'int', nullable: true } })],
    after: [entity('t', { a: text })],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a, b) VALUES ('1', 1), ('2', 2)`],
    phases: ['contract'],
  },
  {
    name: 'a NOT NULL column without a default is dropped',
    before: [entity('t', { a: text, b: { type: 'int' } })],
    after: [entity('t', { a: text })],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a, b) VALUES ('1', 1), ('2', 2)`],
    phases: ['expand', 'contract'],
  },
  {
    name: 'NOT NULL columns of all types are dropped, and back again on a table with rows',
    before: dropped.map(([name, type, more = {}], index) =>
      entity(`t${index}`, { a: text, b: { type, ...more }, [`c_${name}`]: text }),
    ),
    after: dropped.map(([name], index) => entity(`t${index}`, { a: text, [`c_${name}`]: text })),
    options: { allowDestructive: true },
    rows: dropped.map(([name], index) => `INSERT INTO t${index} VALUES (DEFAULT, 'x', ${sample[name] ?? 'NULL'}, 'y')`),
  },
  {
    name: 'a NOT NULL foreign key is dropped, and back again on a table with rows',
    before: [
      entity('t', { a: text }),
      entity(
        'u',
        { b: { type: 'int' } },
        {
          foreignKeys: [{ name: 'fk', target: 't', columnNames: ['b'], referencedColumnNames: ['id'] }],
          checks: [{ name: 'positive', expression: 'b > 0' }],
        },
      ),
    ],
    after: [entity('t', { a: text }), entity('u', {})],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a) VALUES ('1')`, `INSERT INTO u (b) VALUES (1), (1)`],
  },
  {
    name: 'columns of all kinds are dropped at once',
    before: [
      entity('t', {
        a: text,
        b: { type: 'int', unique: true, default: 3, nullable: true },
        c: { type: 'uuid', unique: true },
        d: { type: 'int', generated: 'increment' },
      }),
    ],
    after: [entity('t', { a: text })],
    options: { allowDestructive: true, online: false },
    rows: [`INSERT INTO t (a, b, c) VALUES ('1', 1, gen_random_uuid()), ('2', 2, gen_random_uuid())`],
    phases: ['expand'],
  },
  {
    name: 'an ordinary NOT NULL column becomes a generated one, and back again on a table with rows',
    before: [entity('t', { a: text, b: { type: 'varchar' } })],
    after: [
      entity('t', { a: text, b: { ...text, asExpression: 'upper(a)', generatedType: 'STORED', nullable: true } }),
    ],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a, b) VALUES ('1', 'x'), ('2', 'y')`],
    rewritten: ['t.b'],
  },
  {
    name: 'a NOT NULL enum column is dropped, and back again on a table with rows',
    before: [entity('t', { a: text, b: { type: 'enum', enum: ['x', 'y'] } })],
    after: [entity('t', { a: text })],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a, b) VALUES ('1', 'x')`],
  },
  {
    name: 'a NOT NULL unique column is dropped, and back again on a table with rows',
    before: [entity('t', { a: text, b: { type: 'text', unique: true } })],
    after: [entity('t', { a: text })],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a, b) VALUES ('1', 'x'), ('2', 'y')`],
  },
  column('nullable to NOT NULL', [{ type: 'text', nullable: true }, { type: 'text' }], [`'a'`, `'b'`], {
    options: { backfills: ["t.c='none'"] },
    phases: ['expand', 'contract', 'contract', 'contract', 'contract'],
  }),
  column(
    'nullable to NOT NULL, without a row that needs it',
    [{ type: 'text', nullable: true }, { type: 'text' }],
    [`'a'`],
    {
      options: { backfills: ['t.c=NULL'] },
      phases: ['expand', 'expand', 'expand'],
    },
  ),
  column('NOT NULL to nullable', [{ type: 'text' }, { type: 'text', nullable: true }], [`'a'`]),
  column(
    'NOT NULL with a default to nullable without',
    [
      { type: 'int', default: 3 },
      { type: 'int', nullable: true },
    ],
    ['1'],
  ),
  column(
    'nullable without a default to NOT NULL with one',
    [
      { type: 'int', nullable: true },
      { type: 'int', default: 3 },
    ],
    ['1', 'NULL'],
    { options: { backfills: ['t.c=3'] }, rewritten: ['t.c'] },
  ),
  column('a default is added', [{ type: 'int' }, { type: 'int', default: 1 }], ['5'], {
    sql: ['ALTER TABLE "public"."t" ALTER COLUMN "c" SET DEFAULT 1'],
  }),
  column(
    'a default is changed',
    [
      { type: 'int', default: 1 },
      { type: 'int', default: 2 },
    ],
    ['5'],
    {
      sql: ['ALTER TABLE "public"."t" ALTER COLUMN "c" SET DEFAULT 2'],
    },
  ),
  column('a default is removed', [{ type: 'int', default: 1 }, { type: 'int' }], ['5'], {
    sql: ['ALTER TABLE "public"."t" ALTER COLUMN "c" DROP DEFAULT'],
  }),
  column(
    'a default becomes an expression',
    [
      { type: 'timestamptz', nullable: true },
      { type: 'timestamptz', nullable: true, default: () => `now() + interval '1 day'` },
    ],
    [`'2020-01-01T00:00:00Z'`],
  ),
  column('an uuid default changes its function', [
    { type: 'uuid', default: () => 'uuid_generate_v4()' },
    { type: 'uuid', default: () => 'gen_random_uuid()' },
  ]),
  column('a comment is added', [text, { type: 'text', comment: "it's" }], [`'a'`]),
  column(
    'a comment is changed',
    [
      { type: 'text', comment: 'one' },
      { type: 'text', comment: 'two' },
    ],
    [`'a'`],
  ),
  column('a comment is removed', [{ type: 'text', comment: 'one' }, text], [`'a'`]),
  column('a collation is added', [text, { type: 'text', collation: 'C' }], [`'a'`, `'B'`]),
  column(
    'a collation is changed',
    [
      { type: 'text', collation: 'C' },
      { type: 'text', collation: 'POSIX' },
    ],
    [`'a'`, `'B'`],
  ),
  column('a collation is removed', [{ type: 'varchar', collation: 'C' }, { type: 'varchar' }], [`'a'`, `'B'`]),
  column(
    'a collation and a length are changed at once',
    [
      { type: 'varchar', length: 20, collation: 'C', default: 'x' },
      { type: 'varchar', length: 40, collation: 'POSIX', default: 'y' },
    ],
    [`'a'`, `'B'`],
  ),
  {
    name: 'the collation of an indexed column is changed',
    before: [
      entity(
        't',
        { c: { type: 'text', collation: 'C' } },
        { indices: [{ name: 'i', columns: ['c'] }], uniques: [{ name: 'u', columns: ['c'] }] },
      ),
    ],
    after: [
      entity(
        't',
        { c: { type: 'text', collation: 'POSIX' } },
        { indices: [{ name: 'i', columns: ['c'] }], uniques: [{ name: 'u', columns: ['c'] }] },
      ),
    ],
    rows: [`INSERT INTO t (c) VALUES ('a'), ('B')`],
  },
  column(
    'varchar(50) to varchar(100)',
    [
      { type: 'varchar', length: 50 },
      { type: 'varchar', length: 100 },
    ],
    [`'a'`],
  ),
  column(
    'varchar(100) to varchar(50)',
    [
      { type: 'varchar', length: 100 },
      { type: 'varchar', length: 50 },
    ],
    [`'a'`],
    {
      options: { allowDestructive: true },
    },
  ),
  column('varchar(50) to text', [{ type: 'varchar', length: 50 }, text], [`'a'`]),
  column('text to varchar', [text, { type: 'varchar' }], [`'a'`]),
  column('text to varchar(20)', [text, { type: 'varchar', length: 20 }], [`'a'`], {
    options: { allowDestructive: true },
  }),
  column(
    'varchar with a default to text',
    [
      { type: 'varchar', default: 'x' },
      { type: 'text', default: 'x' },
    ],
    [`'a'`],
  ),
  column(
    'varchar to text with another default',
    [
      { type: 'varchar', default: 'x' },
      { type: 'text', default: 'y' },
    ],
    [`'a'`],
  ),
  column('int to bigint', [{ type: 'int' }, { type: 'bigint' }], ['1', '2']),
  column(
    'int to bigint with a default',
    [
      { type: 'int', default: 4 },
      { type: 'bigint', default: 4 },
    ],
    ['1', '2'],
  ),
  column('bigint to int', [{ type: 'bigint' }, { type: 'int' }], ['1', '2'], { options: { allowDestructive: true } }),
  column('smallint to int', [{ type: 'smallint' }, { type: 'int' }], ['1']),
  column('int to numeric', [{ type: 'int' }, { type: 'numeric' }], ['1']),
  column('int to double precision', [{ type: 'int' }, { type: 'double precision' }], ['1']),
  column(
    'int to text',
    [
      { type: 'int', default: 1 },
      { type: 'text', default: '1' },
    ],
    ['1', '22'],
    { options: { allowDestructive: true } },
  ),
  column(
    'text to int',
    [
      { type: 'text', default: '1' },
      { type: 'int', default: 1 },
    ],
    [`'1'`, `'22'`],
    { options: { allowDestructive: true, usings: ['t.c=c::int'] } },
  ),
  column('text to jsonb', [text, { type: 'jsonb' }], [`'{"a": 1}'`], {
    options: { allowDestructive: true, usings: ['t.c=c::jsonb'] },
  }),
  column('json to jsonb', [{ type: 'json' }, { type: 'jsonb' }], [`'{"a": 1}'`]),
  column('text to uuid', [text, { type: 'uuid' }], [`'00000000-0000-4000-8000-000000000001'`], {
    options: { allowDestructive: true, usings: ['t.c=c::uuid'] },
  }),
  column('text to boolean', [text, { type: 'boolean' }], [`'true'`], {
    options: { allowDestructive: true, usings: ['t.c=c::boolean'] },
  }),
  column(
    'numeric(10,2) to numeric(14,2)',
    [
      { type: 'numeric', precision: 10, scale: 2 },
      { type: 'numeric', precision: 14, scale: 2 },
    ],
    ['1.50'],
  ),
  column(
    'numeric(10,2) to numeric(10,4)',
    [
      { type: 'numeric', precision: 10, scale: 2 },
      { type: 'numeric', precision: 10, scale: 4 },
    ],
    ['1.50'],
    { rewritten: ['t.c'] },
  ),
  column('numeric(10,2) to numeric', [{ type: 'numeric', precision: 10, scale: 2 }, { type: 'numeric' }], ['1.50']),
  column('timestamp to timestamptz', [{ type: 'timestamp' }, { type: 'timestamptz' }], [`'2020-01-01 12:00:00'`], {
    rewritten: ['t.c'],
    options: { storedTimezone: 'Europe/Berlin' },
  }),
  column(
    'timestamp with a default to timestamptz',
    [
      { type: 'timestamp', default: () => 'now()' },
      { type: 'timestamptz', default: () => 'now()' },
    ],
    [`'2020-01-01 12:00:00'`],
    { rewritten: ['t.c'], options: { storedTimezone: 'UTC' } },
  ),
  column(
    'timestamp(6) to timestamp(3)',
    [
      { type: 'timestamp', precision: 6 },
      { type: 'timestamp', precision: 3 },
    ],
    [`'2020-01-01 12:00:00'`],
    { options: { allowDestructive: true } },
  ),
  column('date to timestamp', [{ type: 'date' }, { type: 'timestamp' }], [`'2020-01-01'`], { rewritten: ['t.c'] }),
  column('text to text[]', [text, { type: 'text', array: true }], [`'{a,b}'`], {
    options: { allowDestructive: true, usings: ['t.c=c::text[]'] },
  }),
  column(
    'varchar[] to text[]',
    [
      { type: 'varchar', array: true },
      { type: 'text', array: true },
    ],
    [`'{a,b}'`],
  ),
  column(
    'an array with a default is widened',
    [
      { type: 'int', array: true, default: [1, 2] },
      { type: 'bigint', array: true, default: [1, 2] },
    ],
    [`'{3}'`],
  ),
  column('a plain integer becomes a serial', [{ type: 'int' }, { type: 'int', generated: 'increment' }], ['1', '2']),
  column('a serial becomes a plain integer', [{ type: 'int', generated: 'increment' }, { type: 'int' }], ['1', '2'], {
    options: { allowDestructive: true },
  }),
  column('a plain integer becomes an identity', [{ type: 'int' }, identity], ['1', '2']),
  column('an identity becomes a plain integer', [identity, { type: 'int' }], ['1', '2'], {
    options: { allowDestructive: true },
  }),
  column('an identity becomes big', [identity, { ...identity, type: 'bigint' }], ['1', '2']),
  column('a serial becomes an identity', [{ type: 'int', generated: 'increment' }, identity], ['1', '2'], {
    options: { allowDestructive: true },
  }),
  column(
    'a serial becomes a bigserial',
    [
      { type: 'int', generated: 'increment' },
      { type: 'bigint', generated: 'increment' },
    ],
    ['1', '2'],
  ),
  {
    name: 'a serial primary key becomes big, with a table that refers to it',
    before: [
      bare('t', { id: { type: 'int', primary: true, generated: 'increment' } }),
      entity(
        'u',
        { tId: { type: 'int' } },
        { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['tId'], referencedColumnNames: ['id'] }] },
      ),
    ],
    after: [
      bare('t', { id: { type: 'bigint', primary: true, generated: 'increment' } }),
      entity(
        'u',
        { tId: { type: 'bigint' } },
        { foreignKeys: [{ name: 'fk', target: 't', columnNames: ['tId'], referencedColumnNames: ['id'] }] },
      ),
    ],
    rows: ['INSERT INTO t (id) VALUES (1)', 'INSERT INTO u ("tId") VALUES (1)'],
  },
  {
    name: 'a column gets another type, with a handmade index',
    before: [entity('t', { n: { type: 'int' } })],
    after: [entity('t', { n: { type: 'bigint' } })],
    hand: { up: ['CREATE INDEX by_n ON t (n)'], down: ['DROP INDEX by_n'] },
    stays: ['index by_n'],
    rows: ['INSERT INTO t (n) VALUES (1)'],
  },
  {
    name: 'a generated column is added',
    before: [entity('t', { a: text })],
    after: [entity('t', { a: text, b: { type: 'text', asExpression: `a || '!'`, generatedType: 'STORED' } })],
    rows: [`INSERT INTO t (a) VALUES ('1')`],
  },
  {
    name: 'the expression of a generated column is changed',
    before: [entity('t', { a: text, b: { type: 'text', asExpression: `a || '!'`, generatedType: 'STORED' } })],
    after: [entity('t', { a: text, b: { type: 'text', asExpression: `a || '?'`, generatedType: 'STORED' } })],
    rows: [`INSERT INTO t (a) VALUES ('1')`],
    rewritten: ['t.b'],
  },
  {
    name: 'a generated column is dropped',
    before: [entity('t', { a: text, b: { type: 'text', asExpression: `a || '!'`, generatedType: 'STORED' } })],
    after: [entity('t', { a: text })],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a) VALUES ('1')`],
  },
  {
    name: 'the type of a column that a generated column reads is changed',
    before: [
      entity('t', {
        a: { type: 'varchar', length: 10 },
        b: { type: 'text', asExpression: `upper(a)`, generatedType: 'STORED', nullable: true },
      }),
    ],
    after: [
      entity('t', {
        a: { type: 'varchar', length: 20 },
        b: { type: 'text', asExpression: `upper(a)`, generatedType: 'STORED', nullable: true },
      }),
    ],
    rows: [`INSERT INTO t (a) VALUES ('x')`],
  },
  {
    name: 'a generated column becomes a plain one',
    before: [
      entity('t', { a: text, b: { type: 'text', asExpression: `a || '!'`, generatedType: 'STORED', nullable: true } }),
    ],
    after: [entity('t', { a: text, b: { type: 'text', nullable: true } })],
    options: { allowDestructive: true },
    rows: [`INSERT INTO t (a) VALUES ('1')`],
    phases: ['expand', 'contract'],
  },
  {
    name: 'two new tables with serials whose sequences get the same name, except for a number',
    before: [entity('t', {})],
    after: [
      entity('t', {}),
      ...['first', 'second'].map((end) =>
        bare(`customer_relationship_management_${end}`, { external_account_identifier_of_the_partner: numbered }),
      ),
    ],
  },
  ...(
    [
      ['of letters', 'customerRelationshipManagementAccounts', 'externalAccountIdentifier'],
      ['of letters of two bytes', 'größenänderungsüberprüfung', 'übergrößenträgeränderung'],
    ] as const
  ).map(([what, table, serial]): Case => ({
    name: `a new table with a serial whose sequence has a name that is cut off, ${what}`,
    before: [entity('t', {})],
    after: [entity('t', {}), bare(table, { [serial]: { ...numbered, primaryKeyConstraintName: 'PK' } })],
    sql: [
      `CREATE TABLE "public"."${table}" (
  "${serial}" serial NOT NULL,
  CONSTRAINT "PK" PRIMARY KEY ("${serial}")
)`,
    ],
  })),
];
