import type { ColumnFacts, TableFacts } from '../../observe/catalog.js';
import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isNewColumn, replacementOf } from './batch.js';
import type { Replacement } from './batch.js';
import { has, isAutomatic } from './added.js';
import { conversion } from './types.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, name varchar(50), age text)';

export const ormDropAddColumn: Rule = {
  name: 'orm-drop-add-column',
  severity: 'error',
  title: 'A column that is dropped and added again loses its data.',
  why: 'When the type or the length of a column changes in an entity, TypeORM writes DROP COLUMN and ADD: the new column has the old name but none of the values, and no revert restores them. ALTER COLUMN … TYPE keeps them; a longer varchar takes no time. A generated column that is dropped and added again as a generated column is recomputed and loses nothing.',
  check: eachStatement((statement, _migration, context) =>
    alterations(statement, 'AT_DropColumn').flatMap(({ table, command }) => {
      const was = columnOf(table, command.name);
      if (!was || isNewColumn(table, was.name, statement, context)) return [];
      const comesBack = replacementOf(table, was.name, statement, context);
      // Its values are computed from other columns, so nothing is lost.
      if (!comesBack || has(comesBack.constraints, 'CONSTR_GENERATED')) return [];
      const is = typeOf(comesBack);
      const types = is === was.type ? `Its type stays ${is}.` : `Its type changes from ${was.type} to ${is}.`;
      return [
        {
          message: `All values of ${called(table)}.${was.name} are lost: the column is dropped and added again, empty. ${types}`,
          advice: adviceOf(table, was, comesBack, is),
        },
      ];
    }),
  ),
  bad: [
    {
      given: users,
      sql: 'ALTER TABLE "users" DROP COLUMN "name"; ALTER TABLE "users" ADD "name" character varying(100)',
    },
    { given: users, sql: 'ALTER TABLE public.users DROP COLUMN IF EXISTS age, ADD COLUMN age int NOT NULL DEFAULT 0' },
    { given: users, sql: ['ALTER TABLE users DROP COLUMN age', 'ALTER TABLE users ADD COLUMN age int NOT NULL'] },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN name TYPE character varying(100)' },
    { sql: `${users}; ALTER TABLE users DROP COLUMN name; ALTER TABLE users ADD name varchar(100)` },
    {
      given: users,
      sql: 'ALTER TABLE users ADD COLUMN tmp int; ALTER TABLE users DROP COLUMN tmp; ALTER TABLE users ADD COLUMN tmp text',
    },
  ],
};

function typeOf({ statement, column }: Replacement): string {
  return (statement.altered && columnOf(statement.altered, column.colname)?.type) ?? 'another type';
}

function adviceOf(
  table: TableFacts,
  was: ColumnFacts,
  { column, constraints }: Replacement,
  type: string,
): string | undefined {
  const name = ident(was.name);
  if (was.generated)
    return `-- Instead of both statements; the column keeps its values:\nALTER TABLE ${sqlName(table)} ALTER COLUMN ${name} DROP EXPRESSION;`;
  if (type === was.type)
    return `-- Leave both out: ${name} already has that type. Use ALTER COLUMN for any other difference.`;
  if (isAutomatic(column, constraints))
    return '-- Add the new column under another name, and drop the old one in a contract migration.';
  const using = conversion(name, was.type, type);
  const alter = `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${name} TYPE ${type}${using === undefined ? '' : ` USING ${using}`};`;
  return `-- Instead of both statements (first drop a default that does not suit the new type, and set it again afterwards):\n${alter}`;
}
