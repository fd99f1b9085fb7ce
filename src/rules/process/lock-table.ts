import { nodeOf } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { Lock } from '../../observe/relation.js';
import { called, isSameTransaction } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isBlocking, waiting } from './held.js';

const users = 'CREATE TABLE users (id serial PRIMARY KEY, email text)';

export const lockTable: Rule = {
  name: 'lock-table',
  severity: 'warning',
  title: 'LOCK TABLE blocks the table until the transaction ends.',
  why: 'Most statements take the locks that they need, and a lock cannot be released before the transaction ends. An explicit lock only blocks the table for longer, even during statements that do not need it. It helps only to avoid a deadlock in which another lock, such as one on a sequence, would otherwise be taken first.',
  check: eachStatement((statement, { statements }) => {
    if (!nodeOf(statement.tree, 'LockStmt')) return;
    const taken = statement.locks.filter((lock) => isBlocking(lock) && !isNeeded(lock, statement, statements));
    if (taken.length === 0) return;
    return [
      {
        message: `The next statement does not need this lock, and ${waiting(taken)}.`,
        advice: `-- Leave it out, or put it directly before the statement that needs it: ${taken.map(({ relation }) => called(relation)).join(', ')}.`,
      },
    ];
  }),
  bad: [
    { given: users, sql: 'LOCK TABLE users' },
    {
      given: `${users}; CREATE TABLE posts (id int PRIMARY KEY)`,
      sql: 'LOCK TABLE users IN SHARE MODE; ALTER TABLE posts ADD COLUMN title text',
    },
  ],
  good: [
    { given: users, sql: 'LOCK TABLE users; ALTER TABLE users ADD COLUMN name text' },
    { given: users, sql: 'LOCK TABLE users; ALTER SEQUENCE users_id_seq AS bigint' },
    { given: users, sql: 'LOCK TABLE users IN ROW EXCLUSIVE MODE' },
    { sql: `${users}; LOCK TABLE users` },
  ],
};

/** Whether the next statement of the transaction takes as strong a lock itself, or alters a sequence. */
function isNeeded({ relation, mode }: Lock, statement: Observed, statements: readonly Observed[]): boolean {
  const next = statements
    .slice(statements.indexOf(statement) + 1)
    .find((other) => isSameTransaction(other, statement) && !nodeOf(other.tree, 'LockStmt'));
  if (next === undefined) return false;
  if (nodeOf(next.tree, 'AlterSeqStmt')) return true;
  const target = nodeOf(next.tree, 'AlterTableStmt')?.relation?.relname;
  return (
    target === relation.name || next.locks.some((lock) => lock.relation.oid === relation.oid && lock.mode === mode)
  );
}
