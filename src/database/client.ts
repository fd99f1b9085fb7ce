import { placeOf, reasonOf } from '../data-source/address.js';
import { embeddedHostOf } from '../data-source/embedded-brand.js';
import { codeOf, isMigrateError, messageOf } from '../errors.js';
import { poolOf } from '../typeorm/driver.js';
import { abortable, cancelled, pause } from './cancel.js';
import { checkPlace, encryptionOf, newClient, showPlace } from './connection-config.js';
import { connectionFailed } from './connection-error.js';
import { watchReplies } from './replies.js';
import type { ConnectContext, OwnClient, SqlClient } from './sql-client.js';
import type { Awaited } from './replies.js';
import { parting, processIdOf, rememberQueries, wireOf } from './wire.js';
import { supposedBackend } from './witness.js';
import type { Backend } from './witness.js';

/**
 * Provides a connection for short queries: one from the pool of an initialised data source, or else a separate connection, which may be
 * used for more.
 */
export async function withReader<T>(
  context: ConnectContext,
  work: (client: SqlClient, own?: OwnClient) => Promise<T>,
): Promise<T> {
  if (context.dataSource.isInitialized && context.settings.directUrl === undefined) return work(pooled(context));
  return withClient(context, (client) => work(client, client));
}

/** Provides a separate connection, opened as the data source would open it, and closes it afterwards. */
export async function withClient<T>(context: ConnectContext, work: (client: OwnClient) => Promise<T>): Promise<T> {
  const { client, stopWatching } = await connect(context);
  try {
    return await work(client);
  } finally {
    stopWatching();
    await close(client);
  }
}

export async function close(client: OwnClient): Promise<void> {
  await parting([client], () => client.end()).catch(() => undefined);
}

/** Each query takes a connection from the pool and is watched on it. */
function pooled(context: ConnectContext): SqlClient {
  const pool = poolOf(context.dataSource) as Pool;
  const asker: SqlClient = {
    query: async (sql, parameters) => {
      const client = await abortable(
        context.signal,
        () => pool.connect(),
        'It was waiting for a connection of the pool.',
      );
      let lost: Error | undefined;
      const onError = (error?: Error): void => void (lost = error);
      client.on('error', onError);
      const forget = rememberQueries(client);
      tellHost(context);
      const stopWatching = watchReplies(context, repliesOf(client, asker));
      try {
        return await client.query(sql, parameters);
      } finally {
        stopWatching();
        forget();
        client.release(lost);
        // From now on, the pool listens for errors.
        client.off('error', onError);
      }
    },
  };
  return asker;
}

interface Pool {
  connect(): Promise<OwnClient & { release(error?: Error): void }>;
}

const questions = new WeakMap<object, string>();

/** Describes, for messages, what is queried on this connection while the work runs. */
export async function asking<T>(client: SqlClient, what: string, work: () => Promise<T>): Promise<T> {
  questions.set(client, what);
  try {
    return await work();
  } finally {
    questions.delete(client);
  }
}

const sessions = new WeakMap<object, Backend>();

/** Records the server process that serves this connection, which was read in a transaction that stays open. */
export function servedBy(client: SqlClient, backend: Backend | undefined): void {
  if (backend) sessions.set(client, backend);
  else sessions.delete(client);
}

function repliesOf(client: OwnClient, asker: SqlClient = client): Awaited {
  const wire = wireOf(client);
  const backend = (): Backend | undefined => sessions.get(client) ?? supposedBackend(client);
  return {
    wires: () => (wire ? [wire] : []),
    to: () => questions.get(asker) ?? 'a query of nest-migrate',
    backend,
    isDirect: () => backend()?.pid === processIdOf(client),
  };
}

/** Watches a connection of the data source, until the returned function is called, while our own queries run on it. */
export function watchOwnQueries(client: OwnClient, context: ConnectContext, what: string): () => void {
  questions.set(client, what);
  const forget = rememberQueries(client);
  const stopWatching = watchReplies(context, repliesOf(client));
  return () => {
    stopWatching();
    forget();
    questions.delete(client);
  };
}

/** A separate connection. */
export interface Connection {
  readonly client: OwnClient;
  stopWatching(): void;
}

/**
 * Waits for a server that is still starting, as after `docker compose up`. Any other error is reported at once. `state` is what is known of
 * the database in the meantime.
 */
export async function connect(context: ConnectContext, state = 'Nothing was changed.'): Promise<Connection> {
  const { timeoutMs, retryEveryMs } = context.settings.connect;
  checkPlace(context);
  const shown = showPlace(context);
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 1; ; attempt++) {
    if (context.signal.aborted) throw cancelled(context.signal, state);
    const client = newClient(context, timeoutMs);
    rememberQueries(client);
    const stopWatching = watchReplies(context, repliesOf(client));
    try {
      await asking(client, `the request for a connection to ${placeOf(shown)}`, () => client.connect());
      tellHost(context);
      return { client, stopWatching };
    } catch (error) {
      stopWatching();
      await close(client);
      const left = deadline - performance.now();
      if (context.signal.aborted) throw cancelled(context.signal, state);
      if (!isServerAbsent(error) || left <= 0)
        throw await connectionFailed(error, { shown, attempts: attempt, state, encryption: encryptionOf(context) });
      const retryInMs = Math.min(retryEveryMs, left);
      context.onEvent({ type: 'connecting', attempt, reason: reasonOf(error, shown), retryInMs, leftMs: left });
      await pause(retryInMs, context.signal);
    }
  }
}

const told = new WeakMap<object, number>();

/** Reports this once in each process. */
function tellHost({ dataSource, onEvent }: ConnectContext): void {
  const pid = embeddedHostOf(dataSource);
  if (pid === undefined || told.get(dataSource) === pid) return;
  told.set(dataSource, pid);
  onEvent({ type: 'embedded-shared', pid });
}

const absentCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  '57P03', // cannot_connect_now: starting up
  '53300', // too_many_connections
]);

export function isServerAbsent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isServerAbsent);
  if (codeOf(error) !== undefined) return absentCodes.has(codeOf(error) ?? '');
  return /timeout|terminated unexpectedly/i.test(messageOf(error));
}

/** `admin_shutdown`, `crash_shutdown` and the class of connection exceptions, except for a protocol violation. */
const lostCodes = /^(?:57P0[12]|08(?!P01)...)$/;

/** Whether an open connection was lost, so that the outcome of the last query is unknown. */
export function isConnectionLost(error: unknown): boolean {
  if (isMigrateError(error)) return false;
  const code = codeOf(error);
  if (code !== undefined && lostCodes.test(code)) return true;
  return isServerAbsent(error) || /not queryable|connection terminated|already released/i.test(messageOf(error));
}
