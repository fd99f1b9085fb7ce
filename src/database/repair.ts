import { setTimeout as sleep } from 'node:timers/promises';
import type { SqlClient } from './client.js';
import { quoteLiteral } from '../sql/index.js';

/** What to do with a statement that was under way, outside any transaction, when its process ended. */
export type Verdict = 'done' | 'again' | 'unknown';

const name = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const qualified = String.raw`${name}(?:\s*\.\s*${name})?`;
const createIndex = new RegExp(
  String.raw`^CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(${name})\s+ON\s+(?:ONLY\s+)?(${qualified})`,
  'i',
);
const dropIndex = new RegExp(
  String.raw`^DROP\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+EXISTS\s+)?(${qualified})\s*(?:CASCADE|RESTRICT)?\s*;?\s*$`,
  'i',
);
/** A block that is called backfill commits as it goes, and does what is left when it is started again. */
const backfill = /^DO\s+\$backfill\$/;
const repeatable = /^(?:REINDEX|VACUUM|ANALYZE|CLUSTER|CHECKPOINT|REFRESH\s+MATERIALIZED\s+VIEW|ALTER\s+SYSTEM)\b/i;

/** Statements that are known not to run inside a transaction; for all others it is tried. */
export function runsAlone(sql: string): boolean {
  const text = withoutLeadingComments(sql);
  return (
    /^(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX)\b[^;']*?\bCONCURRENTLY\b/i.test(text) ||
    /^(?:VACUUM|CREATE\s+DATABASE|DROP\s+DATABASE|ALTER\s+SYSTEM)\b/i.test(text) ||
    backfill.test(text)
  );
}

/**
 * Finds out whether a statement in doubt is done. A concurrent index build that was interrupted leaves an INVALID index, which
 * would stay for ever: it is dropped here. https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
 */
export async function judgeInDoubt(client: SqlClient, sql: string): Promise<Verdict> {
  await untilNobodyRuns(client, sql);
  const text = withoutLeadingComments(sql);
  const created = createIndex.exec(text);
  if (created) return judgeCreatedIndex(client, created[1] ?? '', created[2] ?? '');
  const dropped = dropIndex.exec(text);
  if (dropped) {
    const { rows } = await client.query(`SELECT to_regclass(${quoteLiteral(dropped[1] ?? '')}) IS NULL AS gone`);
    return rows[0]?.['gone'] === true ? 'done' : 'again';
  }
  return repeatable.test(text) || backfill.test(text) ? 'again' : 'unknown';
}

async function judgeCreatedIndex(client: SqlClient, index: string, table: string): Promise<Verdict> {
  const { rows } = await client.query(
    `SELECT i.indisvalid AS valid, format('%I.%I', n.nspname, c.relname) AS index
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indrelid = to_regclass(${quoteLiteral(table)}) AND c.relname = ${quoteLiteral(unquoted(index))}`,
  );
  const found = rows[0];
  if (found === undefined) return 'again';
  if (found['valid'] === true) return 'done';
  await client.query(`DROP INDEX CONCURRENTLY ${String(found['index'])}`);
  return 'again';
}

/** The server goes on with the statement of a killed client until its end; only then can be seen what became of it. */
async function untilNobodyRuns(client: SqlClient, sql: string): Promise<void> {
  // pg_stat_activity cuts the text (track_activity_query_size, 1 kB by default).
  const start = quoteLiteral(sql.slice(0, 200));
  for (;;) {
    const { rows } = await client.query(
      `SELECT count(*)::int AS busy FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() AND state = 'active' AND left(query, 200) = left(${start}, 200)`,
    );
    if (rows[0]?.['busy'] === 0) return;
    await sleep(200);
  }
}

function unquoted(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier.toLowerCase();
}

function withoutLeadingComments(sql: string): string {
  return sql.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}
