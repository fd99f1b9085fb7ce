import { ViewEntity, ViewColumn } from 'typeorm';
import { bare, entity } from './case.js';
import type { Case, Column } from './case.js';

const short: Column = { type: 'varchar', length: 20 };
const id: Column = { type: 'int', primary: true, generated: 'increment' };
const rows = [`INSERT INTO t (s, r) VALUES ('A', '[1,2)'), ('B', '[2,3)')`];
const columns = { s: short, r: { type: 'int4range' } as Column };

/** What PostgreSQL prints differently once more when it reads its own text: it moves the cast of a list into its elements. */
const listed = {
  checks: [
    { name: 'is_one', expression: `"s" IN ('A', 'B')` },
    { name: 'is_none', expression: `s not in ('X','Y') OR s IS NULL` },
  ],
  indices: [
    { name: 'some', columns: ['r'], where: `"s" IN ('A', 'C')` },
    { name: 'only', columns: ['s'], unique: true, where: `s NOT IN ('D', 'E')` },
  ],
  exclusions: [{ name: 'apart', expression: `USING gist (r WITH &&) WHERE (s IN ('A', 'F'))` }],
};
const generated: Column = { type: 'boolean', generatedType: 'STORED', asExpression: `"s" IN ('A', 'G')` };
const list: Column = { type: 'varchar', array: true, default: () => `ARRAY['a', 'b']` };
const plain = entity('t', columns);
const rich = entity('t', { ...columns, g: generated, l: list }, listed);

function view(more: string) {
  @ViewEntity({ name: 'v', expression: `SELECT "id" FROM "t" WHERE "s" IN ('A', 'H')${more}` })
  class View {
    @ViewColumn() id!: number;
  }
  return View;
}

export const expressions: readonly Case[] = [
  {
    name: 'expressions that PostgreSQL prints differently each time are added',
    before: [plain],
    after: [rich, view('')],
    rows,
    says: [
      `CHECK ("s" IN ('A', 'B'))`,
      `CHECK (s not in ('X','Y') OR s IS NULL)`,
      `WHERE "s" IN ('A', 'C')`,
      `WHERE s NOT IN ('D', 'E')`,
      `EXCLUDE USING gist (r WITH &&) WHERE (s IN ('A', 'F'))`,
      `GENERATED ALWAYS AS ("s" IN ('A', 'G')) STORED`,
      `WHERE "s" IN ('A', 'H')`,
    ],
  },
  {
    name: 'expressions that PostgreSQL prints differently each time are dropped',
    before: [rich, view('')],
    after: [plain],
    rows,
    options: { allowDestructive: true },
  },
  {
    name: 'a table with such expressions gets a column',
    before: [rich, view('')],
    after: [entity('t', { ...columns, g: generated, l: list, n: { type: 'text', nullable: true } }, listed), view('')],
    rows,
  },
  {
    name: 'a table with such expressions is renamed',
    before: [rich],
    after: [bare('u', { id, ...columns, g: generated, l: list }, listed)],
    options: { renames: ['t=u'] },
  },
  {
    name: 'such expressions are changed',
    before: [rich, view('')],
    after: [
      entity(
        't',
        { ...columns, g: { ...generated, asExpression: `"s" IN ('A', 'I')` }, l: list },
        {
          ...listed,
          checks: [{ name: 'is_one', expression: `"s" IN ('A', 'B', 'J')` }],
          indices: [{ name: 'some', columns: ['r'], where: `"s" IN ('A', 'K')` }],
        },
      ),
      view(` AND "r" IS NOT NULL`),
    ],
    rows,
    rewritten: ['t.g'],
  },
];
