import { codeOf, messageOf } from '../../errors.js';
import type { Tree } from '../../observe/parser.js';
import { nodeOf } from '../../observe/parser.js';
import { bare, outsideTransaction } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text); CREATE INDEX "Email" ON users (email)';

export const concurrentlyInTransaction: Rule = {
  name: 'concurrently-in-transaction',
  severity: 'error',
  title: 'A statement that cannot run in a transaction is inside one.',
  why: 'CREATE INDEX, DROP INDEX, REINDEX and DETACH PARTITION with CONCURRENTLY use several transactions of their own, and so does VACUUM: the server refuses them within a transaction, a function or a DO block (25001). A migration runs in a transaction unless it opts out.',
  explains: ['25001'],
  check: eachStatement((statement, { transactional }) => {
    const { error, tree, sql } = statement;
    // For SET TRANSACTION, the same error code has another meaning.
    if (codeOf(error) !== '25001' || nodeOf(tree, 'VariableSetStmt') || nodeOf(tree, 'TransactionStmt')) return;
    const hidden = isHidden(tree);
    return [
      {
        message: `The server refuses this statement: ${messageOf(error)}.`,
        fix: hidden ? undefined : `${transactional ? outsideTransaction : '-- After the COMMIT:'}\n${bare(sql)};`,
      },
    ];
  }),
  bad: [
    { given: users, sql: 'CREATE INDEX CONCURRENTLY i ON users (lower(email))', fails: true },
    { given: users, sql: 'DROP INDEX CONCURRENTLY public."Email"', fails: true },
    { sql: `${users}; REINDEX TABLE CONCURRENTLY users`, fails: true },
    { given: users, sql: 'VACUUM users', fails: true },
    {
      given: users,
      sql: 'DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON users (id, email); END $$',
      transaction: false,
      fails: true,
    },
    {
      given: users,
      sql: 'BEGIN; CREATE INDEX CONCURRENTLY i ON users (id, email); COMMIT',
      transaction: false,
      fails: true,
    },
  ],
  good: [
    { given: users, sql: 'CREATE INDEX CONCURRENTLY i ON users (lower(email))', transaction: false },
    { given: users, sql: 'BEGIN; COMMIT; DROP INDEX CONCURRENTLY "Email"; VACUUM users', transaction: false },
  ],
};

function isHidden(tree: Tree | undefined): boolean {
  return (nodeOf(tree, 'DoStmt') ?? nodeOf(tree, 'SelectStmt') ?? nodeOf(tree, 'CallStmt')) !== undefined;
}
