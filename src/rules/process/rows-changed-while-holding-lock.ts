import { called } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { batched } from './batched.js';
import { blockingHeld, isChangeOfRows, readsAllOf, waiting } from './held.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const rowsChangedWhileHoldingLock: Rule = {
  name: 'rows-changed-while-holding-lock',
  severity: 'error',
  title: 'Rows are changed while an earlier statement of the transaction blocks a table.',
  why: 'ALTER TABLE holds its lock until the commit, so the lock is brief only if the transaction ends soon after. If an UPDATE follows in the same transaction, reads and writes wait until it has gone through the whole table. Change the table in one migration, and its rows in the next, in batches.',
  check: eachStatement((statement, migration) => {
    const held = blockingHeld(statement, migration);
    const read = readsAllOf(statement);
    if (held.length === 0 || read.length === 0 || !isChangeOfRows(statement)) return;
    return [
      {
        message: `It scans all of ${read.map(called).join(', ')}, and ${waiting(held)}.`,
        fix: batched(statement),
      },
    ];
  }),
  bad: [
    {
      given: users,
      sql: `ALTER TABLE users ADD COLUMN "lowerEmail" text; UPDATE users SET "lowerEmail" = lower(email)`,
    },
    {
      given: `${users}; CREATE SCHEMA shop; CREATE TABLE shop."Old" (id int PRIMARY KEY, email text)`,
      sql: 'ALTER TABLE ONLY public.users ADD CONSTRAINT c CHECK (id > 0) NOT VALID; INSERT INTO users SELECT * FROM shop."Old"',
    },
  ],
  good: [
    { given: users, sql: "ALTER TABLE users ADD COLUMN name text; UPDATE users SET name = 'x' WHERE id = 1" },
    { given: users, sql: "ALTER TABLE users ADD COLUMN name text; INSERT INTO users VALUES (1, 'x', 'y')" },
    {
      sql: `${users}; ALTER TABLE users ADD COLUMN name text; UPDATE users SET name = ''`,
    },
    {
      given: users,
      sql: 'CREATE TABLE copies (id int PRIMARY KEY, email text); ALTER TABLE copies ADD COLUMN name text; DELETE FROM copies',
    },
  ],
};
