import { called } from '../look.js';
import { settingOf } from '../setting.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { isBlocking } from './held.js';

const users = 'CREATE TABLE users (id int PRIMARY KEY)';

export const lockTimeoutOff: Rule = {
  name: 'lock-timeout-off',
  severity: 'warning',
  title: 'The migration turns lock_timeout off, or raises it, before it locks a table.',
  why: 'A waiting lock request blocks every later one: while an ALTER TABLE waits for a long query, every new query on the table waits too. `run` sets a lockTimeout of two seconds, and then gives up and retries, so that other queries can proceed; a setting in the migration overrides it.',
  check: eachStatement((statement, { transactional, statements }) => {
    const setting = settingOf(statement.tree);
    if (!transactional || setting?.name !== 'lock_timeout' || setting.value === undefined) return;
    const milliseconds = durationOf(setting.value);
    if (milliseconds === undefined || (milliseconds > 0 && milliseconds <= longest)) return;
    const later = statements.slice(statements.indexOf(statement) + 1).flatMap(({ locks }) => locks.filter(isBlocking));
    const tables = [...new Set(later.map(({ relation }) => called(relation)))];
    if (tables.length === 0) return;
    const howLong = milliseconds === 0 ? 'without a limit' : `up to ${Math.round(milliseconds / 1000)} s`;
    return [
      {
        message: `It waits ${howLong} for its locks, and later queries on ${tables.join(', ')} queue up meanwhile.`,
        fix: "-- Leave it out: run sets its own lockTimeout. Or, at most:\nSET LOCAL lock_timeout = '2s';",
      },
    ];
  }),
  bad: [
    { given: users, sql: 'SET LOCAL lock_timeout = 0; ALTER TABLE users ADD COLUMN name text' },
    {
      given: users,
      sql: "SET lock_timeout TO '1min'; ALTER TABLE public.users ADD COLUMN name text; RESET lock_timeout",
    },
    { given: users, sql: "SELECT set_config('lock_timeout', '0', true); ALTER TABLE users ADD COLUMN name text" },
  ],
  good: [
    { given: users, sql: "SET LOCAL lock_timeout = '5s'; ALTER TABLE users ADD COLUMN name text" },
    { given: users, sql: 'SET LOCAL lock_timeout = 500; ALTER TABLE users ADD COLUMN name text' },
    { sql: `SET LOCAL lock_timeout = 0; ${users}` },
    {
      given: users,
      sql: 'SET lock_timeout = 0; CREATE INDEX CONCURRENTLY i ON users (id); RESET lock_timeout',
      transaction: false,
    },
  ],
};

const longest = 10_000;
const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds, as PostgreSQL reads it. */
function durationOf(value: string): number | undefined {
  const [, number, unit = 'ms'] = /^\s*([\d.]+)\s*([a-z]+)?\s*$/.exec(value) ?? [];
  const factor = units[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
