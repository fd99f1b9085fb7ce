import { ViewColumn, ViewEntity } from 'typeorm';
import type { ViewEntityOptions } from 'typeorm/decorator/options/ViewEntityOptions.js';
import { entity } from './case.js';
import type { Case, Column } from './case.js';

const text: Column = { type: 'text' };

function view(name: string, expression: string, more: Partial<ViewEntityOptions> = {}): new () => object {
  @ViewEntity({ name, expression, ...more })
  class View {
    @ViewColumn() a!: string;
  }
  return View;
}

function materialized(name: string, expression: string, more: Partial<ViewEntityOptions> = {}): new () => object {
  return view(name, expression, { materialized: true, ...more });
}

const t = entity('t', { a: text, b: text });
const rows = [`INSERT INTO t (a, b) VALUES ('1', 'x'), ('2', 'y')`];

export const views: readonly Case[] = [
  { name: 'a view is added', before: [t], after: [t, view('v', 'SELECT a FROM t')], rows, phases: ['expand'] },
  { name: 'a view is dropped', before: [t, view('v', 'SELECT a FROM t')], after: [t], rows, phases: ['contract'] },
  {
    name: 'a view gets a column',
    before: [t, view('v', 'SELECT a FROM t')],
    after: [t, view('v', 'SELECT a, b FROM t')],
    rows,
  },
  {
    name: 'a view loses a column',
    before: [t, view('v', 'SELECT a, b FROM t')],
    after: [t, view('v', 'SELECT a FROM t')],
    rows,
  },
  {
    name: 'a view with handmade options and comment gets other columns',
    before: [t, view('v', 'SELECT a FROM t')],
    after: [t, view('v', 'SELECT b, a FROM t')],
    hand: {
      up: ['ALTER VIEW v SET (security_barrier = true)', `COMMENT ON VIEW v IS 'by hand'`],
      down: ['COMMENT ON VIEW v IS NULL', 'ALTER VIEW v RESET (security_barrier)'],
    },
    stays: ['comment on view v'],
    rows,
  },
  {
    name: 'a view with handmade options and comment is left alone',
    before: [t, view('v', 'SELECT a FROM t')],
    after: [entity('t', { a: text, b: text, c: { ...text, nullable: true } }), view('v', 'SELECT a FROM t')],
    hand: {
      up: ['ALTER VIEW v SET (security_barrier = true)', `COMMENT ON VIEW v IS 'by hand'`],
      down: ['COMMENT ON VIEW v IS NULL', 'ALTER VIEW v RESET (security_barrier)'],
    },
    stays: ['comment on view v'],
    rows,
    sql: ['ALTER TABLE "public"."t" ADD COLUMN "c" text'],
  },
  {
    name: 'a view over a column of another type and a new one that is filled: it always exists',
    before: [entity('t', { a: { type: 'varchar', length: 10 }, b: text }), view('v', 'SELECT a FROM t')],
    after: [entity('t', { a: { type: 'varchar', length: 20 }, b: text, c: text }), view('v', 'SELECT a, c FROM t')],
    options: { backfills: ['t.c=a || b'] },
    rows,
  },
  {
    name: 'a view over a column of another type with a check',
    before: [
      entity('t', { a: { type: 'varchar', length: 10 }, b: text }, { checks: [{ name: 'c', expression: `a <> ''` }] }),
      view('v', 'SELECT a FROM t'),
    ],
    after: [
      entity('t', { a: { type: 'varchar', length: 20 }, b: text }, { checks: [{ name: 'c', expression: `a <> ''` }] }),
      view('v', 'SELECT a FROM t'),
    ],
    rows,
  },
  { name: 'a materialized view is added', before: [t], after: [t, materialized('m', 'SELECT a FROM t')], rows },
  {
    name: 'a materialized view is changed',
    before: [t, materialized('m', 'SELECT a FROM t')],
    after: [t, materialized('m', 'SELECT b AS a FROM t')],
    rows,
  },
  { name: 'a materialized view is dropped', before: [t, materialized('m', 'SELECT a FROM t')], after: [t], rows },
  {
    name: 'a view becomes a materialized one',
    before: [t, view('v', 'SELECT a FROM t')],
    after: [t, materialized('v', 'SELECT a FROM t')],
    rows,
  },
  {
    name: 'views on views are changed',
    before: [t, view('v', 'SELECT a FROM t'), view('w', 'SELECT a FROM v')],
    after: [t, view('v', `SELECT a || '!' AS a, b FROM t`), view('w', 'SELECT a FROM v')],
    rows,
  },
  {
    name: 'a column under views gets another type: they are missing only during one file',
    before: [
      entity('t', { a: { type: 'varchar', length: 10 }, b: text }),
      view('v', 'SELECT a FROM t'),
      view('w', 'SELECT a FROM v'),
    ],
    after: [
      entity('t', { a: { type: 'varchar', length: 20 }, b: text }),
      view('v', 'SELECT a FROM t'),
      view('w', 'SELECT a FROM v'),
    ],
    rows,
    phases: ['expand'],
  },
  {
    name: 'a column under a view is dropped, and the view no longer contains it',
    before: [entity('t', { a: text, b: text }), view('v', 'SELECT a, b FROM t')],
    after: [entity('t', { a: text }), view('v', 'SELECT a FROM t')],
    rows,
    options: { allowDestructive: true },
  },
  {
    name: 'an enum under a view loses a value: the view is missing only during one file',
    before: [
      entity('t', { a: text, e: { type: 'enum', enum: ['x', 'y'], default: 'x' } }),
      view('v', 'SELECT a, e FROM t'),
    ],
    after: [entity('t', { a: text, e: { type: 'enum', enum: ['x'], default: 'x' } }), view('v', 'SELECT a, e FROM t')],
    rows: [`INSERT INTO t (a) VALUES ('1')`],
    options: { allowDestructive: true },
    phases: ['contract'],
  },
  {
    name: 'a table with a view is added',
    before: [entity('s', { a: text })],
    after: [entity('s', { a: text }), t, view('v', 'SELECT a FROM t'), materialized('m', 'SELECT a FROM v')],
    rows: [`INSERT INTO s (a) VALUES ('1')`],
  },
  {
    name: 'a table with a view is dropped',
    before: [entity('s', { a: text }), t, view('v', 'SELECT a FROM t')],
    after: [entity('s', { a: text })],
    rows: [...rows, `INSERT INTO s (a) VALUES ('1')`],
    options: { allowDestructive: true },
    phases: ['contract'],
  },
  ...(
    [
      ['loses a value and may be NULL', ['x', 'y'], true],
      ['has its values in another order and must not be NULL', ['z', 'y', 'x'], false],
    ] as const
  ).map(([how, values, nullable]) => ({
    name: `a view over an enum column that ${how}`,
    before: [entity('t', { a: { ...mood(['x', 'y', 'z']), nullable: !nullable } }), view('v', 'SELECT a FROM t')],
    after: [entity('t', { a: { ...mood(values), nullable } }), view('v', 'SELECT a FROM t')],
    rows: [`INSERT INTO t (a) VALUES ('x'), ('y')`],
    options: { allowDestructive: true, ...(nullable ? {} : { backfills: ['t.a=NULL'] }) },
  })),
];

function mood(values: readonly string[]): Column {
  return { type: 'enum', enum: [...values], enumName: 'mood' };
}
