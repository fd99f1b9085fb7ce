import { column, entity } from './case.js';
import type { Case, Column } from './case.js';

const mood = (values: readonly string[], more: Partial<Column> = {}): Column => ({
  type: 'enum',
  enum: [...values],
  ...more,
});

export const enums: readonly Case[] = [
  column('a value is removed and another one added', [mood(['x', 'y', 'z']), mood(['x', 'w', 'y'])], [`'x'`, `'y'`], {
    options: { allowDestructive: true },
    phases: ['expand', 'contract'],
    warnings: [
      'Reads and writes block while the table is rewritten: ALTER TABLE "public"."t" ALTER COLUMN "c" TYPE public.t_c_enum USING "c"::text::public.t_c_enum. PostgreSQL cannot remove a value from an enum, so the type is created again, and every table that uses it is rewritten. Keep the value in the entity, or run it at a quiet time.',
    ],
  }),
  column('an enum column is added', [{ type: 'text' }, { type: 'text' }], [`'a'`], {
    after: [entity('t', { c: { type: 'text' }, e: mood(['x', 'y'], { default: 'x' }) })],
  }),
  column('a table with enum columns is added', [{ type: 'text' }, { type: 'text' }], [`'a'`], {
    after: [
      entity('t', { c: { type: 'text' } }),
      entity('u', { z: mood(['x']), b: { type: 'text' }, y: mood(['x', 'y'], { array: true }), a: { type: 'text' } }),
    ],
  }),
  column('an enum column is dropped with its type', [mood(['x', 'y']), mood(['x'])], [`'x'`], {
    after: [entity('t', {})],
    options: { allowDestructive: true },
    phases: ['expand', 'contract'],
  }),
  column('a value is added at the end', [mood(['x', 'y']), mood(['x', 'y', 'z'])], [`'x'`, `'y'`], {
    sql: [`ALTER TYPE "public"."t_c_enum" ADD VALUE IF NOT EXISTS 'z' AFTER 'y'`],
    phases: ['expand'],
  }),
  column('values are added in front and between', [mood(['x', 'y']), mood(['a', 'x', 'm', 'y'])], [`'x'`, `'y'`]),
  column(
    'a value is added and is the default at once',
    [mood(['x', 'y'], { default: 'x' }), mood(['x', 'y', 'z'], { default: 'z' })],
    [`'x'`],
  ),
  column('a value is removed', [mood(['x', 'y', 'z']), mood(['x', 'y'])], [`'x'`, `'y'`], {
    options: { allowDestructive: true },
    phases: ['contract'],
  }),
  column(
    'a value is removed and there is a default',
    [mood(['x', 'y', 'z'], { default: 'x' }), mood(['x', 'y'], { default: 'x' })],
    [`'x'`, `'y'`],
    {
      options: { allowDestructive: true },
      phases: ['contract'],
    },
  ),
  column(
    'the default and its value are removed',
    [mood(['x', 'y', 'z'], { default: 'z' }), mood(['x', 'y'], { default: 'x' })],
    [`'x'`, `'y'`],
    {
      options: { allowDestructive: true },
    },
  ),
  column(
    'a value is removed and another one added, which is the default',
    [mood(['x', 'y', 'z'], { default: 'z' }), mood(['x', 'w', 'y'], { default: 'w' })],
    [`'x'`, `'y'`],
    {
      options: { allowDestructive: true },
      says: [`ADD VALUE IF NOT EXISTS 'w' BEFORE 'y'\nALTER TABLE "public"."t" ALTER COLUMN "c" SET DEFAULT 'w'`],
      phases: ['expand', 'expand', 'contract'],
    },
  ),
  column(
    'a value is removed and another one added, not online',
    [mood(['x', 'y', 'z']), mood(['x', 'w', 'y'])],
    [`'x'`, `'y'`],
    { options: { allowDestructive: true, online: false }, phases: ['expand'], neverSays: /up[^]*ADD VALUE[^]*down/ },
  ),
  column('a value is replaced by another one', [mood(['x', 'y', 'z']), mood(['x', 'y', 'w'])], [`'x'`, `'y'`], {
    // Nothing is lost.
    options: { usings: [`t.c=CASE c WHEN 'z' THEN 'w' ELSE c END`] },
    phases: ['expand', 'contract'],
  }),
  column(
    'a value of an array of an enum is replaced by another one',
    [mood(['x', 'y', 'z'], { array: true }), mood(['x', 'y', 'w'], { array: true })],
    [`'{x}'`, `'{}'`],
    { options: { usings: [`t.c=array_replace(c, 'z', 'w')`] }, phases: ['expand', 'contract'] },
  ),
  {
    name: 'a value is removed, and a new column, a check and an index use another new one',
    before: [entity('t', { c: mood(['x', 'y', 'z'], { enumName: 'shared' }) })],
    after: [
      entity(
        't',
        {
          c: mood(['x', 'y', 'w'], { enumName: 'shared' }),
          d: mood(['x', 'y', 'w'], { enumName: 'shared', default: 'w' }),
        },
        {
          indices: [{ name: 'i', columns: ['c'], where: `c = 'w'` }],
          checks: [{ name: 'k', expression: `c <> 'w' OR d = 'w'` }],
        },
      ),
    ],
    rows: [`INSERT INTO t (c) VALUES ('x'), ('y')`],
    options: { allowDestructive: true },
    says: [`ADD COLUMN "d" public.shared NOT NULL DEFAULT 'w'`],
  },
  column(
    'a value is added to values in another order, which stays',
    [mood(['x', 'y', 'z']), mood(['z', 'w', 'x', 'y'])],
    [`'x'`, `'y'`],
    { sql: [`ALTER TYPE "public"."t_c_enum" ADD VALUE IF NOT EXISTS 'w' AFTER 'z'`] },
  ),
  column(
    'a value is added to an array of an enum',
    [mood(['x', 'y'], { array: true, default: ['x'] }), mood(['x', 'y', 'z'], { array: true, default: ['x'] })],
    [`'{x,y}'`],
  ),
  column(
    'a value is removed from an array of an enum with a default',
    [mood(['x', 'y', 'z'], { array: true, default: ['x'] }), mood(['x', 'y'], { array: true, default: ['x'] })],
    [`'{x,y}'`],
    { options: { allowDestructive: true } },
  ),
  {
    name: 'a value is removed from an enum of two tables, with an index, a check and a view',
    before: [
      entity(
        't',
        { c: mood(['x', 'y', 'z'], { enumName: 'shared', default: 'x' }) },
        { indices: [{ name: 'i', columns: ['c'] }] },
      ),
      entity(
        'u',
        { c: mood(['x', 'y', 'z'], { enumName: 'shared' }) },
        { checks: [{ name: 'known', expression: `c <> 'y'` }] },
      ),
    ],
    after: [
      entity(
        't',
        { c: mood(['x', 'y'], { enumName: 'shared', default: 'x' }) },
        { indices: [{ name: 'i', columns: ['c'] }] },
      ),
      entity(
        'u',
        { c: mood(['x', 'y'], { enumName: 'shared' }) },
        { checks: [{ name: 'known', expression: `c <> 'y'` }] },
      ),
    ],
    rows: [`INSERT INTO t (c) VALUES ('x'), ('y')`, `INSERT INTO u (c) VALUES ('x')`],
    options: { allowDestructive: true },
  },
  {
    name: 'a value is removed, and there is an index of the rows with another one',
    before: [entity('t', { c: mood(['x', 'y', 'z']) }, { indices: [{ name: 'i', columns: ['c'], where: `c = 'x'` }] })],
    after: [entity('t', { c: mood(['x', 'y']) }, { indices: [{ name: 'i', columns: ['c'], where: `c = 'x'` }] })],
    rows: [`INSERT INTO t (c) VALUES ('x'), ('y')`],
    options: { allowDestructive: true },
    neverSays: /CONCURRENTLY/,
  },
  {
    name: 'a value is removed, and there is an index of the rows with another one, not online',
    before: [entity('t', { c: mood(['x', 'y', 'z']) }, { indices: [{ name: 'i', columns: ['c'], where: `c = 'x'` }] })],
    after: [entity('t', { c: mood(['x', 'y']) }, { indices: [{ name: 'i', columns: ['c'], where: `c = 'x'` }] })],
    rows: [`INSERT INTO t (c) VALUES ('x'), ('y')`],
    options: { allowDestructive: true, online: false },
  },
  {
    name: 'a value is removed, and indexes of some rows change, come and go',
    before: [
      entity(
        't',
        { c: mood(['x', 'y', 'z']) },
        {
          indices: [
            { name: 'i', columns: ['c'], where: `c = 'x'` },
            { name: 'j', columns: ['c'], where: `c = 'x'` },
            { name: 'plain', columns: ['c'] },
          ],
        },
      ),
    ],
    after: [
      entity(
        't',
        { c: mood(['x', 'y']) },
        {
          indices: [
            { name: 'i', columns: ['c'], where: `c = 'y'` },
            { name: 'k', columns: ['c'], where: `c = 'x'` },
            { name: 'plain', columns: ['c'] },
          ],
        },
      ),
    ],
    rows: [`INSERT INTO t (c) VALUES ('x'), ('y')`],
    options: { allowDestructive: true },
    neverSays: /plain/,
  },
  ...[
    {
      what: 'a trigger fires for some rows',
      up: [
        'CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
        `CREATE TRIGGER noted BEFORE UPDATE ON t FOR EACH ROW WHEN (NEW.c = 'x') EXECUTE FUNCTION noted()`,
      ],
      down: ['DROP TRIGGER noted ON t', 'DROP FUNCTION noted()'],
      stays: ['trigger t.noted', 'function noted()'],
    },
    {
      what: 'a policy names another one',
      up: [`CREATE POLICY calm ON t USING (c = 'x')`],
      down: ['DROP POLICY calm ON t'],
      stays: ['policy t.calm'],
    },
    {
      what: 'an exclusion constraint holds for some rows',
      up: [`ALTER TABLE t ADD CONSTRAINT alone EXCLUDE (id WITH =) WHERE (c = 'x')`],
      down: ['ALTER TABLE t DROP CONSTRAINT alone'],
      stays: ['constraint t.alone'],
    },
    {
      what: 'a function takes it',
      up: ['CREATE FUNCTION calm(one t_c_enum) RETURNS boolean LANGUAGE sql AS $$ SELECT one = $1 $$'],
      down: ['DROP FUNCTION calm(t_c_enum)'],
      stays: ['function calm(public.t_c_enum)'],
    },
  ].map(({ what, up, down, stays }): Case => ({
    name: `a value is removed, and ${what}`,
    before: [entity('t', { c: mood(['x', 'y', 'z']) })],
    after: [entity('t', { c: mood(['x', 'y']) })],
    hand: { up, down },
    stays,
    rows: [`INSERT INTO t (c) VALUES ('x'), ('y')`],
    options: { allowDestructive: true },
  })),
  {
    name: 'a table joins a shared enum',
    before: [entity('t', { c: mood(['x', 'y'], { enumName: 'shared' }) })],
    after: [
      entity('t', { c: mood(['x', 'y', 'z'], { enumName: 'shared' }) }),
      entity('u', { c: mood(['x', 'y', 'z'], { enumName: 'shared', default: 'z' }) }),
    ],
    rows: [`INSERT INTO t (c) VALUES ('x')`],
  },
  column('text becomes an enum', [{ type: 'text' }, mood(['x', 'y'])], [`'x'`], {
    options: { allowDestructive: true, usings: ['t.c=c::t_c_enum'] },
  }),
  column(
    'text becomes an enum, and the trigger is tried on a value of it',
    [{ type: 'text' }, mood(['x', 'y'])],
    [`'x'`],
    {
      options: { allowDestructive: true },
      warnings: [],
    },
  ),
  column(
    'text with a default becomes an enum with a default',
    [{ type: 'text', default: 'x' }, mood(['x', 'y'], { default: 'x' })],
    [`'x'`],
    {
      options: { online: false },
      sql: [
        `CREATE TYPE "public"."t_c_enum" AS ENUM ('x', 'y')`,
        `ALTER TABLE "public"."t" ALTER COLUMN "c" DROP DEFAULT`,
        `ALTER TABLE "public"."t" ALTER COLUMN "c" TYPE public.t_c_enum USING "c"::text::public.t_c_enum`,
        `ALTER TABLE "public"."t" ALTER COLUMN "c" SET DEFAULT 'x'::public.t_c_enum`,
      ],
    },
  ),
  column('an enum becomes text', [mood(['x', 'y'], { default: 'x' }), { type: 'text', default: 'x' }], [`'x'`], {
    options: { allowDestructive: true },
  }),
  column('an enum gets a default', [mood(['x', 'y']), mood(['x', 'y'], { default: 'y' })], [`'x'`]),
  column(
    'values with quotes are added',
    [mood(["it's"]), mood(["it's", 'a "b"', 'c::d', 'e,f'], { default: 'e,f' })],
    [`'it''s'`],
  ),
  ...[
    ['x', 'y'],
    ['x', 'y', 'z'],
  ].map((after) =>
    column(
      `an enum that was made by hand is renamed${after.length > 2 ? ' and gets another value' : ''}`,
      [{ type: 'text' }, { type: 'text' }],
      [`'a'`],
      {
        after: [entity('t', { c: { type: 'text' }, m: mood(after, { default: 'x' }) })],
        hand: {
          up: [`CREATE TYPE "Mood" AS ENUM ('x', 'y')`, `ALTER TABLE t ADD m "Mood" DEFAULT 'x' NOT NULL`],
          down: ['ALTER TABLE t DROP m', 'DROP TYPE "Mood"'],
        },
        sql: [
          'ALTER TYPE "public"."Mood" RENAME TO "t_m_enum"',
          ...(after.length > 2 ? [`ALTER TYPE "public"."t_m_enum" ADD VALUE IF NOT EXISTS 'z' AFTER 'y'`] : []),
        ],
      },
    ),
  ),
];
