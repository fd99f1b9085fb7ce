import { nodeOf, transactionStep } from '../../observe/parser.js';
import type { Observed } from '../../observe/observed.js';
import type { Rule } from '../rule.js';

export const missingCommit: Rule = {
  name: 'missing-commit',
  severity: 'error',
  title: 'A migration without a transaction begins one and never commits it.',
  why: 'Everything after BEGIN is rolled back when the connection closes, or is committed by whatever uses the connection next.',
  *check({ transactional, statements }) {
    // A migration that fails before its COMMIT is not reported.
    if (transactional || statements.some(({ error }) => error !== undefined)) return;
    let open: Observed | undefined;
    for (const statement of statements) {
      if (!statement.tree || !nodeOf(statement.tree, 'TransactionStmt')) continue;
      const { begins, ends } = transactionStep(statement.tree);
      if (ends) open = undefined;
      if (begins) open = statement;
    }
    if (open)
      yield {
        statement: open,
        message: 'Nothing after this is committed.',
        advice: '-- At the end:\nCOMMIT;',
      };
  },
  bad: [
    { sql: 'BEGIN; CREATE TABLE users (id int PRIMARY KEY)', transaction: false },
    { sql: 'BEGIN; CREATE TABLE users (id int PRIMARY KEY); COMMIT AND CHAIN; DROP TABLE users', transaction: false },
  ],
  good: [
    { sql: 'BEGIN; CREATE TABLE users (id int PRIMARY KEY); COMMIT', transaction: false },
    { sql: 'START TRANSACTION; CREATE TABLE users (id int PRIMARY KEY); ROLLBACK', transaction: false },
    { sql: 'CREATE TABLE users (id int PRIMARY KEY)' },
  ],
};
