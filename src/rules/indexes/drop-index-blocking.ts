import { nodeOf } from '../../observe/parser.js';
import { called, sqlName } from '../look.js';
import { outsideTransaction } from '../recipes.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { droppedIndexes, isReplaced } from './dropped.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, "Email" text); CREATE INDEX "By Email" ON users ("Email")';

export const dropIndexBlocking: Rule = {
  name: 'drop-index-blocking',
  severity: 'notice',
  title: 'DROP INDEX without CONCURRENTLY locks the whole table.',
  why: 'DROP INDEX takes an ACCESS EXCLUSIVE lock on the table until its transaction ends. The statement is brief by itself, but it must wait for every query that is running on the table, and the rest of the transaction runs under the lock. DROP INDEX CONCURRENTLY blocks no reads or writes, and must run outside a transaction. Not reported if a new index takes the name in the same transaction.',
  check: eachStatement((statement, _migration, { batch }) => {
    if (nodeOf(statement.tree, 'DropStmt')?.concurrent) return;
    return droppedIndexes(statement).flatMap(({ table, index }) => {
      // DROP INDEX CONCURRENTLY does not support partitioned tables.
      if (table.kind !== 'table' || index.ofConstraint || isReplaced(statement, index, batch)) return [];
      return [
        {
          message: `Reads and writes on ${called(table)} block from here to the end of the transaction.`,
          fix: `${outsideTransaction}\nDROP INDEX CONCURRENTLY IF EXISTS ${sqlName({ schema: table.schema, name: index.name })};`,
        },
      ];
    });
  }),
  bad: [
    { given: users, sql: 'DROP INDEX "By Email"' },
    {
      given: 'CREATE SCHEMA shop; CREATE TABLE shop.items (a int, b int); CREATE INDEX i ON shop.items (a, b)',
      sql: 'DROP INDEX IF EXISTS shop.i, shop.none',
    },
  ],
  good: [
    { given: users, sql: 'DROP INDEX CONCURRENTLY IF EXISTS "By Email"', transaction: false },
    { given: users, sql: 'DROP INDEX IF EXISTS none' },
    { sql: `${users}; DROP INDEX "By Email"` },
    {
      given: `${users}; CREATE INDEX "By Email_new" ON users ("Email", id)`,
      sql: 'DROP INDEX "By Email"; ALTER INDEX "By Email_new" RENAME TO "By Email"',
    },
  ],
};
