import type { SqlClient } from '../database/sql-client.js';
import type { Extensions } from '../data-source/pglite.js';
import { readCatalog } from '../schema/read.js';
import type { CatalogPool, ReadOptions } from '../schema/read.js';
import { takeAhead } from './ahead.js';
import { lacksExtension } from './another-shadow.js';
import { inProcess } from './in-process.js';
import type { InitialState } from './initial-state.js';
import { inside } from './inside.js';
import { makeInitialState } from './make-initial-state.js';
import type { Place } from './place.js';
import { createTemporaryDatabase } from './temporary-database.js';

/** A connection for queries, and for reading the catalog. */
export type Database = CatalogPool & SqlClient;

/** A shadow: a temporary PostgreSQL. It is opened on first use, in its initial state, and removed when it is closed. */
export interface Shadow {
  initial(): Promise<InitialState>;
  /** The shadow with these extensions; if it lacks one, another database replaces it. */
  database(extensions: readonly string[]): Promise<Database>;
  /** Provides the shadow to work whose effects are discarded. */
  aside<T>(extensions: readonly string[], work: (database: Database) => Promise<T>): Promise<T>;
  /** Makes room for another one in this thread, which would take its turns with it anyway: it is opened again when it is asked for. */
  makeRoom(): Promise<void>;
  /** The next use finds another database in the initial state. */
  startOver(): Promise<void>;
  close(): Promise<void>;
}

export interface ShadowOptions {
  /** A server on which to create the temporary database; by default, PostgreSQL runs in this process. */
  readonly url: string | undefined;
  readonly initial: () => InitialState | Promise<InitialState>;
}

/** Provides a shadow while `work` runs. */
export async function withShadow<T>(options: ShadowOptions, work: (shadow: Shadow) => Promise<T>): Promise<T> {
  const shadow = openShadow(options);
  try {
    return await work(shadow);
  } finally {
    await shadow.close();
  }
}

/** For callers that close the shadow before all work is done. */
export function openShadow({ url, initial }: ShadowOptions): Shadow {
  let opened: Promise<Opened> | undefined;
  let closed: Promise<void> | undefined;
  const open = async (): Promise<Opened> => openDatabase({ url, initial: await initial() });
  const offering = async (extensions: readonly string[]): Promise<Opened> => {
    const one = await (opened ??= open());
    if (one.offers(extensions)) return one;
    await one.close();
    return (opened = open());
  };
  const close = async (): Promise<void> => (await opened?.catch(() => undefined))?.close();
  const startOver = async (): Promise<void> => {
    const before = opened;
    opened = undefined;
    await (await before?.catch(() => undefined))?.close();
  };
  const makeRoom = async (): Promise<void> => {
    if ((await opened?.catch(() => undefined))?.isHere) await startOver();
  };
  return {
    initial: async () => initial(),
    database: async (extensions) => (await offering(extensions)).database,
    aside: async (extensions, work) => aside(await offering(extensions), work),
    makeRoom,
    startOver,
    close: () => (closed ??= close()),
  };
}

interface Opened {
  readonly database: Database;
  /** Whether it runs in this thread. */
  readonly isHere: boolean;
  /** Reads the catalog in the thread of the database, if possible. */
  readonly readCatalog?: Database['readCatalog'];
  /** Whether these extensions can be created, as far as that is known. */
  offers(extensions: readonly string[]): boolean;
  close(): Promise<void>;
}

export interface PlaceOptions {
  readonly initial: InitialState;
  readonly url?: string | undefined;
  /** Extensions that PGlite ships as separate packages. */
  readonly extensions?: (() => Promise<Extensions>) | undefined;
}

async function openDatabase(options: PlaceOptions): Promise<Opened> {
  const ahead = options.url === undefined ? await takeAhead(options.initial) : undefined;
  if (ahead === undefined) return openAt(await findPlace(options), options);
  try {
    const opened = await openAt(ahead, options);
    if (!opened.missing.some(lacksExtension)) return opened;
    await opened.close();
  } catch (error) {
    if (!lacksExtension(error)) throw error;
  }
  // It has only the usual extensions, since each one takes time to load.
  return openAt(await findPlace(options), options);
}

async function openAt(
  place: Place,
  { initial, url }: PlaceOptions,
): Promise<Opened & { readonly missing: readonly string[] }> {
  const pool = place.openPool();
  // If the connection is lost while idle, the next query reports it.
  pool.on('error', () => undefined);
  const close = async (): Promise<void> => {
    await pool.end().catch(() => undefined);
    await place.remove();
  };
  try {
    (await pool.connect()).release();
    const missing = await makeInitialState(pool, initial, place.resetSession);
    const { onlyExtensions, readCatalog: read } = place;
    const offers = (wanted: readonly string[]): boolean =>
      wanted.every((name) => onlyExtensions?.includes(name) ?? true);
    const isHere = url === undefined && read === undefined;
    return { database: readBeside(pool, read), isHere, readCatalog: read, missing, close, offers };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Restores the database afterwards. */
async function aside<T>({ database, readCatalog: read }: Opened, work: (database: Database) => Promise<T>): Promise<T> {
  const client = (await database.connect()) as SqlClient & { release(): void };
  try {
    await client.query('BEGIN');
    return await work(readBeside(inside(client), read));
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

/** Reads the catalog in the thread of the database; if that fails, reads it from here, which gives the reason. */
function readBeside(database: Database, read: Database['readCatalog']): Database {
  if (read === undefined) return database;
  return Object.assign(database, {
    readCatalog: (options: ReadOptions) => read(options).catch(() => readCatalog(database, options)),
  });
}

/** Opens with every available extension, because the needs of migrations are known only when they are executed. */
export function findPlace({ url, extensions, initial }: PlaceOptions): Promise<Place> {
  return url === undefined ? inProcess({ initial, extensions }) : createTemporaryDatabase(url, initial.settings);
}
