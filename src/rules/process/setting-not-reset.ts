import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { staysSet } from './staying.js';

/** `run` sets these for each migration without a transaction, and sets them back. */
const setBackByRun: ReadonlySet<string> = new Set(['lock_timeout', 'statement_timeout']);

export const settingNotReset: Rule = {
  name: 'setting-not-reset',
  severity: 'notice',
  title: 'A migration without a transaction leaves a setting behind on its connection.',
  why: 'SET holds until the connection closes: what was set is there for its next user from the pool, with PgBouncer for other clients too. RESET at the end of the migration sets it back. In a transaction SET LOCAL does, and session-set-leak says so.',
  check: eachStatement((statement, migration) => {
    const setting = migration.transactional ? undefined : staysSet(statement, migration);
    if (setting === undefined || setBackByRun.has(setting.name)) return;
    return [
      {
        message: `${setting.name} stays as it is set here for the next user of the connection.`,
        fix: `-- At the end:\nRESET ${setting.name};`,
      },
    ];
  }),
  bad: [
    { sql: "SET work_mem = '1GB'; CREATE TABLE users (id int PRIMARY KEY)", transaction: false },
    { sql: 'CREATE SCHEMA "Shop"; SET SESSION search_path TO "Shop", public', transaction: false },
  ],
  good: [
    { sql: "SET statement_timeout = 0; SET work_mem = '1GB'; RESET work_mem", transaction: false },
    { sql: "SET LOCAL work_mem = '1GB'" },
  ],
};
