import { nodeOf, transactionStep } from '../../observe/parser.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

export const commitInTransaction: Rule = {
  name: 'commit-in-transaction',
  severity: 'error',
  title: 'COMMIT or ROLLBACK ends the transaction that the migration runs in.',
  why: 'Each migration runs in one transaction together with the row that records it as applied. After a COMMIT of its own, a later failure no longer undoes the migration, and `run` stops, because it cannot tell whether the migration was applied. Savepoints are fine. If something has to be committed in between, use two migrations, or one without a transaction.',
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
