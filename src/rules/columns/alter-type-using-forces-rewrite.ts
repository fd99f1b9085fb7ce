import { called, ident, sqlName } from '../look.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isRewritten } from './effects.js';
import { isMereCast, isUtc, retypings, zoneOf } from './retype.js';
import type { Retyping } from './retype.js';
import { changesTimeZone, isFree } from './types.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY, name varchar(50), at timestamp)';

export const alterTypeUsingForcesRewrite: Rule = {
  name: 'alter-type-using-forces-rewrite',
  severity: 'error',
  title: 'USING makes an otherwise free type change rewrite the table.',
  why: 'A longer varchar, or timestamp to timestamptz in a session with the time zone UTC, changes only the catalog (since PostgreSQL 12 for timestamps). With a USING expression, PostgreSQL cannot tell that nothing changes: it rewrites all rows and indexes under ACCESS EXCLUSIVE, and reads and writes block meanwhile.',
  check: eachStatement((statement) =>
    retypings(statement)
      .filter((retyping) => isRewritten(statement, retyping.table) && wouldBeFree(retyping))
      .map((retyping) => ({
        message: `Reads and writes on ${called(retyping.table)} block while every row is rewritten, only because of USING: ${ident(retyping.was.name)} could go from ${retyping.was.type} to ${retyping.is.type} without it.`,
        fix: fixOf(retyping),
      })),
  ),
  bad: [
    { given: users, sql: `ALTER TABLE users ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC'` },
    {
      given: 'CREATE SCHEMA app; CREATE TABLE app."User" ("Name" varchar(50))',
      sql: 'ALTER TABLE app."User" ALTER "Name" TYPE varchar(100) USING "Name"::text::varchar(100)',
    },
  ],
  good: [
    { given: users, sql: `SET LOCAL TimeZone TO 'UTC'; ALTER TABLE users ALTER COLUMN at TYPE timestamptz` },
    { given: users, sql: 'ALTER TABLE users ALTER COLUMN name TYPE varchar(100) USING name::varchar(100)' },
    { sql: `${users}; ALTER TABLE users ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC'` },
  ],
};

function wouldBeFree({ was, is, using }: Retyping): boolean {
  if (using === undefined || !isFree(was.type, is.type)) return false;
  return changesTimeZone(was.type, is.type) ? isUtc(zoneOf(using)) : isMereCast(using);
}

function fixOf({ table, was, is }: Retyping): string {
  const alter = `ALTER TABLE ${sqlName(table)} ALTER COLUMN ${ident(was.name)} TYPE ${is.type};`;
  if (!changesTimeZone(was.type, is.type)) return alter;
  return `-- In one transaction:\nSET LOCAL TimeZone TO 'UTC';\n${alter}\nSET LOCAL TimeZone TO DEFAULT;`;
}
