import { messageOf } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import type { Blocker } from '../events.js';
import { blockersOf, sessionExecuting } from './blockers.js';
import { workOf } from './work.js';
import type { Work } from './work.js';
import type { ConnectContext, OwnClient, SqlClient } from './sql-client.js';
import { newClient } from './connection-config.js';
import { sqlState } from './failure.js';
import { lastQueryOf, noReply, processIdOf, wireOf } from './wire.js';

/** A process of the server. Its number may be used again, and then the time at which it was started differs. */
export interface Backend {
  readonly pid: number;
  /** Undefined where the server has not been asked for it yet. */
  readonly started?: string | undefined;
  /** What was sent last, to tell the session by it until then. */
  readonly query?: string | undefined;
}

/** Before a session has said which process it has, there is only the number that came with the connection: through a pooler, any number. */
export function supposedBackend(client: object): Backend | undefined {
  const pid = processIdOf(client);
  return pid === undefined ? undefined : { pid, query: lastQueryOf(client) };
}

/** SQL of the time at which the process of this session was started. It reads the statistics of the moment, and forgets them again. */
export const backendStarted = `(SELECT (extract(epoch FROM backend_start) * 1000000)::int8::text FROM pg_stat_get_activity(pg_backend_pid()))`;

const starts = new WeakMap<object, string>();

/** The same for a connection that has been asked before, and that is served by one process only, as long as it lasts. */
export function backendStartedOf(client: object): string {
  const known = starts.get(client);
  return known === undefined ? backendStarted : quoteLiteral(known);
}

/** What a connection has answered to it. Through a pooler, the next transaction may be served by another process. */
export function learnBackend(client: object, answer: Readonly<Record<string, unknown>> | undefined): Backend {
  const backend = { pid: Number(answer?.['pid']), started: String(answer?.['started']) };
  if (backend.pid === processIdOf(client)) starts.set(client, backend.started);
  return backend;
}

/** What a session does, as another one sees it. */
export interface Sight {
  readonly server: 'working' | 'idle' | 'gone' | 'refusing' | 'silent';
  /** How long it has had nothing to do. */
  readonly idleMs: number;
  readonly refusal?: string;
}

export const silent: Sight = { server: 'silent', idleMs: 0 };

/** It may have answered, and refused: where there are too many connections, or where pg_hba.conf allows no other one. */
function unseen(error: unknown): Sight {
  const code = sqlState(error);
  return code === undefined ? silent : { server: 'refusing', idleMs: 0, refusal: `${messageOf(error)}, ${code}` };
}

/** A second connection, opened when it is needed first, which is asked about a session that does not answer. */
export interface Witness {
  /** Where the process is not known, as through a pooler: whether any session executes this statement. */
  look(backend: Backend | undefined, sql: string | undefined): Promise<Sight>;
  /** Who stands in the way of a process. It is asked outside of any transaction, which no statement could wait for. */
  blockersOf(pid: number): Promise<readonly Blocker[]>;
  /** How far a process has come with its statement, asked in the same way. */
  workOf(pid: number): Promise<Work | undefined>;
  cancel(pid: number): Promise<void>;
  /** Ends a session of ours that waits for us, so that what it holds is free. */
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
    // A connection that does not answer either is given up, and another one is opened for the next question.
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
    blockersOf: (pid) => ask((client) => blockersOf(client, pid)),
    workOf: (pid) => ask((client) => workOf(client, pid)),
    cancel: (pid) => ask((client) => client.query(`SELECT pg_cancel_backend(${pid})`)).then(() => undefined),
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
  return row['idle'] === true ? { server: 'idle', idleMs: Number(row['ms']) } : { server: 'working', idleMs: 0 };
}

async function executes(client: SqlClient, sql: string | undefined): Promise<Sight> {
  if (sql === undefined) return silent;
  return { server: (await sessionExecuting(client, sql, undefined)) ? 'working' : 'gone', idleMs: 0 };
}

/** The text of a session is cut (track_activity_query_size, 1 kB by default). */
function is({ pid, started, query }: Backend): string {
  const same =
    started === undefined
      ? `left(query, 200) = left(${quoteLiteral((query ?? '').slice(0, 200))}, 200)`
      : `(extract(epoch FROM backend_start) * 1000000)::int8::text = ${quoteLiteral(started)}`;
  return `pid = ${Math.trunc(pid)} AND ${same}`;
}
