import { once } from 'node:events';
import { resolve } from 'node:path';
import pg from 'pg';
import { devPackage } from '../development.js';
import { embeddedBrand, embeddedHost, embeddedRemoval } from './embedded-brand.js';
import type { EmbeddedServer, Use } from './embedded-server.js';
import { ExitCode, isMigrateError, MigrateError } from '../errors.js';
import type { Extensions, PGlite } from './pglite.js';
import { configThrough, Wire } from './wire.js';

/** Options of the embedded PostgreSQL, which runs in the process if no server is configured. */
export interface EmbeddedOptions {
  /**
   * The folder of the database.
   * @default the environment variable NEST_MIGRATE_EMBEDDED, or '.nest-migrate/postgres'; under Jest and Vitest one for each worker
   */
  readonly dir?: string;
  /**
   * Extensions that PGlite ships as separate packages; the usual ones (uuid-ossp, pgcrypto, citext, hstore, pg_trgm, …) are included.
   *
   * @example
   * extensions: async () => ({ vector: (await import('@electric-sql/pglite-pgvector')).vector })
   */
  readonly extensions?: () => Promise<Extensions>;
}

/** What is different for a shadow. */
export interface ThrownAway {
  /** The first statement of every connection. */
  readonly begin: string;
  /** Wraps each statement that is passed as a string. */
  readonly around: Around;
}

/** Executes a statement on a connection, and possibly others before and after it. */
export type Around = <T>(sql: string, connection: Surrounded, execute: () => Promise<T>) => Promise<T>;

export interface Surrounded {
  isInTransaction(): boolean;
  execute(sql: string): Promise<unknown>;
}

interface DriverOptions extends EmbeddedOptions {
  /** A shadow holds no user data, so production needs no protection from it. */
  readonly throwaway?: ThrownAway;
  /** Opens the database somewhere else than in this thread. */
  readonly open?: () => Promise<PGlite>;
}

type Done<T> = (error: never, value: T) => void;

/** The database in a folder, for all clients in this process. Its code is loaded with the first connection: most apps have a server. */
interface Place {
  readonly use: Use;
  readonly load: () => Promise<EmbeddedServer>;
  /** Known once a client has connected. */
  server: EmbeddedServer | undefined;
}

// Shared between the ESM and the CommonJS copy of this package.
const places = ((globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.embedded.servers')] ??=
  new Map()) as Map<string, Place>;

function placeFor(dir: string, use: Use, open: () => Promise<PGlite>): Place {
  let loading: Promise<EmbeddedServer> | undefined;
  const place: Place = {
    use,
    load: async () => {
      loading ??= import('./embedded-server.js').then(({ EmbeddedServer: Server }) => new Server(dir, open, use));
      return (place.server = await loading);
    },
    server: undefined,
  };
  return place;
}

/** The folders that another process can open as well, because it needs no extensions from the project. */
export function sharedFolders(): readonly string[] {
  return [...places].flatMap(([dir, { use }]) => (use === 'shared' ? [dir] : []));
}

/** Keeps a database open in this process until `closeEmbedded`, for processes that come and go. */
export async function keepEmbeddedOpen(dir: string): Promise<void> {
  const { Client } = embeddedDriver({ dir }) as typeof pg;
  const client = new Client();
  client.on('error', () => undefined);
  await client.connect();
}

/**
 * A driver for TypeORM's `driver` option: `pg` with the server inside this process. The server is loaded only when the first connection is
 * made.
 */
export function embeddedDriver(options: DriverOptions): object {
  const { dir: folder, extensions = () => Promise.resolve({}), throwaway } = options;
  const dir = resolve(
    checkedFolder(folder ?? (process.env['NEST_MIGRATE_EMBEDDED'] || `.nest-migrate/postgres${testWorker()}`)),
  );
  const folderOpened = async (): Promise<PGlite> => {
    const [{ openFolder }, pglite] = await Promise.all([import('./data-folder.js'), import('./pglite.js')]);
    const given = await extensions();
    pglite.refuseWithoutFlag(given);
    return openFolder(dir, given, undefined, throwaway === undefined ? pglite.openPGlite : pglite.openForReplays);
  };
  const open = options.open ?? (throwaway === undefined ? () => folderOpened().catch(missing) : folderOpened);
  const use = throwaway !== undefined ? 'throwaway' : options.extensions === undefined ? 'shared' : 'extended';
  const place = places.get(dir) ?? placeFor(dir, use, open);
  places.set(dir, place);
  const driver = {
    Client: clientOf(place, throwaway),
    native: undefined,
    [embeddedBrand]: dir,
    [embeddedRemoval]: async () => (await place.load()).remove(),
    [embeddedHost]: () => place.server?.hostPid,
  };
  return Object.create(
    pg,
    Object.getOwnPropertyDescriptors({ ...driver, Pool: poolOf(place, driver.Client) }),
  ) as object;
}

/** Most users without a configured database want to connect to their own. */
function missing(error: unknown): never {
  if (!isMigrateError(error) || error.code !== 'PACKAGE_MISSING') throw error;
  throw error.with({
    message: `Neither DATABASE_URL nor PGHOST is set, and the embedded database, which would be used instead, is not installed: it comes with ${devPackage}.`,
    next: `Set DATABASE_URL in .env. Or, for the embedded database: ${error.next}`,
  });
}

/** Test runners execute several files at once, in numbered processes or threads, and each needs its own database. */
function testWorker(): string {
  const number = process.env['JEST_WORKER_ID'] ?? process.env['VITEST_POOL_ID'];
  return number === undefined ? '' : `-test-${number}`;
}

/** Refuses a folder that looks like an address, without repeating it. */
function checkedFolder(folder: string): string {
  if (!/(?<!^[a-z]):|password=/i.test(folder)) return folder;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: 'The folder of the embedded database (`embedded`, or NEST_MIGRATE_EMBEDDED) looks like an address.',
    next: 'Set the address of a server as `url`, or in DATABASE_URL.',
    exitCode: ExitCode.usage,
  });
}

/** Writes everything to disk and lets go of the folders. */
export async function closeEmbedded(): Promise<void> {
  await Promise.all([...places.values()].map(async ({ server }) => server?.close()));
}

/** The ends of clients, from when they begin. */
const ends = new WeakMap<object, Promise<void>>();

function clientOf(place: Place, throwaway: ThrownAway | undefined): typeof pg.Client {
  return class Client extends pg.Client {
    readonly #wire: Wire;

    constructor(config?: string | pg.ClientConfig) {
      if (throwaway === undefined) refuseInProduction();
      const wire: Wire = new Wire(async (messages) => (await place.load()).send(wire, messages));
      const given = typeof config === 'object' ? config : {};
      super({ ...given, ...configThrough(wire) });
      this.#wire = wire;
      if (throwaway !== undefined) this.#surround(throwaway.around);
    }

    override connect(done?: Done<pg.Client>): Promise<pg.Client> {
      return calledBack(done, async () => {
        await (await place.load()).connect(this.#wire);
        const connected = await super.connect();
        if (throwaway?.begin) await super.query(throwaway.begin);
        return connected;
      });
    }

    /** `pg` silently drops unfinished queries, so they are awaited first. */
    override end(done?: Done<void>): Promise<void> {
      const ended = calledBack(done, async () => {
        await this.#wire.idle();
        await place.server?.disconnect(this.#wire);
        await super.end();
      });
      ends.set(this, ended);
      return ended;
    }

    /** Only statements passed as strings are wrapped: all handwritten ones are. */
    #surround(around: Around): void {
      type Query = (...given: readonly unknown[]) => Promise<unknown>;
      const query = super.query.bind(this) as unknown as Query;
      const connection = { isInTransaction: () => this.#wire.isInTransaction, execute: (sql: string) => query(sql) };
      const surrounded: Query = (...given) => {
        const [sql] = given;
        if (typeof sql !== 'string') return query(...given);
        const done = given.findLast((one) => typeof one === 'function') as Done<unknown> | undefined;
        const values = given.filter((one) => typeof one !== 'function');
        return calledBack(done, () => around(sql, connection, () => query(...values)));
      };
      this.query = surrounded as unknown as typeof this.query;
    }
  };
}

function poolOf(place: Place, Client: typeof pg.Client): typeof pg.Pool {
  return class Pool extends pg.Pool {
    readonly #clients = new Set<object>();

    constructor(options?: pg.PoolConfig) {
      const config: object = { ...options, Client };
      super(config);
      this.on('connect', (client) => {
        this.#clients.add(client);
        place.server?.keepOpenFor(this);
      });
      // Before version 3.10.1, pg-pool reports a client as removed when it has only begun to end.
      this.on('remove', (client) => {
        const removed = (): void => void this.#clients.delete(client);
        void ends.get(client)?.then(removed, removed);
      });
    }

    /** A pool of `pg` ends as soon as its clients have begun to end, so they are awaited. */
    override end(done?: Done<void>): Promise<void> {
      return calledBack(done, async () => {
        await super.end();
        for (const client of this.#clients) await (ends.get(client) ?? once(this, 'remove'));
        await place.server?.release(this);
      });
    }
  };
}

/** `pg` and TypeORM pass callbacks; all other callers use the promise. */
function calledBack<T>(done: Done<T> | undefined, work: () => Promise<T>): Promise<T> {
  const working = work();
  const called = done as ((error: unknown, value?: T) => void) | undefined;
  if (called !== undefined) working.then((value) => called(null, value), called);
  return working;
}

function refuseInProduction(): void {
  if (process.env['NODE_ENV'] !== 'production') return;
  throw new MigrateError({
    code: 'EMBEDDED_IN_PRODUCTION',
    message: 'Neither DATABASE_URL nor PGHOST is set, and the embedded database is not used with NODE_ENV=production.',
    next: 'Set DATABASE_URL, for example postgres://user:password@host:5432/database',
  });
}
