import type { SqlClient } from '../database/client.js';
import type { Extensions } from '../data-source/pglite.js';
import { readCatalog } from '../schema/read.js';
import type { CatalogPool, ReadOptions } from '../schema/read.js';
import { takeAhead } from './ahead.js';
import { inProcess } from './in-process.js';
import type { InitialState } from './initial-state.js';
import { inside } from './inside.js';
import { lacksExtension, makeInitialState } from './make-initial-state.js';
import { notOpened } from './not-set-up.js';
import type { Place } from './place.js';
import { createTemporaryDatabase } from './temporary-database.js';

/** What can be asked, and read. */
export type Database = CatalogPool & SqlClient;

/** A throwaway PostgreSQL, in its initial state at first. */
export interface Throwaway {
  readonly pool: Database;
  readonly initial: InitialState;
  /** Where it can be read beside the database. */
  readonly readCatalog?: Database['readCatalog'];
  /** Whether these extensions can be created, as far as that is known. */
  offers(extensions: readonly string[]): boolean;
  close(): Promise<void>;
}

export interface ThrowawayOptions {
  readonly initial: InitialState;
  /** A server to make a temporary database on; without it, PostgreSQL runs in this process. */
  readonly url?: string | undefined;
  /** Extensions that PGlite has in packages of their own. */
  readonly extensions?: (() => Promise<Extensions>) | undefined;
}

export async function openThrowaway(options: ThrowawayOptions): Promise<Throwaway> {
  const isUsual = options.url === undefined && options.extensions === undefined;
  const ahead = isUsual ? await takeAhead(options.initial) : undefined;
  if (ahead === undefined) return openAt(await findPlace(options), options);
  try {
    const opened = await openAt(ahead, options);
    if (!opened.missing.some(lacksExtension)) return opened;
    await opened.close();
  } catch (error) {
    if (!lacksExtension(error)) throw error;
  }
  // It has only the usual extensions, as every one takes its time.
  return openAt(await findPlace(options), options);
}

async function openAt(
  place: Place,
  { initial }: ThrowawayOptions,
): Promise<Throwaway & { readonly missing: readonly string[] }> {
  const pool = place.openPool();
  // A connection that is lost while nothing is asked: the next question says so.
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
    return { pool: readBeside(pool, read), initial, readCatalog: read, missing, close, offers };
  } catch (error) {
    await close();
    throw notOpened(error);
  }
}

/** Lends it to work of which nothing stays: afterwards the database is as it was. */
export async function aside<T>(
  { pool, readCatalog: read }: Throwaway,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const client = (await pool.connect()) as SqlClient & { release(): void };
  try {
    await client.query('BEGIN');
    return await work(readBeside(inside(client), read));
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

/** Where the database is in another thread, its catalog is read there; where that does not work, from here, which says why. */
function readBeside(database: Database, read: Database['readCatalog']): Database {
  if (read === undefined) return database;
  return Object.assign(database, {
    readCatalog: (options: ReadOptions) => read(options).catch(() => readCatalog(database, options)),
  });
}

/** With every extension that can be had: what migrations need is known only when they are executed. */
export function findPlace({ url, extensions, initial }: ThrowawayOptions): Promise<Place> {
  return url === undefined ? inProcess({ initial, extensions }) : createTemporaryDatabase(url, initial.settings);
}
