import { nodeOf, tagOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import { alterations, called, newConstraints } from '../look.js';
import { eachStatement } from '../rule.js';
import type { JudgedMigration, Rule } from '../rule.js';
import { blockingHeld, isChangeOfRows, readsAllOf, waiting } from './held.js';
import { bare } from '../recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';
const posts =
  'CREATE TABLE posts (id int PRIMARY KEY, "authorId" int); ALTER TABLE posts ADD CONSTRAINT c CHECK (id > 0) NOT VALID';

export const workWhileHoldingLock: Rule = {
  name: 'work-while-holding-lock',
  severity: 'error',
  title: 'A long operation runs while an earlier statement of the transaction blocks a table.',
  why: 'A lock is held until the transaction ends, not only until its statement ends. A query, VALIDATE CONSTRAINT or the filling of a materialized view does not block by itself, but after an ALTER TABLE in the same transaction, all queries on the altered table wait for it. Move it to a migration of its own. This is an error if the statement scans the locked table itself, and a warning if it scans another one. For changed rows, see rows-changed-while-holding-lock; statements that lock the table they scan have rules of their own.',
  check: eachStatement((statement, migration) => {
    const held = blockingHeld(statement, migration);
    const read = readsAllOf(statement);
    if (held.length === 0 || read.length === 0 || !isHarmlessAlone(statement, migration)) return;
    const locked = new Set(held.map(({ relation }) => relation.oid));
    return [
      {
        severity: read.some(({ oid }) => locked.has(oid)) ? 'error' : 'warning',
        message: `It scans all of ${read.map(called).join(', ')}, and ${waiting(held)}.`,
        fix: `-- In a migration of its own:\n${bare(statement.sql)};`,
      },
    ];
  }),
  bad: [
    {
      given: `${users}; ${posts}`,
      sql: 'ALTER TABLE users ADD COLUMN name text; ALTER TABLE posts VALIDATE CONSTRAINT c',
    },
    {
      given: users,
      sql: 'ALTER TABLE ONLY public.users ADD COLUMN name text; CREATE MATERIALIZED VIEW "Emails" AS SELECT email FROM users',
    },
    {
      given: `CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY); ${users}`,
      sql: 'ALTER TABLE shop."Order" ADD COLUMN total int; SELECT count(*) FROM users',
    },
    {
      given: users,
      sql: 'ALTER TABLE users ADD COLUMN name text; DO $$ BEGIN PERFORM count(*) FROM users; END $$',
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN name text; ALTER TABLE users ADD COLUMN age int' },
    { given: users, sql: ['ALTER TABLE users ADD COLUMN name text', 'SELECT count(*) FROM users'] },
    {
      given: users,
      sql: 'ALTER TABLE users ADD COLUMN name text; CREATE MATERIALIZED VIEW emails AS SELECT email FROM users WITH NO DATA',
    },
    { given: users, sql: 'CREATE TABLE tags (id int PRIMARY KEY); SELECT count(*) FROM users' },
    { given: `${users}; ${posts}`, sql: 'DROP TABLE posts; SELECT count(*) FROM users', phase: 'contract' },
  ],
};

/** Other rules report statements that lock the table they read. */
function isHarmlessAlone(statement: Observed, migration: JudgedMigration): boolean {
  const { tree } = statement;
  if (tree === undefined || isChangeOfRows(statement)) return false;
  if (nodeOf(tree, 'RefreshMatViewStmt')?.concurrent) return true;
  if (['SelectStmt', 'CreateTableAsStmt', 'DoStmt', 'CallStmt', 'CopyStmt', 'ExecuteStmt'].includes(tagOf(tree)))
    return true;
  const commands = alterations(statement);
  return (
    commands.length > 0 &&
    commands.every(
      ({ command }) => command.subtype === 'AT_ValidateConstraint' && !isAddedHere(command.name, statement, migration),
    )
  );
}

/** The rule not-valid-then-validate-same-tx reports it then. The server has named a constraint without a name. */
function isAddedHere(name: string | undefined, { transaction }: Observed, { statements }: JudgedMigration): boolean {
  return statements.some(
    (other) =>
      other.transaction === transaction &&
      newConstraints(other).some(({ constraint }) => [name, undefined].includes(constraint.conname)),
  );
}
