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
  why: 'A lockTimeout would leave an invalid index where CONCURRENTLY has to wait, so `run` sets none for migrations without a transaction. A plain ALTER TABLE in such a migration waits for as long as the longest query on its table, and every later query on the table waits for it. In a migration with a transaction, `run` gives up after its lockTimeout and retries. Statements that block neither reads nor writes (CONCURRENTLY, VALIDATE) are fine here; other rules report statements that could be CONCURRENTLY and are not.',
  *check({ transactional, statements }) {
    if (transactional) return;
    const unlimited = withoutTimeout(statements);
    const [first] = unlimited;
    if (!first) return;
    const tables = [...new Set(unlimited.flatMap(lockedBy).map(called))].join(', ');
    yield {
      statement: first,
      message: `It waits for its lock on ${tables} without a limit, and later queries on the table queue up meanwhile.`,
      fix: [
        '-- In a migration of its own, with a transaction: there run sets a lockTimeout and retries. Or here:',
        "SET lock_timeout = '2s';",
        ...unlimited.map(({ sql }) => `${bare(sql)};`),
        'SET lock_timeout = 0;',
      ].join('\n'),
    };
  },
  bad: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN IF NOT EXISTS name text', transaction: false },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY, total int)',
      sql: 'CREATE INDEX CONCURRENTLY i ON shop."Order" (total); SET lock_timeout = \'2s\'; RESET lock_timeout; ALTER TABLE ONLY shop."Order" ADD "zone" text',
      transaction: false,
    },
    {
      given: users,
      sql: "BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT; ALTER TABLE users ADD name text",
      transaction: false,
    },
  ],
  good: [
    { given: users, sql: 'ALTER TABLE users ADD COLUMN name text' },
    { given: users, sql: "SET lock_timeout = '2s'; ALTER TABLE users ADD COLUMN name text", transaction: false },
    {
      given: users,
      sql: "BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE users ADD COLUMN name text; COMMIT",
      transaction: false,
    },
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT c CHECK (id > 0) NOT VALID`,
      sql: 'CREATE INDEX CONCURRENTLY i ON users (email); ALTER TABLE users VALIDATE CONSTRAINT c',
      transaction: false,
    },
    { sql: `${users}; ALTER TABLE users ADD COLUMN name text`, transaction: false },
  ],
};

/** The statements that block a table in use once they have its lock, and whose wait for that lock has no limit. */
function withoutTimeout(statements: readonly Observed[]): readonly Observed[] {
  const found: Observed[] = [];
  const limited = { session: false, transaction: false };
  for (const statement of statements) {
    const { tree, sql } = statement;
    const setting = settingOf(tree);
    if (setting && ['lock_timeout', 'all'].includes(setting.name))
      limited[setting.until] = setting.value !== undefined && !/^\s*0+\s*[a-z]*\s*$/.test(setting.value);
    else if (nodeOf(tree, 'DiscardStmt')) limited.session = false;
    if (tree && nodeOf(tree, 'TransactionStmt') && transactionStep(tree).ends) limited.transaction = false;
    // A block may limit it by itself, before it tries.
    const isLimited = limited.session || limited.transaction || /lock_timeout/i.test(sql);
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
