import type { Blocker, Direction, HowFar } from '../events.js';
import { migrationIn, namePrefix, quoteLiteral } from '../sql/index.js';
import { blockersOf, sessionExecuting } from './blockers.js';
import { lockHolder } from './lock.js';
import type { HalfDone } from './log.js';
import { paceOf } from './pace.js';
import { traceOf } from './repair.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';
import { unreported, workOf } from './work.js';

/** A session of any process that is currently executing a migration. */
export interface Running extends HowFar {
  /** Undefined if the session was found through the log. */
  readonly timestamp: number | undefined;
  readonly direction: Direction | undefined;
  readonly pid: number;
  /** Absent if it waits for no lock. */
  readonly blockers?: readonly Blocker[];
}

interface Session {
  readonly pid: number;
  readonly application: string;
  readonly query: string;
  readonly ms: number;
}

const noPace = { rate: undefined, leftMs: undefined };

const columns = `pid, application_name AS application, coalesce(query, '') AS query,
  coalesce(extract(epoch FROM clock_timestamp() - query_start) * 1000, 0)::float8 AS ms`;

/**
 * The sessions that execute migrations, recognised by their names, or by the statement that the log names as running outside a transaction.
 */
export async function readRunning(
  client: SqlClient,
  halfDone: readonly HalfDone[],
  tables: Tables,
): Promise<readonly Running[]> {
  const { rows } = await client.query(
    `SELECT ${columns} FROM pg_stat_activity WHERE datname = current_database() AND starts_with(application_name, ${quoteLiteral(namePrefix)})`,
  );
  const found = new Map((rows as unknown as readonly Session[]).map((session) => [session.pid, session]));
  for (const { state, in_doubt: sql } of halfDone) {
    if (state !== 'started' || sql === null) continue;
    const executing = await sessionExecuting(client, sql, traceOf(sql)?.relation);
    if (executing === undefined || found.has(executing.pid)) continue;
    const own = await client.query(`SELECT ${columns} FROM pg_stat_activity WHERE pid = ${executing.pid}`);
    for (const session of own.rows as unknown as readonly Session[]) found.set(session.pid, session);
  }
  if (found.size === 0) return betweenStatements(client, halfDone, tables);
  return Promise.all([...found.values()].map((session) => describe(session, client)));
}

/** Between two statements or batches, a process that migrates is only recognised by the migration lock. */
async function betweenStatements(
  client: SqlClient,
  halfDone: readonly HalfDone[],
  tables: Tables,
): Promise<readonly Running[]> {
  const started = halfDone.findLast(({ state }) => state === 'started');
  const holder = started && (await lockHolder(client, tables));
  if (holder === undefined) return [];
  const elapsedMs = Math.max(0, Date.now() - Date.parse(started?.started_at ?? ''));
  const work = { what: 'between two statements', done: 0, total: 0, unit: 'rows' as const };
  return [{ ...work, ...noPace, pid: holder.pid, elapsedMs, direction: undefined, timestamp: undefined }];
}

async function describe({ pid, application, query, ms }: Session, client: SqlClient): Promise<Running> {
  const work = (await workOf(client, pid)) ?? unreported(query);
  const { direction, timestamp } = migrationIn(application) ?? {};
  const pace = paceOf(work, { done: 0, rows: 0 }, ms);
  const blockers = await blockersOf(client, pid);
  return { ...work, ...pace, pid, elapsedMs: ms, direction, timestamp, ...(blockers.length > 0 && { blockers }) };
}
