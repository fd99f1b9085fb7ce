import { alterations, called, columnOf } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isRewritten, isScanned } from './effects.js';
import { droppedProof } from './proof.js';
import { ownMigrations, setNotNull } from '../recipes.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email text)';

export const setNotNullScan: Rule = {
  name: 'set-not-null-scan',
  severity: 'error',
  title: 'SET NOT NULL reads the whole table while reads and writes block.',
  why: 'SET NOT NULL checks every row under ACCESS EXCLUSIVE: reads and writes block, and it fails if the column contains NULL. It skips the scan if a validated CHECK (column IS NOT NULL) proves that there are none (since PostgreSQL 12); since PostgreSQL 18, a NOT NULL constraint can also be added NOT VALID and validated. If the same statement drops that check, see set-not-null-drop-check-one-stmt.',
  check: eachStatement((statement, _migration, { targetVersion }) =>
    alterations(statement, 'AT_SetNotNull').flatMap(({ table, command }) => {
      const is = columnOf(table, command.name);
      const isLookedAt = isScanned(statement, table) && !isRewritten(statement, table);
      if (!is || is.notNull || !isLookedAt || droppedProof(statement, table, is.name)) return [];
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is checked for NULL in ${is.name}.`,
          fix: [ownMigrations, ...setNotNull(table, is.name, targetVersion)].join('\n'),
        },
      ];
    }),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL' },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Email" text CHECK ("Email" <> \'\'))',
      sql: 'ALTER TABLE ONLY app."User" ALTER "Email" SET NOT NULL',
      targetVersion: 18,
    },
    {
      given:
        'CREATE TABLE logs (at date, text text) PARTITION BY RANGE (at); CREATE TABLE logs_1 PARTITION OF logs DEFAULT',
      sql: 'ALTER TABLE logs ALTER text SET NOT NULL',
    },
  ],
  good: [
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT nn CHECK (email IS NOT NULL)`,
      sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL',
    },
    { given: 'CREATE TABLE users (email text NOT NULL)', sql: 'ALTER TABLE users ALTER COLUMN email SET NOT NULL' },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN email SET NOT NULL` },
  ],
};
