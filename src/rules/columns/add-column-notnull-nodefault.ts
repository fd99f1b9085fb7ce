import type { Observed } from '../../observe/observed.js';
import { called, columnOf, ident, sqlName } from '../look.js';
import type { NewColumn } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { failsOnRows } from './added.js';
import { addedColumns } from './batch.js';
import { setNotNull } from '../recipes.js';
import { fillInBatches, pathOf } from './recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const addColumnNotnullNodefault: Rule = {
  name: 'add-column-notnull-nodefault',
  severity: 'error',
  title: 'Adding a NOT NULL column without a default fails if the table has rows.',
  why: 'Existing rows would have no value, so PostgreSQL rejects the statement (error 23502), although it succeeds on an empty database. Even if the table is empty, the old version of the app, which does not know the column, can no longer insert rows. Since PostgreSQL 11, adding a constant default does not rewrite the rows. For a column that is dropped and added again, see orm-drop-add-column.',
  check: eachStatement((statement, _migration, context) =>
    addedColumns(statement, context)
      .filter(({ column, constraints }) => failsOnRows(column, constraints))
      .map((added) => ({
        message: `Fails if ${called(added.table)} has rows. Even if it has none, the old version of the app can no longer insert: ${ident(added.column.colname)} must have a value.`,
        advice: adviceOf(statement, added, context.targetVersion),
      })),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD "country" character varying NOT NULL' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Id" int)',
      sql: 'ALTER TABLE app."User" ADD COLUMN "Age" int DEFAULT NULL NOT NULL, ADD COLUMN b int',
    },
  ],
  good: [
    { given: users, sql: `ALTER TABLE users ADD country text NOT NULL DEFAULT 'DE'` },
    { given: users, sql: 'ALTER TABLE users ADD country text' },
    { sql: `${users}; ALTER TABLE users ADD country text NOT NULL` },
    {
      given: 'CREATE TABLE users (country text NOT NULL)',
      sql: 'ALTER TABLE users ADD COLUMN IF NOT EXISTS country text NOT NULL',
    },
  ],
};

function adviceOf(statement: Observed, { table, column }: NewColumn, targetVersion: number): string {
  const type = (statement.altered && columnOf(statement.altered, column.colname)?.type) ?? '…';
  const name = ident(column.colname);
  const add = `ALTER TABLE ${sqlName(table)} ADD COLUMN ${name} ${type}`;
  return [
    '-- If one value suits all existing rows (replace <value> with it; nothing is rewritten):',
    `${add} NOT NULL DEFAULT <value>;`,
    `-- Otherwise, each step in a migration of its own (nest-migrate generate --backfill '${pathOf(table, column.colname ?? '')}=<expression>' writes them):`,
    `${add};`,
    fillInBatches(table, name, '<expression>', { rounds: 'until none is left' }),
    ...setNotNull(table, column.colname ?? '', targetVersion),
  ].join('\n');
}
