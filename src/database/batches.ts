import { setTimeout as sleep } from 'node:timers/promises';
import { MigrateError } from '../errors.js';
import { quoteLiteral, selectKey, updateBatch } from '../sql/index.js';
import type { KeyColumn } from '../sql/index.js';

/** Executes a statement and returns its rows. */
export type Ask = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>;

interface What {
  readonly table: string;
  readonly set: string;
  readonly where?: string | undefined;
  readonly size: number;
  readonly pauseMs: number;
}

/** The position of a backfill. */
export interface Place {
  readonly key: readonly KeyColumn[];
  /** The key of the last row of the previous batch, as texts; undefined before the first batch. */
  readonly after: readonly string[] | undefined;
  /** The number of rows that the next batch looks at. */
  readonly size: number;
}

interface Batch {
  /** Undefined if no row was left. */
  readonly last: readonly string[] | undefined;
  readonly read: number;
  readonly updated: number;
  readonly durationMs: number;
}

export async function startOf(ask: Ask, what: What, after: readonly string[] | undefined): Promise<Place> {
  const key = (await ask(selectKey(what.table))) as unknown as readonly KeyColumn[];
  if (key.length > 0) return { key, after, size: what.size };
  throw new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `The backfill of ${what.table} was refused: it needs a primary key, and this table has none. Nothing was filled.`,
    next: 'Add a primary key first, or write the UPDATE by hand.',
  });
}

/** Executes a batch in the open transaction. */
export async function runBatch(ask: Ask, { table, set, where }: What, { key, after, size }: Place): Promise<Batch> {
  const started = performance.now();
  const [row] = await ask(updateBatch({ table, set, where }, key, after, size));
  return {
    last: (row?.['last'] as readonly string[] | null | undefined) ?? undefined,
    read: Number(row?.['read'] ?? 0),
    updated: Number(row?.['updated'] ?? 0),
    durationMs: performance.now() - started,
  };
}

const targetMs = 100;
const largest = 50_000;

/** The size grows slowly and shrinks at once. */
export function nextSize(size: number, durationMs: number): number {
  const wanted = durationMs > targetMs ? size / 2 : durationMs < targetMs / 2 ? size * 1.5 : size;
  return Math.max(1, Math.min(largest, Math.ceil(wanted)));
}

const longestLagS = 5;
const longestWaitMs = 60_000;

/** Pauses between two batches for the given time, and for up to a minute while replicas lag or other sessions queue for the table. */
export async function pacing(ask: Ask, { table, pauseMs }: What, check: () => void): Promise<void> {
  if (pauseMs > 0) await sleep(pauseMs);
  const end = performance.now() + longestWaitMs;
  while (performance.now() < end) {
    check();
    const [row] = await ask(
      `SELECT coalesce((SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication), 0)::float8 AS lag,
         EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = ${quoteLiteral(table)}::regclass) AS queued`,
    );
    if (Number(row?.['lag'] ?? 0) < longestLagS && row?.['queued'] !== true) return;
    await sleep(500);
  }
}
