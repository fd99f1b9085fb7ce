import { nodeOf, transactionStep } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

export const commitInTransaction: Rule = {
  name: 'commit-in-transaction',
  severity: 'warning',
  title: 'COMMIT or ROLLBACK ends the transaction that the migration runs in.',
  why: 'Each migration runs in one transaction together with the row that records it as applied: completely or not at all. After a COMMIT of its own it runs in steps. If it fails later, what it has committed stays, and the next `run` continues there. Savepoints are fine. If you need a commit in between, write two migrations, or one without a transaction.',
  check: eachStatement(({ tree }, { transactional }) => {
    if (!transactional || !tree || !nodeOf(tree, 'TransactionStmt') || !transactionStep(tree).ends) return;
    return [
      {
        message: 'This ends the transaction: if the migration fails later, what it has committed stays.',
        advice:
          '-- Leave out BEGIN and COMMIT. Or run the migration without a transaction: transaction = false in a class; in a .sql file:\n-- transaction: false',
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
