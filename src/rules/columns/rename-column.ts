import type { Observed } from '../../observe/observed.js';
import { called, columnOf, ident, newColumns } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule, RuleContext } from '../rule.js';
import { after, before, isNewColumn, renamingsOf, renamings } from './batch.js';
import type { Renaming } from './batch.js';
import { pathOf } from './recipes.js';
import { bothNames } from './renamed.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, name text, name__new text)';

export const renameColumn: Rule = {
  name: 'rename-column',
  severity: 'error',
  title: 'A column is renamed while the old version of the app still uses its name.',
  why: 'RENAME COLUMN takes effect immediately, and from then on every query of the old version fails: TypeORM names all columns of an entity in each query. During a rollout both versions run. TypeORM also guesses at renames: it writes RENAME COLUMN when an entity loses one column and gains another of the same type, although the two may be unrelated, and the new column then keeps the wrong data. Columns that swap names in one migration are not reported.',
  check: eachStatement((statement, migration, context) => {
    if (migration.phase === 'contract') return [];
    return renamingsOf(statement)
      .filter((renaming) => !isKept(renaming, statement, migration, context))
      .map((renaming) => ({
        message: `The old version of the app fails as soon as ${called(renaming.table)}.${renaming.from} is renamed to ${ident(renaming.to)}.`,
        fix: fixFor(renaming, statement, context),
      }));
  }),
  bad: [
    { given: users, sql: 'ALTER TABLE users RENAME COLUMN name TO "fullName"' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Name" text)',
      sql: 'ALTER TABLE IF EXISTS app."User" RENAME "Name" TO name',
    },
    { given: users, sql: 'DO $$ BEGIN ALTER TABLE users RENAME COLUMN name TO "fullName"; END $$' },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users RENAME COLUMN name TO "fullName"', phase: 'contract' },
    {
      given: users,
      sql: 'ALTER TABLE users RENAME COLUMN name TO name__old; ALTER TABLE users RENAME COLUMN name__new TO name',
    },
    { sql: `${users}; ALTER TABLE users RENAME COLUMN name TO "fullName"` },
    { given: users, sql: 'ALTER TABLE users ADD a int; ALTER TABLE users RENAME a TO b' },
    {
      given: users,
      sql: 'DO $$ BEGIN ALTER TABLE users RENAME name TO name__old; ALTER TABLE users RENAME name__new TO name; END $$',
    },
  ],
};

/** Never suggests the DROP COLUMN alone, which would lose the data if pasted. */
function fixFor({ table, from, to }: Renaming, { tables }: Observed, { targetVersion }: RuleContext): string {
  const facts = [...tables.values()].find(({ oid }) => oid === table.oid);
  const column = facts && columnOf(facts, from);
  const recipe = facts && column && bothNames(facts, column, to, targetVersion);
  return [
    `-- Keep the name in the database: @Column({ name: '${from.replaceAll("'", "\\'")}' }) in the entity. Or keep both columns until the`,
    `-- old version of the app is gone, as "nest-migrate generate --rename ${pathOf(table, from)}=${to}" writes it.`,
    ...(recipe === undefined ? [] : [recipe]),
  ].join('\n');
}

/** Whether the name is not in use yet, or another column has it at the end of the migration. */
function isKept(
  { table, from, to }: Renaming,
  statement: Observed,
  migration: JudgedMigration,
  context: RuleContext,
): boolean {
  const rest = after(statement, migration);
  return (
    isNewColumn(table, from, statement, context) ||
    renamings(rest, table).some((other) => other.to === from) ||
    rest.some((other) => newColumns(other).some((one) => one.table.oid === table.oid && one.column.colname === from)) ||
    renamings(before(statement, migration), table).some((other) => other.from === to)
  );
}
