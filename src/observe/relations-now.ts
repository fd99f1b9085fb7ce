import { ask } from './ask.js';
import type { ObservedClient } from './ask.js';
import type { LockMode } from './relation.js';

export interface Known {
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly table: number | undefined;
  /** Where its rows lie: another file after it was rewritten. */
  readonly file: number;
}

export interface LookRow {
  readonly oid: string;
  readonly mode: string;
  readonly schema: string;
  readonly name: string | null;
  readonly kind: string;
  readonly table: string | null;
  readonly file: string;
  readonly scans: string;
}

export function knownOf({ schema, name, kind, table, file }: LookRow): Known {
  return { schema, name: name ?? '', kind, table: table === null ? undefined : Number(table), file: Number(file) };
}

const columns = `n.nspname AS schema, c.relname AS name, c.relkind AS kind, i.indrelid::int8 AS table, c.relfilenode::int8 AS file`;

/** Of what is new only what was made since the last look: a table that nobody uses yet keeps nobody waiting. */
export const lookSql = `SELECT l.relation::int8 AS oid, l.mode, ${columns}, coalesce(pg_stat_get_xact_numscans(l.relation), 0) AS scans
FROM pg_locks l
LEFT JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.granted AND l.relation >= 16384
  AND (l.relation <= $1 OR l.relation > $2) AND c.relkind IS DISTINCT FROM 't'`;

const relationsSql = `SELECT c.oid::int8 AS oid, ${columns}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= 16384 AND c.relkind <> 't'`;

export async function readRelations(client: ObservedClient): Promise<Map<number, Known>> {
  const rows = await ask(client, relationsSql, []);
  return new Map((rows as unknown as readonly LookRow[]).map((row) => [Number(row.oid), knownOf(row)]));
}

/** `AccessExclusiveLock` → `ACCESS EXCLUSIVE` */
export function modeOf(name: string): LockMode {
  return name
    .replace(/Lock$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase() as LockMode;
}
