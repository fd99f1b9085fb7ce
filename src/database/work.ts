import type { MigrateEvent } from '../events.js';
import type { SqlClient } from './sql-client.js';

/** How far the server says that a statement has come. */
export type Work = Omit<
  Extract<MigrateEvent, { readonly type: 'progress' }>,
  'type' | 'migration' | 'elapsedMs' | 'leftMs'
>;

/** https://www.postgresql.org/docs/current/progress-reporting.html */
export async function workOf(client: SqlClient, pid: number): Promise<Work | undefined> {
  const { rows } = await client.query(
    `SELECT command || coalesce(' ' || nullif(index_relid, 0)::regclass::text, ' on ' || relid::regclass::text) || ', ' || phase AS what,
       CASE WHEN tuples_total > 0 THEN tuples_done WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN lockers_done ELSE blocks_done END::float8 AS done,
       CASE WHEN tuples_total > 0 THEN tuples_total WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN lockers_total ELSE blocks_total END::float8 AS total,
       CASE WHEN tuples_total > 0 THEN 'rows' WHEN lockers_total > 0 AND phase LIKE 'waiting%' THEN 'sessions' ELSE 'blocks' END AS unit
     FROM pg_stat_progress_create_index WHERE pid = ${Math.trunc(pid)}
     UNION ALL SELECT command || ' ' || relid::regclass::text || ', ' || phase, heap_blks_scanned, heap_blks_total, 'blocks'
     FROM pg_stat_progress_cluster WHERE pid = ${Math.trunc(pid)}`,
  );
  return rows[0] as Work | undefined;
}
