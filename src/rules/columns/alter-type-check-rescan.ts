import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isRewritten, isScanned } from './effects.js';
import { retypings } from './retype.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, email varchar(50))';

export const alterTypeCheckRescan: Rule = {
  name: 'alter-type-check-rescan',
  severity: 'error',
  title: 'Changing the type of a column with a CHECK checks every row again.',
  why: 'A type change that does not rewrite the rows takes effect instantly, unless the column has a CHECK: then every row is checked again under ACCESS EXCLUSIVE, and reads and writes block meanwhile. Instead, drop the check in the same transaction, add it again as NOT VALID, and validate it later without blocking reads or writes. If the rows are rewritten too, see alter-type-rewrite.',
  check: eachStatement((statement) =>
    retypings(statement).flatMap(({ table, was, type }) => {
      const checks = table.constraints.filter(
        ({ type: kind, validated, columns }) => kind === 'check' && validated && columns.includes(was.name),
      );
      if (checks.length === 0 || isRewritten(statement, table) || !isScanned(statement, table)) return [];
      const alter = `ALTER TABLE ${sqlName(table)}`;
      return [
        {
          message: `Reads and writes on ${called(table)} block while every row is checked for ${checks.map(({ name }) => ident(name)).join(', ')}.`,
          fix: [
            '-- In one transaction:',
            ...checks.map(({ name }) => `${alter} DROP CONSTRAINT ${ident(name)};`),
            `${alter} ALTER COLUMN ${ident(was.name)} TYPE ${type};`,
            ...checks.map(({ name, definition }) => `${alter} ADD CONSTRAINT ${ident(name)} ${definition} NOT VALID;`),
            '-- In a migration of its own:',
            ...checks.map(({ name }) => `${alter} VALIDATE CONSTRAINT ${ident(name)};`),
          ].join('\n'),
        },
      ];
    }),
  ),
  bad: [
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT filled CHECK (email <> '')`,
      sql: 'ALTER TABLE users ALTER COLUMN email TYPE varchar(100)',
    },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Name" text CHECK ("Name" <> \'\'))',
      sql: 'ALTER TABLE ONLY app."User" ALTER "Name" TYPE varchar',
    },
  ],
  good: [
    {
      given: `${users}; ALTER TABLE users ADD CONSTRAINT filled CHECK (email <> '')`,
      sql: [
        `ALTER TABLE users DROP CONSTRAINT filled; ALTER TABLE users ALTER COLUMN email TYPE varchar(100); ALTER TABLE users ADD CONSTRAINT filled CHECK (email <> '') NOT VALID`,
        'ALTER TABLE users VALIDATE CONSTRAINT filled',
      ],
    },
    { given: `${users}; ALTER TABLE users ADD CHECK (id > 0)`, sql: 'ALTER TABLE users ALTER email TYPE text' },
    { sql: `${users}; ALTER TABLE users ADD CHECK (email <> ''); ALTER TABLE users ALTER email TYPE text` },
  ],
};
