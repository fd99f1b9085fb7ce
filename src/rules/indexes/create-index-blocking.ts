import { nodeOf } from '../../observe/parser.js';
import { called, tableInUse } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

export const createIndexBlocking: Rule = {
  name: 'create-index-blocking',
  severity: 'error',
  title: 'CREATE INDEX without CONCURRENTLY stops writes.',
  why: 'CREATE INDEX holds a SHARE lock on the table until the index is built: seconds to hours on a large table, and every INSERT, UPDATE and DELETE waits. CREATE INDEX CONCURRENTLY waits for nobody, but must be outside of a transaction, and leaves an invalid index behind when it fails.',
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'IndexStmt');
    const table = tableInUse(statement, create?.relation);
    if (!create || !table || create.concurrent || table.kind === 'partitioned table') return;
    return [
      {
        message: `Every write to ${called(table)} waits until the index is built.`,
        fix: concurrently(statement.sql, create.idxname),
      },
    ];
  }),
  bad: [
    { given: 'CREATE TABLE users (id int PRIMARY KEY, email text)', sql: 'CREATE INDEX i ON users (email)' },
    { given: 'CREATE TABLE users (id int PRIMARY KEY, email text)', sql: 'CREATE UNIQUE INDEX i ON users (email)' },
  ],
  good: [
    {
      given: 'CREATE TABLE users (id int PRIMARY KEY, email text)',
      sql: 'CREATE INDEX CONCURRENTLY i ON users (email)',
      transaction: false,
    },
    { sql: 'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX i ON users (email)' },
  ],
};

function concurrently(sql: string, name: string | undefined): string {
  const statement = sql.replace(/\bINDEX\s+(?:IF\s+NOT\s+EXISTS\s+)?/i, 'INDEX CONCURRENTLY ').replace(/;\s*$/, '');
  return `-- In a migration of its own, without a transaction (transaction = false).\n-- If it fails it leaves an invalid index: DROP INDEX CONCURRENTLY IF EXISTS "${name ?? ''}" first.\n${statement};`;
}
