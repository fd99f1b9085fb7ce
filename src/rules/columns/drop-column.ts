import type { ColumnFacts, TableFacts } from '../../observe/catalog.js';
import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { has } from './added.js';
import { isNewColumn, replacementOf } from './batch.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, name text, "fullName" text NOT NULL)';

export const dropColumn: Rule = {
  name: 'drop-column',
  severity: 'error',
  title: 'A column is dropped while the old version of the app still uses it.',
  why: 'DROP COLUMN takes effect immediately, and from then on every query of the old version that names the column fails: TypeORM names all columns of an entity in each query. During a rollout both versions run, and rolling the app back does not restore the data. So drop the column in a contract migration, which runs after the old version is gone. If the same column is added again, see orm-drop-add-column.',
  check: eachStatement((statement, migration, context) => {
    if (migration.phase === 'contract') return [];
    const hidden = statement.columnsGone
      .filter(({ table, column, now }) => now === undefined && !isNewColumn(table, column, statement, context))
      .map(({ table, column }) => ({
        message: `It drops ${called(table)}.${column} without naming it: the old version of the app fails immediately, and the data is lost.`,
        fix: `-- In a file of its own:\n-- phase: contract\nALTER TABLE ${sqlName(table)} DROP COLUMN ${ident(column)};`,
      }));
    const named = alterations(statement, 'AT_DropColumn').flatMap(({ table, command }) => {
      const was = columnOf(table, command.name);
      if (!was || isNewColumn(table, was.name, statement, context)) return [];
      const comesBack = replacementOf(table, was.name, statement, context);
      // The column is computed differently from now on, but can still be read.
      if (comesBack && (was.generated || !has(comesBack.constraints, 'CONSTR_GENERATED'))) return [];
      return [
        {
          message: comesBack
            ? `The values of ${called(table)}.${was.name} are lost: the column is computed from now on, and the old version of the app fails when it writes to it.`
            : `The old version of the app fails as soon as ${called(table)}.${was.name} is gone, and its data cannot be restored.`,
          fix: fixOf(table, was),
        },
      ];
    });
    return [...named, ...hidden];
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users DROP COLUMN name' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" (id int, "fullName" text NOT NULL)',
      sql: 'ALTER TABLE ONLY app."User" DROP COLUMN IF EXISTS "fullName", ADD COLUMN x int',
    },
    { given: users, sql: 'DO $$ BEGIN ALTER TABLE users DROP COLUMN IF EXISTS name; END $$' },
    { given: users, sql: 'DO $$ BEGIN ALTER TABLE users DROP name; COMMIT; END $$', transaction: false },
    {
      given: `${users}; CREATE FUNCTION tidy() RETURNS void LANGUAGE sql AS 'ALTER TABLE users DROP COLUMN name'`,
      sql: 'SELECT tidy()',
      transaction: false,
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users DROP COLUMN name', phase: 'contract' },
    { given: users, sql: 'ALTER TABLE users DROP COLUMN IF EXISTS nickname' },
    { sql: `${users}; ALTER TABLE users DROP COLUMN name` },
    { given: users, sql: 'ALTER TABLE users ADD tmp int; ALTER TABLE users DROP COLUMN tmp' },
    { given: users, sql: 'DO $$ BEGIN ALTER TABLE users DROP COLUMN IF EXISTS nickname, ADD age int; END $$' },
    { given: users, sql: 'DO $$ BEGIN ALTER TABLE users DROP COLUMN name; END $$', phase: 'contract' },
    { given: users, sql: 'ALTER TABLE users ADD tmp int; DO $$ BEGIN ALTER TABLE users DROP tmp; END $$' },
  ],
};

function fixOf(table: TableFacts, { name, notNull, default: fallback, identity, generated }: ColumnFacts): string {
  const alter = `ALTER TABLE ${sqlName(table)}`;
  const mustBeWritten = notNull && fallback === null && !identity && !generated;
  const isInKey = table.constraints.some(({ type, columns }) => type === 'primary key' && columns.includes(name));
  const expand = `-- In this migration, so that the new version does not have to write it:\n${alter} ALTER COLUMN ${ident(name)} DROP NOT NULL;\n`;
  return `${mustBeWritten && !isInKey ? expand : ''}-- In a file of its own:\n-- phase: contract\n${alter} DROP COLUMN ${ident(name)};`;
}
