import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { dependsOnSession, pinnedZone, retypings } from './retype.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, at timestamp)';

export const alterTypeTimezone: Rule = {
  name: 'alter-type-timezone',
  severity: 'warning',
  title: 'Timestamps get or lose their time zone by the setting of the session.',
  why: 'timestamp to timestamptz, and back, reads every value in the TimeZone of the session that migrates. Where that is another one than the values were meant in, all of them shift by hours without a word, and where it is not UTC, the whole table is written again while reads and writes block. So the migration must say the time zone. In UTC only the catalog changes (since PostgreSQL 12).',
  check: eachStatement((statement, migration) =>
    retypings(statement)
      .filter((retyping) => dependsOnSession(retyping, pinnedZone(statement, migration)))
      .map(({ table, was, is }) => ({
        message: `What ${called(table)}.${was.name} means afterwards depends on the TimeZone of the session that migrates, and where that is not UTC all rows are written again while reads and writes block.`,
        fix: [
          '-- In one transaction, when the values are meant in UTC; nothing is written again then:',
          `SET LOCAL TimeZone TO 'UTC';`,
          `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${ident(was.name)} TYPE ${is.type};`,
          'SET LOCAL TimeZone TO DEFAULT;',
          '-- When not: nest-migrate generate --stored-timezone <zone> goes by way of a second column.',
        ].join('\n'),
      })),
  ),
  bad: [
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN at TYPE timestamptz' },
    {
      given: 'CREATE TABLE "Users" ("At" timestamptz)',
      sql: 'ALTER TABLE public."Users" ALTER "At" TYPE timestamp USING "At"::timestamp',
    },
  ],
  good: [
    { given: users, sql: `SET LOCAL TimeZone TO 'UTC'; ALTER TABLE users ALTER COLUMN at TYPE timestamptz` },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN at TYPE timestamptz` },
    { given: 'CREATE TABLE users (at timestamptz(3))', sql: 'ALTER TABLE users ALTER COLUMN at TYPE timestamptz' },
  ],
};
