import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource, QueryRunner } from 'typeorm';
import type { EventListener } from '../events.js';
import type { ResolvedSettings } from '../options.js';
import { withOwn } from '../typeorm/own-methods.js';
import { apartAtEnds } from '../sql/index.js';
import { interceptQueries } from '../typeorm/query-runner.js';
import { sessionExecuting } from './blockers.js';
import { abortable, cancelled } from './cancel.js';
import { boundsOf, watchReplies } from './replies.js';
import type { Awaited } from './replies.js';
import { isQuiet, keepAlive, lastQueryOf, processIdOf, rememberQueries, wireOf } from './wire.js';
import { createWitness, supposedBackend } from './witness.js';
import type { Backend } from './witness.js';
import { isConnectionLost } from './client.js';
import { sqlState } from './failure.js';
import type { OwnClient, SqlClient } from './sql-client.js';
import { lendQueryRunner } from './lend-query-runner.js';
import { watchBlockers } from './watch-blockers.js';
import type { Progress as Watched } from './watch-blockers.js';
import { watchWork } from './watch-work.js';
import type { Lock } from './lock.js';

/** What all migrations of one command share. */
export interface SessionContext {
  readonly dataSource: DataSource;
  readonly lock: Lock;
  readonly settings: ResolvedSettings;
  readonly onEvent: EventListener;
  readonly signal: AbortSignal;
}

/** The connection of one migration. Each statement is counted, timed, and cancelled when a signal comes. */
export interface Session {
  readonly queryRunner: QueryRunner;
  /** The same connection without TypeORM, for our own statements, which are neither counted nor logged. */
  readonly client: SqlClient;
  readonly progress: Progress;
  /** Lets TypeORM do something that is not part of the migration, such as opening the transaction. `send` sends its statements. */
  unwatched<T>(work: () => Promise<T>, send?: (sql: string) => Promise<unknown>): Promise<T>;
  /**
   * The reason why the connection was lost, if that happened between two statements and the error only says that there is no connection.
   */
  causeOf(thrown: unknown): unknown;
  /** Sets the server process that works for this connection; undefined while a pooler may have assigned it to others. */
  setBackend(backend: Backend | undefined): void;
}

export interface Progress extends Watched {
  /** A description of our own query, for messages, while no statement is running. */
  own: string;
}

/** Executes one statement of a migration. The default passes it to the query runner. */
export type Execute = (sql: string, parameters: unknown, run: () => Promise<unknown>) => Promise<unknown>;

interface Observed extends SessionContext {
  /** The migration that is currently running; several may share a transaction. */
  readonly migration: () => string;
  readonly execute?: (session: Session) => Execute;
  /** The error if there is no connection. @default the one of the driver */
  readonly unconnected?: (error: unknown) => unknown;
  /** See watch-blockers.ts. */
  readonly waitsForSnapshots?: () => boolean;
}

/**
 * Provides a watched connection for one migration. It always gets a new query runner, because a query runner caches what it has read of
 * tables.
 */
export async function withSession<T>(context: Observed, work: (session: Session) => Promise<T>): Promise<T> {
  return lendQueryRunner(context, async (queryRunner) => {
    const client = await connected(queryRunner, context).catch((error: unknown) => {
      throw context.unconnected?.(error) ?? error;
    });
    const progress: Progress = {
      statement: 0,
      sql: undefined,
      isRunning: false,
      own: 'a query of nest-migrate',
      blockers: [],
    };
    let backend: Backend | undefined;
    const query = queryRunner.query;
    const ended: { by?: unknown } = {};
    const onError = (error?: Error): void => void (ended.by ??= error);
    (client as OwnClient).on('error', onError);
    const session: Session = {
      queryRunner,
      client,
      progress,
      causeOf: (thrown) =>
        ended.by !== undefined && sqlState(thrown) === undefined && isConnectionLost(thrown) ? ended.by : thrown,
      setBackend: (served) => (backend = served),
      unwatched: (unwatched, send) => withOwn(queryRunner, { query: send ?? query }, unwatched),
    };
    const stopCancelling = cancelOnSignal(context, session, () => backend?.pid);
    const stopTelling = watchWork(context, progress, () => backend?.pid);
    const forget = rememberQueries(client);
    const serving = (): Backend | undefined => backend ?? (progress.isRunning ? undefined : supposedBackend(client));
    const ownQuery = (): string | undefined => (isQuiet(client) ? undefined : lastQueryOf(client));
    const stopWatching = watchBlockers(context, progress, serving, ownQuery);
    const stopWaiting = watchReplies(
      context,
      repliesOn(client, session, context, () => backend, serving),
    );
    observe(session, context, context.execute?.(session) ?? ((_sql, _parameters, run) => run()));
    try {
      return await work(session);
    } finally {
      (client as OwnClient).off('error', onError);
      stopWaiting();
      forget();
      stopWatching();
      stopTelling();
      stopCancelling();
    }
  });
}

/** A pool waits forever, both for a free connection and for a server that does not answer a new one. */
async function connected(queryRunner: QueryRunner, context: SessionContext): Promise<SqlClient> {
  const client = (await abortable(
    context.signal,
    () => queryRunner.connect(),
    'It was waiting for a connection.',
  )) as SqlClient;
  keepAlive(client);
  return client;
}

function repliesOn(
  client: SqlClient,
  { progress }: Session,
  context: Observed,
  backend: () => Backend | undefined,
  serving: () => Backend | undefined,
): Awaited {
  const wire = wireOf(client);
  return {
    wires: () => (wire ? [wire] : []),
    to: () => (progress.isRunning ? `statement ${progress.statement}` : progress.own),
    migration: context.migration,
    // Through a pooler, a statement is identified by its text instead.
    backend: serving,
    sql: () => (progress.isRunning ? progress.sql : undefined),
    mayTakeLong: () => progress.isRunning || backend() !== undefined,
    isDirect: () => (backend()?.pid ?? processIdOf(client)) === processIdOf(client),
  };
}

function observe(session: Session, context: Observed, execute: Execute): void {
  const { queryRunner, progress } = session;
  const { migration, lock, onEvent, signal } = context;
  const observed = async (sql: string, parameters: unknown, run: () => Promise<unknown>): Promise<unknown> => {
    if (signal.aborted) throw cancelled(signal, '');
    lock.assertHeld();
    progress.statement += 1;
    progress.sql = sql;
    progress.blockers = [];
    progress.isRunning = true;
    const started = performance.now();
    try {
      const result = await execute(sql, parameters, run);
      // What the migration throws from now on is not a failure of this statement. Another one may have been started in the meantime.
      if (progress.sql === sql) progress.sql = undefined;
      return result;
    } finally {
      progress.isRunning = false;
      onEvent({ type: 'statement', migration: migration(), sql, durationMs: performance.now() - started });
    }
  };
  interceptQueries(queryRunner, async (sql, given, query) => {
    const [parameters] = given;
    // The server takes only one statement with parameters.
    const statements = Array.isArray(parameters) && parameters.length > 0 ? [sql] : apartAtEnds(sql);
    if (statements.length === 1) return observed(sql, parameters, () => query(sql, ...given));
    let result: unknown;
    for (const one of statements) result = await observed(one, undefined, () => query(one));
    return result;
  });
}

function cancelOnSignal(context: SessionContext, { progress }: Session, backend: () => number | undefined): () => void {
  const { side } = context.lock;
  const { partingMs } = boundsOf(context.settings);
  const cancel = async (): Promise<void> => {
    const { sql, isRunning } = progress;
    // Through a pooler, the server process is found by the statement that it executes.
    const found = side && sql !== undefined && isRunning ? () => sessionExecuting(side, sql, undefined) : undefined;
    const pid = backend() ?? (await found?.())?.pid;
    if (pid === undefined) return;
    const sent =
      side && isQuiet(side) ? side.query(`SELECT pg_cancel_backend(${pid})`).then(() => true) : Promise.resolve(false);
    // The connection that holds the lock may be frozen as well.
    if (await Promise.race([sent, sleep(partingMs / 3, undefined, { ref: false })])) return;
    const witness = createWitness(context, partingMs / 3);
    await witness.cancel(pid).finally(() => witness.close());
  };
  const onAbort = (): void => void cancel().catch(() => undefined);
  context.signal.addEventListener('abort', onAbort, { once: true });
  return () => context.signal.removeEventListener('abort', onAbort);
}
