import { messageOf } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import type { Blocker } from '../events.js';
import { blockersOf, now, sessionExecuting } from './blockers.js';
import { workOf } from './work.js';
import type { Work } from './work.js';
import type { ConnectContext, OwnClient, SqlClient } from './sql-client.js';
import { newClient } from './connection-config.js';
import { sqlState } from './failure.js';
import { lastQueryOf, noReply, processIdOf, wireOf } from './wire.js';

/** A process of the server. Its id may be reused, but then the start time differs. */
export interface Backend {
  readonly pid: number;
  /** Undefined if the server has not been asked for it yet. */
  readonly started?: string | undefined;
  /** The last query, which identifies the session until then. */
  readonly query?: string | undefined;
}

/**
 * Until a session has reported its process, only the process id from the start of the connection is known, which a pooler may have
 * invented.
 */
export function supposedBackend(client: object): Backend | undefined {
  const pid = processIdOf(client);
  return pid === undefined ? undefined : { pid, query: lastQueryOf(client) };
}

/** SQL for the start time of this session's process. It reads current statistics, which are then discarded. */
export const backendStarted = `(SELECT (extract(epoch FROM backend_start) * 1000000)::int8::text FROM pg_stat_get_activity(pg_backend_pid()))`;

const starts = new WeakMap<object, string>();

/** The same for a connection that has answered before and is always served by the same process. */
export function backendStartedOf(client: object): string {
  const known = starts.get(client);
  return known === undefined ? backendStarted : quoteLiteral(known);
}

/** Stores the answer of a connection. Through a pooler, the next transaction may be served by another process. */
export function learnBackend(client: object, answer: Readonly<Record<string, unknown>> | undefined): Backend {
  const backend = { pid: Number(answer?.['pid']), started: String(answer?.['started']) };
  if (backend.pid === processIdOf(client)) starts.set(client, backend.started);
  return backend;
}

/** The activity of a session, as another session sees it. */
export interface Sight {
  readonly server: 'working' | 'idle' | 'gone' | 'refusing' | 'silent';
  /** How long it has been idle. */
  readonly idleMs: number;
  readonly refusal?: string;
  /** What holds the lock that it waits for; absent if it waits for none. */
  readonly blockers?: readonly Blocker[];
}

export const silent: Sight = { server: 'silent', idleMs: 0 };

/** The server may have answered with a refusal: too many connections, or no matching entry in pg_hba.conf. */
function unseen(error: unknown): Sight {
  const code = sqlState(error);
  return code === undefined ? silent : { server: 'refusing', idleMs: 0, refusal: `${messageOf(error)}, ${code}` };
}

/** A second connection, opened when it is first needed, which is asked about a session that does not answer. */
export interface Witness {
  /** If the process is unknown, as through a pooler, looks for any session that executes this statement. */
  look(backend: Backend | undefined, sql: string | undefined): Promise<Sight>;
  /** What blocks a process. The query runs outside a transaction, so that no statement can wait for it. */
  blockersOf(backend: Backend): Promise<readonly Blocker[]>;
  /** The progress of a process with its statement, queried in the same way. */
  workOf(pid: number): Promise<Work | undefined>;
  cancel(pid: number): Promise<void>;
  /** Cancels a query whose connection is closed, and which nothing reads any more. */
  forget(backend: Backend): Promise<void>;
  /** Terminates a session of ours that waits for us, to release what it holds. */
  end(backend: Backend): Promise<void>;
  close(): void;
}

export function createWitness(context: ConnectContext, patienceMs: number): Witness {
  let opened: Promise<OwnClient> | undefined;
  const close = (): void => {
    void opened?.then(
      (client) => wireOf(client)?.cut(noReply('closed')),
      () => undefined,
    );
    opened = undefined;
  };
  const ask = async <T>(question: (client: SqlClient) => Promise<T>): Promise<T> => {
    // If this connection does not answer either, it is given up, and the next query opens another one.
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(noReply('The second connection does not answer either')), patienceMs);
    });
    try {
      return await Promise.race([(opened ??= open(context, patienceMs)).then(question), tooLong]);
    } catch (error) {
      close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    close,
    look: (backend, sql) => ask((client) => (backend ? stateOf(client, backend) : executes(client, sql))).catch(unseen),
    blockersOf: (backend) => ask((client) => blockersOfBackend(client, backend)),
    workOf: (pid) => ask((client) => workOf(client, pid)),
    cancel: (pid) => ask((client) => client.query(`SELECT pg_cancel_backend(${pid})`)).then(() => undefined),
    forget: async (backend) => {
      await ask((client) =>
        client.query(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ${is(backend)} AND state = 'active'`),
      ).catch(() => undefined);
    },
    end: async (backend) => {
      await ask((client) =>
        client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${is(backend)} AND state LIKE 'idle%'`,
        ),
      ).catch(() => undefined);
    },
  };
}

async function open(context: ConnectContext, patienceMs: number): Promise<OwnClient> {
  const client = newClient(context, patienceMs);
  await client.connect();
  return client;
}

async function stateOf(client: SqlClient, backend: Backend): Promise<Sight> {
  const { rows } = await client.query(
    `SELECT coalesce(state, '') LIKE 'idle%' AS idle, extract(epoch FROM clock_timestamp() - state_change) * 1000 AS ms
     FROM pg_stat_activity WHERE ${is(backend)}`,
  );
  const [row] = rows;
  if (row === undefined) return { server: 'gone', idleMs: 0 };
  return row['idle'] === true ? { server: 'idle', idleMs: Number(row['ms']) } : working(client, backend.pid);
}

async function executes(client: SqlClient, sql: string | undefined): Promise<Sight> {
  if (sql === undefined) return silent;
  const session = await sessionExecuting(client, sql, undefined);
  return session ? working(client, session.pid) : { server: 'gone', idleMs: 0 };
}

/** For the server, a session that waits for a lock is active too. */
async function working(client: SqlClient, pid: number): Promise<Sight> {
  const blockers = await blockersOf(client, pid);
  return { server: 'working', idleMs: 0, ...(blockers.length > 0 && { blockers }) };
}

/** What blocks this process, if it is still the same one: until it has reported itself, its id may be the invention of a pooler. */
export async function blockersOfBackend(client: SqlClient, backend: Backend): Promise<readonly Blocker[]> {
  const isKnown = backend.started !== undefined;
  if (!isKnown && (await now(client, `SELECT FROM pg_stat_activity WHERE ${is(backend)}`)).rows.length === 0) return [];
  return blockersOf(client, backend.pid);
}

/** The text of a session is truncated (track_activity_query_size, 1 kB by default). */
function is({ pid, started, query }: Backend): string {
  const same =
    started === undefined
      ? `left(query, 200) = left(${quoteLiteral((query ?? '').slice(0, 200))}, 200)`
      : `(extract(epoch FROM backend_start) * 1000000)::int8::text = ${quoteLiteral(started)}`;
  return `pid = ${Math.trunc(pid)} AND ${same}`;
}
