import type { Observed } from '../../observe/observed.js';
import { called, columnOf, ident, sqlName } from '../look.js';
import type { NewColumn } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { addedColumns } from './batch.js';
import { isRewritten } from './effects.js';
import { computedByTrigger } from './recipes.js';

const orders = 'CREATE TABLE orders (id int PRIMARY KEY, price int, amount int)';

export const addColumnStoredGenerated: Rule = {
  name: 'add-column-stored-generated',
  severity: 'error',
  title: 'Adding a stored generated column rewrites the table.',
  why: 'GENERATED ALWAYS AS … STORED is computed for every existing row: the table and all its indexes are rewritten under ACCESS EXCLUSIVE, and reads and writes block meanwhile. Since PostgreSQL 18, a VIRTUAL column, which is computed when it is read, can be added instantly.',
  check: eachStatement((statement, _migration, context) =>
    addedColumns(statement, context)
      .filter(({ table, constraints }) => isRewritten(statement, table) && constraints.some(isStored))
      .map((added) => ({
        message: `Reads and writes on ${called(added.table)} block while every row is rewritten to compute ${ident(added.column.colname)}.`,
        advice: adviceOf(statement, added, context.targetVersion),
      })),
  ),
  bad: [
    { given: orders, sql: 'ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (price * amount) STORED' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Orders" ("Price" int)',
      sql: 'ALTER TABLE shop."Orders" ADD COLUMN IF NOT EXISTS "Total" int GENERATED ALWAYS AS ("Price" + 1) STORED',
      targetVersion: 18,
    },
  ],
  good: [
    { sql: `${orders}; ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (price * amount) STORED` },
    { given: orders, sql: 'ALTER TABLE orders ADD COLUMN total int' },
    {
      given: orders,
      sql: 'ALTER TABLE orders ADD COLUMN total int GENERATED ALWAYS AS (price * amount) VIRTUAL',
      targetVersion: 18,
      embedded: true,
    },
  ],
};

function isStored({ contype, generated_kind: kind }: NewColumn['constraints'][number]): boolean {
  return contype === 'CONSTR_GENERATED' && kind !== 'v';
}

function adviceOf(statement: Observed, { table, column }: NewColumn, targetVersion: number): string {
  const is = statement.altered && columnOf(statement.altered, column.colname);
  const expression = is?.expression ?? '…';
  if (targetVersion < 18)
    return computedByTrigger(table, { name: column.colname ?? '', type: is?.type ?? '…', expression });
  return `ALTER TABLE ${sqlName(table)} ADD COLUMN ${ident(column.colname)} ${is?.type ?? '…'} GENERATED ALWAYS AS (${expression}) VIRTUAL;`;
}
