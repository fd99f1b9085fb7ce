import type { RenameStmt } from 'nest-migrate-dev/libpg-query';
import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { called, factsOf, ident, sqlName, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';
const renamed: ReadonlySet<RenameStmt['renameType']> = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW']);

export const renameTable: Rule = {
  name: 'rename-table',
  severity: 'error',
  title: 'A table is renamed while the old version of the app still uses the old name.',
  why: 'From the commit on, each query of the old version of the app fails. A view with the old name, created in the same transaction, keeps these queries working: PostgreSQL passes reads and writes on to the table. A new, empty table with the old name does not help. Drop the view in a contract migration. Alternatively, keep the name of the table in the entity: @Entity("old_name").',
  check: eachStatement((statement, { phase, statements }) => {
    const rename = nodeOf(statement.tree, 'RenameStmt');
    const table = rename && renamed.has(rename.renameType) ? tableInUse(statement, rename.relation) : undefined;
    // ALTER TABLE can also rename an index.
    if (!table || !rename || table.name !== rename.relation?.relname || phase === 'contract') return;
    if (isTakenOver(table, statement, statements) || takesPlace(rename, statement, statements)) return;
    const now = { schema: table.schema, name: rename.newname ?? '' };
    return [
      {
        message: `The old version of the app no longer finds the rows of ${called(table)}.`,
        advice: [
          '-- In the same transaction; drop the view in a contract migration:',
          `ALTER TABLE ${sqlName(table)} RENAME TO ${ident(now.name)};`,
          `CREATE VIEW ${sqlName(table)} AS SELECT * FROM ${sqlName(now)};`,
        ].join('\n'),
      },
    ];
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users RENAME TO people' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY)',
      sql: 'ALTER TABLE IF EXISTS shop."Order" RENAME TO "Purchase"',
    },
    {
      given: `${users}; CREATE VIEW "Emails" AS SELECT email FROM users`,
      sql: 'ALTER VIEW "Emails" RENAME TO addresses',
    },
    {
      given: users,
      sql: 'CREATE TABLE users_new (LIKE users INCLUDING ALL); ALTER TABLE users RENAME TO users_old; ALTER TABLE users_new RENAME TO users',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people' },
    { given: users, sql: 'ALTER TABLE users RENAME TO people', phase: 'contract' },
    { sql: `${users}; ALTER TABLE users RENAME TO people` },
    {
      given: `${users}; CREATE TABLE users_new (LIKE users INCLUDING ALL)`,
      sql: 'ALTER TABLE users RENAME TO users_old; ALTER TABLE users_new RENAME TO users',
    },
    { given: users, sql: 'ALTER TABLE users_pkey RENAME TO users_key' },
    { sql: 'ALTER TABLE IF EXISTS users RENAME TO people' },
  ],
};

/** Whether a view, or a table that is not new and empty, takes the old name. */
function isTakenOver(
  { schema, name }: { readonly schema: string; readonly name: string },
  statement: Observed,
  statements: readonly Observed[],
): boolean {
  return statements.slice(statements.indexOf(statement) + 1).some((later) => {
    const { tree } = later;
    if (later.transaction !== statement.transaction) return false;
    const view = nodeOf(tree, 'ViewStmt')?.view;
    if (view) return view.relname === name && (view.schemaname ?? schema) === schema;
    const rename = nodeOf(tree, 'RenameStmt');
    if (!rename || !renamed.has(rename.renameType) || rename.newname !== name) return false;
    const other = factsOf(later, rename.relation);
    return !other?.isNew || other.kind !== 'table' || isFilled(other.name, statements);
  });
}

/** Whether the name was freed by a rename just before, so that two tables are swapped. */
function takesPlace({ newname }: RenameStmt, statement: Observed, statements: readonly Observed[]): boolean {
  return statements.slice(0, statements.indexOf(statement)).some(({ tree, transaction }) => {
    const rename = nodeOf(tree, 'RenameStmt');
    if (!rename || transaction !== statement.transaction || !renamed.has(rename.renameType)) return false;
    return rename.relation?.relname === newname;
  });
}

function isFilled(name: string, statements: readonly Observed[]): boolean {
  return statements.some(({ tree }) => {
    const into = nodeOf(tree, 'InsertStmt')?.relation ?? nodeOf(tree, 'CreateTableAsStmt')?.into?.rel;
    return into?.relname === name;
  });
}
