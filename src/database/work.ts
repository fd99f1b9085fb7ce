import type { HowFar } from '../events.js';
import { withoutPasswords } from '../passwords.js';
import { quoteLiteral, workNamePattern } from '../sql/index.js';
import { now } from './blockers.js';
import type { SqlClient } from './sql-client.js';

/** The progress of a statement, as the server reports it. */
export type Work = Pick<HowFar, 'what' | 'done' | 'total' | 'unit' | 'rows' | 'rate'>;

/**
 * Reads the server's progress reports for commands that build or rewrite something, and the session name of work in batches.
 * https://www.postgresql.org/docs/current/progress-reporting.html
 */
export async function workOf(client: SqlClient, process: number): Promise<Work | undefined> {
  const pid = Math.trunc(process);
  const { rows } = await now(
    client,
    `SELECT command || coalesce(' ' || nullif(index_relid, 0)::regclass::text, ' on ' || relid::regclass::text) || ', ' || phase AS what,
       CASE WHEN tuples_total > 0 THEN tuples_done WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN lockers_done ELSE blocks_done END::float8 AS done,
       CASE WHEN tuples_total > 0 THEN tuples_total WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN lockers_total ELSE blocks_total END::float8 AS total,
       CASE WHEN tuples_total > 0 THEN 'rows' WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN 'sessions' ELSE 'blocks' END AS unit, NULL::float8 AS rows, NULL::float8 AS rate
     FROM pg_stat_progress_create_index WHERE pid = ${pid}
     UNION ALL SELECT command || ' ' || relid::regclass::text || ', ' || phase, heap_blks_scanned, heap_blks_total, 'blocks', NULL, NULL
     FROM pg_stat_progress_cluster WHERE pid = ${pid}
     UNION ALL SELECT 'backfill of ' || part[6], part[1]::float8, part[2]::float8, part[3],
       CASE WHEN part[5] = 'rows' THEN part[4]::float8 WHEN part[2] = '0' THEN part[1]::float8 END, CASE part[5] WHEN 'rows/s' THEN part[4]::float8 END
     FROM (SELECT regexp_match(application_name, ${quoteLiteral(workNamePattern)}) AS part FROM pg_stat_activity WHERE pid = ${pid}) AS named
     WHERE part IS NOT NULL`,
  );
  const found = rows[0] as (Omit<Work, 'rows' | 'rate'> & Record<'rows' | 'rate', number | null>) | undefined;
  if (found === undefined) return undefined;
  const { rows: counted, rate, ...work } = found;
  return { ...work, ...(counted !== null && { rows: counted }), ...(rate !== null && { rate }) };
}

/** For a statement without progress reports, such as VALIDATE CONSTRAINT, only the text is known. */
export function unreported(sql: string): Work {
  const text = withoutPasswords(sql).trim().replace(/\s+/g, ' ');
  return { what: text.length > 80 ? `${text.slice(0, 79)}…` : text, done: 0, total: 0, unit: 'rows' };
}
