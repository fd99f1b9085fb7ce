import { classify } from '../../sql/index.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, tagOf, transactionStep } from '../../observe/parser.js';
import type { Relation } from '../../observe/relation.js';
import { called } from '../look.js';
import type { Rule } from '../rule.js';
import { settingOf } from '../setting.js';
import { isBlocking } from './held.js';
import { bare } from '../recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const noLockTimeout: Rule = {
  name: 'no-lock-timeout',
  severity: 'warning',
  title: 'A migration without a transaction waits for a table lock without a timeout.',
  why: 'While a statement waits for a table lock, every later query on the table waits too, until the longest earlier query has finished. So `run` limits statements such as ALTER TABLE with its lockTimeout, and retries them, also in a migration without a transaction. It cannot do that between a BEGIN and a COMMIT in the migration itself, for a DO block or a function, or for a statement that cannot run in a transaction, such as VACUUM FULL: these wait without a limit.',
  *check({ transactional, statements }) {
    if (transactional) return;
    const unlimited = withoutTimeout(statements);
    const [first] = unlimited;
    if (!first) return;
    const tables = [...new Set(unlimited.flatMap(lockedBy).map(called))].join(', ');
    yield {
      statement: first,
      message: `It waits for its lock on ${tables} without a limit, and later queries on the table queue up meanwhile.`,
      fix: unlimited.every(({ sql }) => isGivenTime(sql))
        ? [
            '-- Outside of BEGIN and COMMIT, run gives each statement its lockTimeout and retries it:',
            ...unlimited.map(({ sql }) => `${bare(sql)};`),
          ].join('\n')
        : ["SET lock_timeout = '2s';", ...unlimited.map(({ sql }) => `${bare(sql)};`), 'SET lock_timeout = 0;'].join(
            '\n',
          ),
    };
  },
  bad: [
    { given: users, sql: 'BEGIN; ALTER TABLE users ADD COLUMN name text; COMMIT', transaction: false },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY, total int)',
      sql: 'SET lock_timeout = \'2s\'; RESET lock_timeout; DO $$ BEGIN ALTER TABLE ONLY shop."Order" ADD "zone" text; END $$',
      transaction: false,
    },
    {
      given: users,
      sql: "BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT AND CHAIN; ALTER TABLE users ADD name text; COMMIT",
      transaction: false,
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN name text' },
    { given: users, sql: 'SET lock_timeout = 0; ALTER TABLE users ADD COLUMN name text', transaction: false },
    {
      given: users,
      sql: "SET lock_timeout = '2s'; DO 'BEGIN ALTER TABLE users ADD name text; END'",
      transaction: false,
    },
    {
      given: users,
      sql: "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE users ADD COLUMN name text; COMMIT",
      transaction: false,
    },
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT c CHECK (id > 0) NOT VALID`,
      sql: 'CREATE INDEX CONCURRENTLY i ON users (email); BEGIN; ALTER TABLE users VALIDATE CONSTRAINT c; COMMIT',
      transaction: false,
    },
    { sql: `${users}; BEGIN; ALTER TABLE users ADD COLUMN name text; COMMIT`, transaction: false },
  ],
};

/** The statements that block a table in use once they have its lock, and that wait for the lock without a limit. */
function withoutTimeout(statements: readonly Observed[]): readonly Observed[] {
  const found: Observed[] = [];
  const limited = { session: false, transaction: false };
  let isInOwn = false;
  for (const statement of statements) {
    const { tree, sql } = statement;
    const setting = settingOf(tree);
    if (setting && ['lock_timeout', 'all'].includes(setting.name))
      limited[setting.until] = setting.value !== undefined && !/^\s*0+\s*[a-z]*\s*$/.test(setting.value);
    else if (nodeOf(tree, 'DiscardStmt')) limited.session = false;
    const { begins, ends } = tree ? transactionStep(tree) : { begins: false, ends: false };
    if (ends) limited.transaction = false;
    isInOwn = begins || (isInOwn && !ends);
    const byRun = !isInOwn && statement.transaction !== undefined && isGivenTime(sql);
    // A block may set its own limit before it takes the lock.
    const isLimited = byRun || limited.session || limited.transaction || /lock_timeout/i.test(sql);
    if (!isLimited && !couldBeConcurrent(tree) && lockedBy(statement).length > 0) found.push(statement);
  }
  return found;
}

function couldBeConcurrent(tree: Observed['tree']): boolean {
  if (nodeOf(tree, 'DropStmt')?.removeType === 'OBJECT_INDEX') return true;
  return tree !== undefined && ['IndexStmt', 'ReindexStmt', 'RefreshMatViewStmt'].includes(tagOf(tree));
}

function lockedBy({ locks }: Observed): readonly Relation[] {
  return locks.filter(isBlocking).map(({ relation }) => relation);
}

/** Whether `run` limits its wait, because it can run in a transaction. */
function isGivenTime(sql: string): boolean {
  return classify(sql).some(({ locksTables }) => locksTables);
}
