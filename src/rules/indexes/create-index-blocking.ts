import { nodeOf } from '../../observe/parser.js';
import { called, tableInUse, whoWaits } from '../look.js';
import { asConcurrent, buildConcurrently } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const createIndexBlocking: Rule = {
  name: 'create-index-blocking',
  severity: 'error',
  title: 'CREATE INDEX without CONCURRENTLY blocks writes.',
  why: 'CREATE INDEX holds a SHARE lock on the table until the index is built, which takes seconds to hours on a large table: every INSERT, UPDATE and DELETE waits meanwhile. CREATE INDEX CONCURRENTLY blocks no reads or writes, but must run outside a transaction, and leaves an invalid index if it fails. Either way, a unique index fails on existing duplicate values.',
  check: eachStatement((statement) => {
    const create = nodeOf(statement.tree, 'IndexStmt');
    const table = tableInUse(statement, create?.relation);
    const index = statement.builds.find((built) => built.table === table?.oid);
    if (!create || !table || !index || create.concurrent || table.kind !== 'table') return;
    const waiting = whoWaits(statement, table.oid) === 'reads and writes' ? 'read of, and every write to,' : 'write to';
    const mayFail = create.unique ? ' Fails if the columns contain duplicate values.' : '';
    return [
      {
        message: `Every ${waiting} ${called(table)} waits until the index ${index.name} is built.${mayFail}`,
        fix: buildConcurrently(index, asConcurrent(statement.sql, index.name)),
      },
    ];
  }),
  bad: [
    { given: users, sql: 'CREATE INDEX i ON users (email)' },
    { given: users, sql: 'CREATE UNIQUE INDEX IF NOT EXISTS i ON ONLY users (email)' },
    { given: users, sql: 'CREATE INDEX ON users (lower(email)) WHERE id > 0' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop."Orders" (id int PRIMARY KEY, "placedAt" date)',
      sql: '-- create index\nCREATE INDEX "Orders by day" ON shop."Orders" ("placedAt");',
    },
  ],
  good: [
    { given: users, sql: 'CREATE INDEX CONCURRENTLY i ON users (email)', transaction: false },
    { sql: `${users}; CREATE INDEX i ON users (email)` },
    { given: `${users}; CREATE INDEX i ON users (email)`, sql: 'CREATE INDEX IF NOT EXISTS i ON users (email)' },
    {
      given: `${users}; CREATE MATERIALIZED VIEW emails AS SELECT email FROM users`,
      sql: 'CREATE UNIQUE INDEX i ON emails (email)',
    },
  ],
};
