import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { called, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedInUse } from './named.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const createTableForce: Rule = {
  name: 'create-table-force',
  severity: 'error',
  title: 'A table is dropped and created again, and its rows are lost.',
  why: 'DROP TABLE and CREATE TABLE of the same name leave an empty table: every row is lost, in a contract migration too, and on an empty database this goes unnoticed. Use ALTER TABLE to change the table, or CREATE TABLE alone if it does not exist yet.',
  check: eachStatement((statement, { statements }) =>
    droppedInUse(statement, 'OBJECT_TABLE')
      .filter((table) => isMadeAgain(table, statement, statements))
      .map((table) => ({
        message: `All rows of ${called(table)} are lost: the table is dropped and created again, empty.`,
        advice: `-- Instead of DROP and CREATE, alter the table:\nALTER TABLE ${sqlName(table)} …;`,
      })),
  ),
  bad: [
    { given: users, sql: `DROP TABLE IF EXISTS users; ${users}` },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY)',
      sql: 'DROP TABLE shop."Order"; CREATE TABLE IF NOT EXISTS shop."Order" (id bigint PRIMARY KEY)',
      phase: 'contract',
    },
  ],
  good: [
    { sql: `DROP TABLE IF EXISTS users; ${users}` },
    { sql: `${users}; DROP TABLE users; ${users}` },
    { given: users, sql: 'CREATE TABLE people (id int PRIMARY KEY); DROP TABLE users', phase: 'contract' },
  ],
};

/** Whether a later statement creates a table of the same name. */
export function isMadeAgain(
  { schema, name }: { readonly schema: string; readonly name: string },
  statement: Observed,
  statements: readonly Observed[],
): boolean {
  return statements.slice(statements.indexOf(statement) + 1).some(({ tree }) => {
    const created = nodeOf(tree, 'CreateStmt')?.relation ?? nodeOf(tree, 'CreateTableAsStmt')?.into?.rel;
    return created?.relname === name && (created.schemaname ?? schema) === schema;
  });
}
