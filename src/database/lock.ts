import { setTimeout as sleep } from 'node:timers/promises';
import { embeddedDirOf } from '../data-source/embedded-brand.js';
import { messageOf, MigrateError } from '../errors.js';
import { describeHolder, endOf } from '../events.js';
import type { Blocker } from '../events.js';
import { advisoryLockHolder } from './blockers.js';
import { lockedItself } from './executing.js';
import { asking, servedBy, withClient } from './client.js';
import { takeEmbeddedLock } from './embedded-lock.js';
import { backendStarted, learnBackend } from './witness.js';
import type { ConnectContext, OwnClient, SqlClient, SqlResult } from './sql-client.js';
import { isQuiet, longestPartingMs, untilQuiet } from './wire.js';
import { readOnlyIn, selectReadOnly } from './read-only.js';
import { keepalives } from './transaction-settings.js';
import { poll } from './poll.js';
import type { Tables } from './tables.js';
import { quoteLiteral } from '../sql/index.js';
import { setTo } from '../options.js';

/**
 * The lock that lets one process migrate while all others wait. A separate connection holds it in an open transaction, for three reasons:
 * it works through a transaction pooler, it becomes free the moment the process dies, and a waiting process holds nothing that CREATE INDEX
 * CONCURRENTLY would wait for. The statements are simple queries with literals: a bound parameter would keep a snapshot open, which CREATE
 * INDEX CONCURRENTLY waits for too.
 */
export interface Lock {
  readonly waitedMs: number;
  /**
   * The key of the second lock, which each transaction of a migration takes: a process that has lost the lock without noticing cannot
   * continue at the same time as its successor.
   */
  readonly fence: readonly [number, number] | undefined;
  /** Throws if the connection that holds the lock is gone. */
  assertHeld(): void;
  /** A connection for queries while a migration runs on its own connection; undefined if there is only one session. */
  readonly side: SqlClient | undefined;
}

/** 'nest' and 'nesu' in ASCII: operators find them in pg_locks.classid. */
const namespace = 0x6e657374;
const fenceNamespace = 0x6e657375;
const keepAliveMs = 10_000;
/**
 * The second half of the key, computed from the schema and the name of the ledger, whether it exists or not. Different spellings in the
 * options give the same lock. The cast to `name` truncates a text in the same way as the name of a table.
 */
function keySql({ ledger, schema, name }: Tables): string {
  // pg_class is not queried, because it would stay locked while the transaction is open.
  const resolved =
    schema === undefined
      ? `coalesce((pg_identify_object('pg_catalog.pg_class'::regclass, to_regclass(${quoteLiteral(ledger)}), 0)).schema, quote_ident(current_schema()), '')`
      : `quote_ident(${quoteLiteral(schema)}::name)`;
  const path = `${resolved} || '.' || quote_ident(${quoteLiteral(name)}::name)`;
  return `('x' || left(encode(sha256(convert_to(${path}, getdatabaseencoding())), 'hex'), 8))::bit(32)::int & 2147483647`;
}

export type Locked<T> =
  { readonly held: true; readonly value: T } | { readonly held: false; readonly waitedMs: number };

/**
 * Holds the lock while `work` runs, on the connection `own` or else on a separate one. While another process holds it, `stillNeeded` is
 * called from time to time: if that process has done everything, waiting is no longer necessary.
 */
export async function holdLock<T>(
  context: ConnectContext & { readonly tables: Tables },
  stillNeeded: (client: SqlClient) => Promise<boolean>,
  work: (lock: Lock, client: SqlClient) => Promise<T>,
  own?: OwnClient,
): Promise<Locked<T>> {
  if (own === undefined) return withClient(context, (client) => holdLock(context, stillNeeded, work, client));
  const dir = embeddedDirOf(context.dataSource);
  if (dir !== undefined) {
    const { waitedMs, release } = await takeEmbeddedLock(context, dir, stillNeeded, own);
    if (release === undefined) return { held: false, waitedMs };
    const lock: Lock = { waitedMs, fence: undefined, assertHeld: () => undefined, side: undefined };
    return work(lock, own)
      .then((value) => ({ held: true as const, value }))
      .finally(release);
  }
  const { waitedMs, key } = await acquire(own, context, stillNeeded);
  if (key === undefined) return { held: false, waitedMs };
  const guard = keepAlive(own);
  try {
    const fence = [fenceNamespace, key] as const;
    return { held: true, value: await work({ waitedMs, fence, assertHeld: guard.assertHeld, side: own }, own) };
  } finally {
    guard.stop();
    const released = untilQuiet(own)
      .then(() => own.query('ROLLBACK'))
      .catch(() => undefined);
    await Promise.race([released, sleep(longestPartingMs, undefined, { ref: false })]);
  }
}

/** The session that holds the migration lock, whatever it is doing. */
export async function lockHolder(client: SqlClient, tables: Tables): Promise<Blocker | undefined> {
  const { rows } = await client.query(`SELECT ${keySql(tables)} AS key`);
  return advisoryLockHolder(client, [namespace, Number(rows[0]?.['key'])]);
}

/** The key is undefined if nothing was left to do before the lock was free. */
async function acquire(
  client: OwnClient,
  context: ConnectContext & { readonly tables: Tables },
  stillNeeded: (client: SqlClient) => Promise<boolean>,
): Promise<{ readonly waitedMs: number; readonly key: number | undefined }> {
  let holder = (): Promise<Blocker | undefined> => Promise.resolve(undefined);
  return poll(context, {
    state: 'It was still waiting for the lock: nothing was changed.',
    ask: async (attempt, waitedMs) => {
      const { held, key } = await tryLock(client, context).catch((error: unknown) => {
        throw refusedByPooler(error) ?? error;
      });
      holder = () => advisoryLockHolder(client, [namespace, key]);
      const itself = held || attempt > 0 ? undefined : lockedItself((await holder())?.pid);
      if (itself !== undefined) throw waitsForItself(itself);
      if (!held) return attempt > 0 && !(await stillNeeded(client)) ? { waitedMs, key: undefined } : undefined;
      if (attempt > 0) context.onEvent({ type: 'lock-acquired', waitedMs });
      return { waitedMs: attempt === 0 ? 0 : waitedMs, key };
    },
    tell: async (waitedMs) => context.onEvent({ type: 'waiting-for-lock', waitedMs, holder: await holder() }),
    tooLong: async (waitedMs) => notAcquired(waitedMs, await holder(), await startedBy(client, context.tables)),
  });
}

/** If the lock is held, the transaction stays open with it. Otherwise nothing stays open. */
async function tryLock(
  client: OwnClient,
  context: ConnectContext & { readonly tables: Tables },
): Promise<{ readonly held: boolean; readonly key: number }> {
  const results = (await asking(client, 'the request for the migration lock', () =>
    client.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED;
     SET LOCAL idle_in_transaction_session_timeout = 0; ${keepalives};
     SET LOCAL statement_timeout = 0;
     SELECT set_config('transaction_timeout', '0', true) WHERE current_setting('server_version_num')::int >= 170000;
     SELECT key, pg_try_advisory_xact_lock(${namespace}, key) AS held, pg_backend_pid() AS pid, ${backendStarted} AS started, ${selectReadOnly}
       FROM (SELECT ${keySql(context.tables)} AS key) AS ledger;
     SELECT pg_stat_clear_snapshot()`,
    ),
  )) as unknown as readonly SqlResult[];
  const answer = results.at(-2)?.rows[0];
  const refusal = readOnlyIn(answer, context);
  if (refusal !== undefined) {
    await client.query('ROLLBACK');
    throw new MigrateError({
      code: 'READ_ONLY',
      message: `${refusal.message} Nothing was changed.`,
      next: refusal.next,
    });
  }
  const held = answer?.['held'] === true;
  if (held) servedBy(client, learnBackend(client, answer));
  else await client.query('ROLLBACK');
  return { held, key: Number(answer?.['key']) };
}

/** A migration may start an application that migrates when it starts. */
function waitsForItself(migration: string): MigrateError {
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `Migration ${migration} migrates the same database while it is executed, probably with an application that it starts. It holds the lock for that itself, and would wait forever.`,
    next: "Start an application in a migration without migrating: MigrationsModule.forRoot({ onBootstrap: 'off' }), or a module without it. Better, use the query runner that the migration is given.",
    migration,
  });
}

/** In this mode of PgBouncer, each statement may go to a different session. https://www.pgbouncer.org/features.html */
function refusedByPooler(error: unknown): MigrateError | undefined {
  if (!messageOf(error).includes('not allowed in statement pooling mode')) return undefined;
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `This connection goes through a pooler in statement mode (pool_mode = statement), which does not allow transactions, so migrations cannot run through it: ${messageOf(error)}. Nothing was changed.`,
    next: 'Use the address of the server itself: NEST_MIGRATE_DATABASE_URL for the command, or the setting `directUrl` for the command and the app.',
    cause: error,
  });
}

function keepAlive(client: OwnClient): { assertHeld(): void; stop(): void } {
  let lost: unknown;
  client.on('error', (error) => (lost ??= error ?? 'connection error'));
  client.on('end', () => (lost ??= 'connection closed'));
  // A SELECT would take a snapshot, and a statement that waits for snapshots at that moment would wait for the end of this transaction.
  const ping = (): void =>
    void (isQuiet(client) && client.query('SHOW server_version').catch((error: unknown) => (lost ??= error)));
  const timer = setInterval(ping, keepAliveMs);
  timer.unref();
  return {
    stop: () => clearInterval(timer),
    assertHeld: () => {
      if (lost === undefined) return;
      throw new MigrateError({
        code: 'LOCK_LOST',
        message:
          'The connection that holds the migration lock was lost. This process executes no further statements, because another one may be migrating now.',
        next: 'Look at `nest-migrate status`, then run the command again.',
        cause: lost,
      });
    },
  };
}

/** The migration without a transaction that the log names as started, and the process that started it: that of the lock, if it is alive. */
async function startedBy(client: SqlClient, { log }: Tables): Promise<string> {
  const { rows: found } = await client.query(`SELECT to_regclass(${quoteLiteral(log)}) IS NOT NULL AS is_there`);
  if (found[0]?.['is_there'] !== true) return '';
  const { rows } = await client.query(
    `SELECT migration, host, pid FROM ${log} WHERE NOT transactional AND state = 'started' ORDER BY id DESC LIMIT 1`,
  );
  const [row] = rows;
  if (row === undefined) return '';
  return ` According to the log, process ${Number(row['pid'])} on host ${String(row['host'])} has started ${String(row['migration'])}, and has not finished it.`;
}

/** The last query of the session of the lock says nothing: the work is done in another session. */
function notAcquired(waitedMs: number, holder: Blocker | undefined, started: string): MigrateError {
  const who = holder ? ` The lock is held by ${describeHolder(holder)}.${started}` : '';
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `Another process was still migrating this database after ${Math.round(waitedMs / 1000)} s.${who} This process changed nothing.`,
    next: holder
      ? `Wait longer (${setTo('waitForOthers', '10min')}); or, if that process is dead, end its session: ${endOf(holder)}`
      : `Run the command again, or wait longer (${setTo('waitForOthers', '10min')}).`,
  });
}
