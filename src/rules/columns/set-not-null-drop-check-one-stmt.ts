import { alterations, called, columnOf, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isScanned } from './effects.js';
import { droppedProof } from './proof.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, "Email" text, CONSTRAINT filled CHECK ("Email" IS NOT NULL))';

export const setNotNullDropCheckOneStmt: Rule = {
  name: 'set-not-null-drop-check-one-stmt',
  severity: 'error',
  title: 'SET NOT NULL and the drop of the check that proves it must be separate statements.',
  why: 'With a validated CHECK (column IS NOT NULL), SET NOT NULL does not scan the table (since PostgreSQL 12). But ALTER TABLE drops constraints before it does anything else: with both in one statement, the proof is already gone, and the table is scanned under ACCESS EXCLUSIVE while reads and writes block. Two statements in the same transaction are enough.',
  check: eachStatement((statement) =>
    alterations(statement, 'AT_SetNotNull').flatMap(({ table, command }) => {
      const column = columnOf(table, command.name);
      const proof = column && !column.notNull && droppedProof(statement, table, column.name);
      if (!proof || !isScanned(statement, table)) return [];
      const alter = `ALTER TABLE ${sqlName(table)}`;
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is checked: ${ident(proof.name)}, which proves that ${ident(column.name)} has no NULL, is dropped first.`,
          fix: `${alter} ALTER COLUMN ${ident(column.name)} SET NOT NULL;\n${alter} DROP CONSTRAINT ${ident(proof.name)};`,
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN "Email" SET NOT NULL, DROP CONSTRAINT filled' },
    { given: users, sql: 'ALTER TABLE ONLY public.users DROP CONSTRAINT IF EXISTS filled, ALTER "Email" SET NOT NULL' },
  ],
  good: [
    {
      given: users,
      sql: 'ALTER TABLE users ALTER COLUMN "Email" SET NOT NULL; ALTER TABLE users DROP CONSTRAINT filled',
    },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN "Email" SET NOT NULL, DROP CONSTRAINT filled` },
  ],
};
