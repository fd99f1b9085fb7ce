import { settingOf } from '../setting.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';

export const sessionSetLeak: Rule = {
  name: 'session-set-leak',
  severity: 'warning',
  title: 'SET without LOCAL stays on the connection when the migration is over.',
  why: 'The connection goes back to the pool, and what was set (a time zone, a search_path, a role) holds for whoever gets it next; behind PgBouncer for other clients too. SET LOCAL ends with the transaction. Without a transaction, set it back at the end.',
  check: eachStatement((statement, { transactional, statements }) => {
    const setting = settingOf(statement.tree);
    if (setting?.value === undefined || setting.until === 'transaction') return;
    // What `run` sets for each migration it takes back itself.
    if (!transactional && ['lock_timeout', 'statement_timeout'].includes(setting.name)) return;
    const isTakenBack = statements.slice(statements.indexOf(statement) + 1).some(({ tree }) => {
      const later = settingOf(tree);
      return later?.value === undefined && (later?.name === setting.name || later?.name === 'all');
    });
    if (isTakenBack) return;
    return [
      {
        message: `${setting.name} stays as it is set here for whoever gets the connection next.`,
        fix: transactional ? forTheTransaction(statement.sql) : `-- At the end:\nRESET ${setting.name};`,
      },
    ];
  }),
  bad: [
    { sql: "SET TIME ZONE 'Europe/Paris'" },
    { sql: 'CREATE SCHEMA "Shop"; SET SESSION search_path TO "Shop", public', transaction: false },
    { sql: "SELECT pg_catalog.set_config('search_path', '', false)" },
  ],
  good: [
    { sql: "SET LOCAL TIME ZONE 'Europe/Paris'" },
    { sql: 'SET ROLE postgres; RESET ROLE' },
    { sql: "SET statement_timeout = 0; SET work_mem = '1GB'; RESET work_mem", transaction: false },
    { sql: "SET CONSTRAINTS ALL DEFERRED; SELECT set_config('TimeZone', 'UTC', true)" },
    { sql: 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE' },
  ],
};

function forTheTransaction(sql: string): string {
  const local = sql
    .replace(/^(\s*SET)\s+(?:SESSION\s+(?!AUTHORIZATION|CHARACTERISTICS))?/i, '$1 LOCAL ')
    .replace(/(set_config\s*\([^)]*,\s*)(?:false|'f(?:alse)?')\s*\)/i, '$1true)');
  return `${local.replace(/;\s*$/, '')};`;
}
