import { staysSet } from './staying.js';
import { eachStatement } from '../rule.js';
import type { Rule } from '../rule.js';
import { classify } from '../../sql/index.js';

export const sessionSetLeak: Rule = {
  name: 'session-set-leak',
  severity: 'warning',
  title: 'SET without LOCAL stays in effect after the migration.',
  why: 'The connection returns to the pool, and the setting (a time zone, a search_path, a role) stays in effect for its next user; with PgBouncer, for other clients too. SET LOCAL ends with the transaction. For migrations without a transaction, where SET LOCAL has no effect, see setting-not-reset.',
  check: eachStatement((statement, migration) => {
    const setting = migration.transactional ? staysSet(statement, migration) : undefined;
    if (setting === undefined) return;
    return [
      {
        message: `${setting.name} keeps this value for the next user of the connection.`,
        fix: forTheTransaction(statement.sql),
      },
    ];
  }),
  bad: [
    { sql: "SET TIME ZONE 'Europe/Paris'" },
    { sql: 'CREATE SCHEMA "Shop"; SET SESSION search_path TO "Shop", public' },
    { sql: "SELECT pg_catalog.set_config('search_path', '', false)" },
  ],
  good: [
    { sql: "SET LOCAL TIME ZONE 'Europe/Paris'" },
    { sql: 'SET ROLE postgres; RESET ROLE' },
    { sql: "SET CONSTRAINTS ALL DEFERRED; SELECT set_config('TimeZone', 'UTC', true)" },
    { sql: 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE' },
  ],
};

function forTheTransaction(sql: string): string {
  const [{ setting, text } = { setting: undefined, text: sql }] = classify(sql);
  if (setting) return `SET LOCAL ${setting.text};`;
  const local = text.replace(/(set_config\s*\([^)]*,\s*)(?:false|'f(?:alse)?')\s*\)/i, '$1true)');
  return `${local};`;
}
