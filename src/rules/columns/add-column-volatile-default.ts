import type { Observed } from '../../observe/observed.js';
import { nodesOf, textsOf } from '../../observe/parser.js';
import { called, columnOf, ident, sqlName } from '../look.js';
import type { NewColumn } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { addedColumns } from './batch.js';
import { isRewritten } from './effects.js';
import { isAutomatic, mustHaveValue } from './added.js';
import { ownMigrations, setNotNull } from '../recipes.js';
import { fillInBatches } from './recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const addColumnVolatileDefault: Rule = {
  name: 'add-column-volatile-default',
  severity: 'error',
  title: 'Adding a column with a volatile default rewrites the table.',
  why: 'A default that is a constant, now() or another STABLE function is computed once, and no row is rewritten (since PostgreSQL 11). A volatile one (gen_random_uuid(), random(), clock_timestamp(), nextval()) is computed for each row: the table and all its indexes are rewritten under ACCESS EXCLUSIVE, while reads and writes block.',
  check: eachStatement((statement, _migration, context) =>
    addedColumns(statement, context)
      .filter((added) => isRewritten(statement, added.table) && isVolatile(statement, added))
      .map(({ table, column, constraints }) => ({
        message: `Reads and writes on ${called(table)} block while every row is rewritten to get a value for ${ident(column.colname)}.`,
        fix: fixOf(statement, { table, column, constraints }, context.targetVersion),
      })),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" (id int)',
      sql: 'ALTER TABLE ONLY app."User" ADD COLUMN IF NOT EXISTS "seenAt" timestamptz DEFAULT clock_timestamp()',
    },
  ],
  good: [
    {
      given: users,
      sql: `ALTER TABLE users ADD COLUMN at timestamptz NOT NULL DEFAULT now(), ADD COLUMN n int DEFAULT 5`,
    },
    {
      given: users,
      sql: 'ALTER TABLE users ADD COLUMN token uuid; ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid()',
    },
    { sql: `${users}; ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()` },
  ],
};

const sameForAllRows = new Set(['now', 'transaction_timestamp', 'statement_timestamp', 'timezone', 'current_setting']);

function isVolatile(statement: Observed, { table, column, constraints }: NewColumn): boolean {
  if (isAutomatic(column, constraints)) return false;
  // The constraint of a domain is evaluated for each row, whatever the default is.
  if (statement.altered && columnOf(statement.altered, column.colname)?.domain?.checked) return false;
  const calls = constraints
    .filter(({ contype }) => contype === 'CONSTR_DEFAULT')
    .flatMap(({ raw_expr: expression }) => [...nodesOf(expression, 'FuncCall')]);
  return (
    !columnOf(table, column.colname) &&
    calls.some(({ funcname }) => !sameForAllRows.has(textsOf(funcname).at(-1) ?? ''))
  );
}

function fixOf(statement: Observed, added: NewColumn, targetVersion: number): string {
  const { table, column } = added;
  const is = statement.altered && columnOf(statement.altered, column.colname);
  const name = ident(column.colname);
  const alter = `ALTER TABLE ${sqlName(table)}`;
  const value = is?.default ?? '…';
  return [
    ownMigrations,
    `${alter} ADD COLUMN ${name} ${is?.type ?? '…'};\n${alter} ALTER COLUMN ${name} SET DEFAULT ${value};`,
    fillInBatches(table, name, value, { rounds: 'until none is left' }),
    ...(mustHaveValue(added.constraints) ? setNotNull(table, column.colname ?? '', targetVersion) : []),
  ].join('\n');
}
