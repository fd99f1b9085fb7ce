import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { staysSet } from './staying.js';

/** `run` sets these for each migration without a transaction, and resets them afterwards. */
const setBackByRun: ReadonlySet<string> = new Set(['lock_timeout', 'statement_timeout']);

export const settingNotReset: Rule = {
  name: 'setting-not-reset',
  severity: 'notice',
  title: 'A migration without a transaction leaves a setting behind on its connection.',
  why: 'SET lasts until the connection closes: the next user of the pooled connection still has the setting, and with PgBouncer so do other clients. RESET it at the end of the migration. In a transaction, use SET LOCAL (see session-set-leak).',
  check: eachStatement((statement, migration) => {
    const setting = migration.transactional ? undefined : staysSet(statement, migration);
    if (setting === undefined || setBackByRun.has(setting.name)) return;
    return [
      {
        message: `${setting.name} keeps this value for the next user of the connection.`,
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
