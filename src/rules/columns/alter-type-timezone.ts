import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { dependsOnSession, pinnedZone, retypings } from './retype.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, at timestamp)';

export const alterTypeTimezone: Rule = {
  name: 'alter-type-timezone',
  severity: 'warning',
  title: 'Timestamps gain or lose their time zone depending on the session.',
  why: 'A change from timestamp to timestamptz, or back, interprets every value in the TimeZone of the migrating session. If the values are in another time zone, all of them silently shift by hours; and unless that TimeZone is UTC, the whole table is rewritten while reads and writes block. So the migration must set the time zone itself. In UTC, only the catalog changes (since PostgreSQL 12).',
  check: eachStatement((statement, migration) =>
    retypings(statement)
      .filter((retyping) => dependsOnSession(retyping, pinnedZone(statement, migration)))
      .map(({ table, was, is }) => ({
        message: `The values of ${called(table)}.${was.name} are converted in the TimeZone of the migrating session; unless that is UTC, every row is rewritten while reads and writes block.`,
        fix: [
          '-- If the values are in UTC, in one transaction (nothing is rewritten):',
          `SET LOCAL TimeZone TO 'UTC';`,
          `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${ident(was.name)} TYPE ${is.type};`,
          'SET LOCAL TimeZone TO DEFAULT;',
          '-- If they are in another time zone: nest-migrate generate --stored-timezone <zone> uses a second column.',
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
