import { isAtLeast } from '../../observe/relation.js';
import type { Relation } from '../../observe/relation.js';
import type { Observed } from '../../observe/observed.js';
import { called, newConstraints } from '../look.js';
import type { Rule } from '../rule.js';
import { isBlocking } from './held.js';

const both = 'CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE posts (id int PRIMARY KEY, "userId" int)';

export const severalTablesLocked: Rule = {
  name: 'several-tables-locked',
  severity: 'notice',
  title: 'One transaction locks several tables, one after the other.',
  why: 'While the transaction waits for the second table, queries on the first one wait too. An app that writes to the same tables in another order can deadlock with it, and one of the two fails. With one transaction per table, each lock is brief. `run` gives up after its lockTimeout and retries, so the wait is limited.',
  *check({ statements }) {
    const transactions = new Map<number, Map<number, Relation>>();
    const found = new Map<number, Observed>();
    for (const statement of statements) {
      const { transaction } = statement;
      if (transaction === undefined) continue;
      const known = transactions.get(transaction) ?? new Map<number, Relation>();
      const more = lockedBy(statement).filter(({ oid }) => !known.has(oid));
      if (known.size > 0 && more.length > 0 && !found.has(transaction)) found.set(transaction, statement);
      transactions.set(transaction, new Map([...known, ...more.map((relation) => [relation.oid, relation] as const)]));
    }
    for (const [transaction, statement] of found) {
      const tables = [...(transactions.get(transaction)?.values() ?? [])].map(called);
      yield {
        statement,
        message: `The transaction locks ${listed(tables)} one after the other, and holds all of these locks until it ends.`,
        advice: '-- Write one migration for each table.',
      };
    }
  },
  bad: [
    { given: both, sql: 'ALTER TABLE users ADD COLUMN name text; ALTER TABLE posts ADD COLUMN title text' },
    {
      given: `${both}; CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY)`,
      sql: 'DO $$ BEGIN ALTER TABLE shop."Order" ADD COLUMN total int; END $$; ALTER TABLE ONLY posts ADD COLUMN title text',
    },
  ],
  good: [
    {
      given: both,
      sql: 'ALTER TABLE users ADD COLUMN name text; ALTER TABLE posts ADD FOREIGN KEY ("userId") REFERENCES users NOT VALID',
    },
    { given: both, sql: 'ALTER TABLE users ADD COLUMN name text; ALTER TABLE users ADD COLUMN age int' },
    { given: both, sql: ['ALTER TABLE users ADD COLUMN name text', 'ALTER TABLE posts ADD COLUMN title text'] },
    {
      given: both,
      sql: 'SET lock_timeout = 1000; ALTER TABLE users ADD COLUMN name text; ALTER TABLE posts ADD COLUMN title text',
      transaction: false,
    },
    {
      given: both,
      sql: 'CREATE TABLE tags (id int PRIMARY KEY, "postId" int REFERENCES posts, "userId" int REFERENCES users)',
    },
  ],
};

const inWords = new Intl.ListFormat('en-GB');

/** At most five names: a longer list says no more. */
function listed(tables: readonly string[]): string {
  const names = tables.length > 5 ? [...tables.slice(0, 4), `${tables.length - 4} other tables`] : tables;
  return inWords.format(names);
}

/** Foreign keys, which lock two tables at once, have a rule of their own. */
function lockedBy(statement: Observed): readonly Relation[] {
  if (newConstraints(statement, 'CONSTR_FOREIGN').length > 0) return [];
  return statement.locks
    .filter((lock) => isBlocking(lock) && isAtLeast(lock.mode, 'SHARE ROW EXCLUSIVE'))
    .map(({ relation }) => relation)
    .filter(({ kind }) => kind === 'table' || kind === 'partitioned table');
}
