import type { VariableSetStmt } from 'nest-migrate-dev/libpg-query';
import { nodeOf } from '../../observe/parser.js';
import type { Problem, Rule } from '../rule.js';
import { isConcurrent } from './concurrent.js';
import { bare } from '../recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX "Email" ON users (email)';

export const concurrentlyWithLockTimeout: Rule = {
  name: 'concurrently-with-lock-timeout',
  severity: 'warning',
  title: 'A timeout can cancel a concurrent build and leave an invalid index.',
  why: 'CONCURRENTLY waits for open transactions, which blocks no other session but takes time. lock_timeout limits that wait, and statement_timeout limits the whole statement: if either is set, the build can fail with 55P03 or 57014 and leave an invalid index, which slows down every write and serves no query.',
  *check({ statements }) {
    const timeouts = new Map<string, string>();
    for (const statement of statements) {
      const set = nodeOf(statement.tree, 'VariableSetStmt');
      if (set) follow(set, timeouts);
      if (nodeOf(statement.tree, 'DiscardStmt')) timeouts.clear();
      if (timeouts.size > 0 && isConcurrent(statement.tree) && statement.error === undefined)
        yield { statement, ...problemWith(timeouts, statement.sql) };
    }
  },
  bad: [
    {
      given: users,
      sql: "SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON users (lower(email))",
      transaction: false,
    },
    {
      given: users,
      sql: 'SET SESSION statement_timeout TO 60000; SET lock_timeout = 0; DROP INDEX CONCURRENTLY public."Email"',
      transaction: false,
    },
  ],
  good: [
    {
      given: users,
      sql: "SET lock_timeout = '2s'; RESET lock_timeout; SET statement_timeout = '0s'; REINDEX TABLE CONCURRENTLY users",
      transaction: false,
    },
    { given: users, sql: 'SET work_mem = \'64MB\'; REINDEX INDEX CONCURRENTLY "Email"', transaction: false },
    { given: users, sql: ["SET lock_timeout = '2s'", 'SELECT 1'], transaction: false },
  ],
};

function follow({ kind, name = '', args, is_local: isLocal }: VariableSetStmt, timeouts: Map<string, string>): void {
  if (kind === 'VAR_RESET_ALL') return timeouts.clear();
  // SET LOCAL has no effect outside of a transaction.
  if (isLocal || (name !== 'lock_timeout' && name !== 'statement_timeout')) return;
  const constant = nodeOf(args?.[0], 'A_Const');
  const value = constant?.sval?.sval ?? String(constant?.ival?.ival ?? 0);
  if (kind === 'VAR_SET_VALUE' && !/^\s*0+\s*[a-z]*\s*$/.test(value)) timeouts.set(name, value);
  else timeouts.delete(name);
}

function problemWith(timeouts: ReadonlyMap<string, string>, sql: string): Omit<Problem, 'statement'> {
  const names = [...timeouts.keys()];
  return {
    message: `${[...timeouts].map(([name, value]) => `${name} (${value})`).join(' and ')} can cancel it, which leaves an invalid index.`,
    fix: `${names.map((name) => `SET ${name} = 0;`).join('\n')}\n${bare(sql)};`,
  };
}
