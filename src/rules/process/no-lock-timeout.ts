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
  title: 'A migration without a transaction waits for a lock on a table without end.',
  why: 'Where CONCURRENTLY has to wait, a lockTimeout would leave an invalid index, so `run` sets none for migrations without a transaction. A plain ALTER TABLE in such a migration waits for as long as the longest query on its table, and every later query on the table waits for it. In a migration with a transaction, `run` gives up after its lockTimeout and tries again. What blocks neither reads nor writes (CONCURRENTLY, VALIDATE) belongs where it is; of what could be CONCURRENTLY and is not, other rules speak.',
  *check({ transactional, statements }) {
    if (transactional) return;
    const unlimited = withoutTimeout(statements);
    const [first] = unlimited;
    if (!first) return;
    const tables = [...new Set(unlimited.flatMap(lockedBy).map(called))].join(', ');
    yield {
      statement: first,
      message: `It waits for its lock on ${tables} without end, and who wants to use the table waits behind it.`,
      fix: [
        '-- In a migration of its own, with a transaction: there run sets a lockTimeout, and tries again. Or here:',
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

/** Those that keep others from a table in use, once they have its lock, and nothing limits how long they wait for it. */
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
