import type { ReindexStmt } from 'nest-migrate-dev/libpg-query';
import { nodeOf } from '../../observe/parser.js';
import { called } from '../look.js';
import { outsideTransaction } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isConcurrent } from './concurrent.js';
import { classify } from '../../sql/index.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX "Email" ON users (email)';

export const reindexBlocking: Rule = {
  name: 'reindex-blocking',
  severity: 'error',
  title: 'REINDEX without CONCURRENTLY blocks writes, and most reads.',
  why: 'REINDEX blocks writes to the table, and reads of each index, until the index is rebuilt. Since planning a SELECT examines all indexes of its tables, reads wait too. REINDEX … CONCURRENTLY (since PostgreSQL 12) blocks no reads or writes, and must run outside a transaction.',
  check: eachStatement((statement) => {
    const reindex = nodeOf(statement.tree, 'ReindexStmt');
    const built = statement.builds.filter(({ isNew, schema }) => !isNew && schema !== 'pg_toast');
    if (!reindex || built.length === 0 || isConcurrent(statement.tree)) return;
    return [
      {
        message: `Writes, and most reads, wait until ${built.map(called).join(', ')} ${built.length === 1 ? 'is' : 'are'} rebuilt.`,
        fix: `${outsideTransaction}\n${concurrently(statement.sql, reindex)};`,
      },
    ];
  }),
  bad: [
    { given: users, sql: 'REINDEX INDEX "Email"' },
    { given: users, sql: 'REINDEX (VERBOSE) TABLE public.users' },
    { given: users, sql: 'REINDEX SCHEMA public', transaction: false },
  ],
  good: [
    { given: users, sql: 'REINDEX INDEX CONCURRENTLY "Email"', transaction: false },
    { given: users, sql: 'REINDEX (CONCURRENTLY) TABLE users', transaction: false },
    { sql: `${users}; REINDEX TABLE users` },
  ],
};

function concurrently(sql: string, { kind }: ReindexStmt): string {
  const word = (kind ?? '').replace('REINDEX_OBJECT_', '');
  const [head = '', ...object] = classify(sql)[0]?.splitAt(word) ?? [];
  return `${head} ${word} CONCURRENTLY ${object.join(` ${word} `)}`;
}
