import { Socket } from 'node:net';
import type { DataSource } from 'typeorm';
import { Within } from '../within.js';
import { addressOf, showConnection } from './describe.js';
import { WhileInUse } from './while-in-use.js';

/** Code that is only tried out has connected to the database of the data source. */
export class ReachedDatabase extends Error {
  constructor(place: string) {
    super(`it connects by itself to ${place}, the database of the data source, which must not be touched here`);
    // An application of the project may print it.
    this.stack = `Error: ${this.message}`;
  }
}

interface Kept {
  /** A client that would connect to it. */
  readonly own: PgClient;
  readonly place: string;
  readonly stop: (error: ReachedDatabase) => void;
}

interface PgClient {
  readonly host: string;
  readonly port: number | string;
  readonly database: string | undefined;
  readonly connection: { readonly stream: unknown };
  connect(callback?: (error: Error) => void): Promise<unknown> | undefined;
}

type Pg = { readonly Client: new (config: object) => PgClient };

const kept = new Within<Kept>();
const guards = new WhileInUse<Pg>();

/**
 * Tries out code of the project that must not reach the database of its data source. A migration may start a Nest application, or open a
 * connection of its own: that is refused, and ends the work at once, because an application would try again for a while.
 */
export async function keepingAway<T>(project: DataSource, work: () => Promise<T>): Promise<T> {
  const { postgres: pg } = project.driver as unknown as { readonly postgres?: Pg };
  const own = pg && clientFor(project, pg);
  if (pg === undefined || own === undefined) return work();
  const place = showConnection(project) ?? 'the server';
  const watched = (): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      kept.run({ own, place, stop: reject }, work).then(resolve, reject);
    });
  return guards.during(pg, () => guardClients(pg), watched);
}

/** Undefined if nothing can connect with this address. */
function clientFor(project: DataSource, pg: Pg): PgClient | undefined {
  try {
    return new pg.Client(addressOf(project));
  } catch {
    return undefined;
  }
}

function guardClients(pg: Pg): () => void {
  const { prototype } = pg.Client as unknown as { readonly prototype: PgClient };
  const { connect } = prototype;
  prototype.connect = function (this: PgClient, callback) {
    const { current } = kept;
    if (current === undefined || !isRemote(this) || !isSame(this, current.own)) return connect.call(this, callback);
    const error = new ReachedDatabase(current.place);
    current.stop(error);
    if (callback === undefined) return Promise.reject(error);
    queueMicrotask(() => callback(error));
    return undefined;
  };
  return () => {
    prototype.connect = connect;
  };
}

/** PostgreSQL in this process has a stream of its own. */
function isRemote({ connection }: PgClient): boolean {
  return connection.stream instanceof Socket;
}

function isSame(one: PgClient, other: PgClient): boolean {
  return one.host === other.host && Number(one.port) === Number(other.port) && one.database === other.database;
}
