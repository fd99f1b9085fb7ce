import { nodeOf, transactionStep } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

export const commitInTransaction: Rule = {
  name: 'commit-in-transaction',
  severity: 'error',
  title: 'COMMIT or ROLLBACK ends the transaction that the migration runs in.',
  why: 'Each migration runs in a transaction together with the note that it was applied. After a COMMIT of its own, what comes next is not undone when it fails, and `run` stops, because nothing says any more whether it was applied. Savepoints are fine. What has to be committed in between belongs in two migrations, or in one without a transaction.',
  check: eachStatement(({ tree }, { transactional }) => {
    if (!transactional || !tree || !nodeOf(tree, 'TransactionStmt') || !transactionStep(tree).ends) return;
    return [
      {
        message: 'It ends the transaction in which the migration is recorded as applied: run will stop here.',
        advice:
          '-- Leave out BEGIN and COMMIT. Or run it without a transaction: transaction = false in the class, in SQL:\n-- transaction: false',
      },
    ];
  }),
  bad: [
    { sql: 'BEGIN; CREATE TABLE users (id int PRIMARY KEY); COMMIT' },
    { sql: 'CREATE TABLE users (id int PRIMARY KEY); END; START TRANSACTION' },
  ],
  good: [
    { sql: 'BEGIN; CREATE TABLE users (id int PRIMARY KEY); COMMIT', transaction: false },
    { sql: 'SAVEPOINT a; CREATE TABLE users (id int PRIMARY KEY); ROLLBACK TO SAVEPOINT a; RELEASE a' },
    { sql: 'CREATE TABLE users (id int PRIMARY KEY)' },
  ],
};
