import { ask } from './ask.js';
import type { ObservedClient } from './ask.js';
import { relationKind } from './relation.js';
import type { LockMode, Relation } from './relation.js';

/** A relation in the catalog. */
export interface Known {
  readonly schema: string;
  readonly name: string;
  /** As in pg_class: `r`, `i`, … */
  readonly kind: string;
  /** For an index: its table. */
  readonly table: number | undefined;
  /** The file with its rows: a rewrite changes it, and 0 means none. */
  readonly file: number;
}

/** A lock that this session holds. */
export interface Locked {
  readonly oid: number;
  readonly mode: LockMode;
  /** Undefined if the relation was dropped. */
  readonly now: Known | undefined;
  /** The number of complete scans. */
  readonly scans: number;
}

interface Row {
  readonly oid: string;
  readonly mode: string;
  readonly schema: string;
  readonly name: string | null;
  readonly kind: string;
  readonly table: string | null;
  readonly file: string;
  readonly scans: string;
}

/** TOAST tables and their indexes belong to the table whose long values they hold. */
const isOwn = `c.oid >= 16384 AND c.relkind <> 't' AND n.nspname !~ '^pg_toast'`;
const columns = `n.nspname AS schema, c.relname AS name, c.relkind AS kind, i.indrelid::int8 AS table, c.relfilenode::int8 AS file`;

/** All relations by OID. */
export async function readRelations(client: ObservedClient): Promise<Map<number, Known>> {
  const rows = await ask(
    client,
    `SELECT c.oid::int8 AS oid, ${columns}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE ${isOwn}`,
    [],
  );
  return new Map((rows as unknown as readonly Row[]).map((row) => [Number(row.oid), knownOf(row)]));
}

/**
 * The locks on relations up to `boundary` and since `newest`. A lock on a relation between them, which is new already, blocks nothing. They are
 * sorted, because the server lists locks in no order, and the same migration must be judged in the same words.
 */
export async function readLocked(
  client: ObservedClient,
  { boundary, newest }: { readonly boundary: number; readonly newest: number },
): Promise<readonly Locked[]> {
  const rows = await ask(
    client,
    `SELECT l.relation::int8 AS oid, l.mode, ${columns}, coalesce(pg_stat_get_xact_numscans(l.relation), 0) AS scans
FROM pg_locks l
LEFT JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.granted AND l.relation >= 16384
  AND (l.relation <= $1 OR l.relation > $2) AND (${isOwn}) IS NOT FALSE
ORDER BY l.relation, l.mode`,
    [boundary, newest],
  );
  return (rows as unknown as readonly Row[]).map((row) => ({
    oid: Number(row.oid),
    mode: modeOf(row.mode),
    now: row.name === null ? undefined : knownOf(row),
    scans: Number(row.scans),
  }));
}

/** The scans counted so far. The server reports those of finished transactions only once a second. */
export async function readScans(client: ObservedClient): Promise<Map<number, number>> {
  const rows = await ask(
    client,
    `SELECT c.oid::int8 AS oid, pg_stat_get_xact_numscans(c.oid) AS scans
FROM pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm') AND pg_stat_get_xact_numscans(c.oid) > 0`,
    [],
  );
  return new Map((rows as unknown as readonly Row[]).map(({ oid, scans }) => [Number(oid), Number(scans)]));
}

function knownOf({ schema, name, kind, table, file }: Row): Known {
  return { schema, name: name ?? '', kind, table: table === null ? undefined : Number(table), file: Number(file) };
}

/** `AccessExclusiveLock` → `ACCESS EXCLUSIVE` */
function modeOf(name: string): LockMode {
  return name
    .replace(/Lock$/, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toUpperCase() as LockMode;
}

/** Relations with an OID above `boundary` are new. */
export function relationOf(oid: number, { schema, name, kind, table }: Known, boundary: number): Relation {
  return { oid, schema, name, kind: relationKind(kind), table, isNew: oid > boundary };
}

export function fullName({ schema, name }: Pick<Known, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name]);
}

export function keyOf({ oid, mode }: Pick<Locked, 'oid' | 'mode'>): string {
  return `${oid} ${mode}`;
}

/** Relations with a new file. A recreated index may have inherited an existing file, which is no rebuild. */
export function writtenSince(
  before: ReadonlyMap<number, Known>,
  now: ReadonlyMap<number, Known>,
): readonly (readonly [number, Known])[] {
  const files = new Set([...before.values()].map(({ file }) => file));
  return [...now].filter(([, { file }]) => file !== 0 && !files.has(file));
}
