import type { SqlClient } from '../database/client.js';
import type { Extensions } from '../data-source/pglite.js';
import { codeOf, MigrateError } from '../errors.js';
import { readCatalog } from '../schema/read.js';
import type { CatalogPool, ReadOptions } from '../schema/read.js';
import { pgDelta, pglite } from '../version.js';
import { takeAhead } from './ahead.js';
import { inProcess } from './in-process.js';
import { inside } from './inside.js';
import type { Place } from './place.js';
import { createTemporaryDatabase } from './temporary-database.js';

/** What can be asked, and read. */
export type Database = CatalogPool & SqlClient;

/** A throwaway PostgreSQL, empty at first. */
export interface Throwaway {
  readonly pool: Database;
  /** Where it can be read beside the database. */
  readonly readCatalog?: Database['readCatalog'];
  /** Whether these extensions can be created, as far as that is known. */
  offers(extensions: readonly string[]): boolean;
  close(): Promise<void>;
}

export interface ThrowawayOptions {
  /** A server to make a temporary database on; without it, PostgreSQL runs in this process. */
  readonly url?: string | undefined;
  /** Extensions that PGlite has in packages of their own. */
  readonly extensions?: (() => Promise<Extensions>) | undefined;
}

export async function openThrowaway(options: ThrowawayOptions): Promise<Throwaway> {
  const ahead = options.url === undefined && options.extensions === undefined ? await takeAhead() : undefined;
  const place = ahead ?? (await findPlace(options));
  const pool = place.openPool();
  // A connection that is lost while nobody asks anything: whoever asks next is told.
  pool.on('error', () => undefined);
  const close = async (): Promise<void> => {
    await pool.end().catch(() => undefined);
    await place.remove();
  };
  try {
    (await pool.connect()).release();
    const { onlyExtensions, readCatalog: read } = place;
    const offers = (wanted: readonly string[]): boolean =>
      wanted.every((name) => onlyExtensions?.includes(name) ?? true);
    return { pool: readBeside(pool, read), readCatalog: read, close, offers };
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

/** With every extension that can be had: what migrations need, nobody knows before they are executed. */
export function findPlace({ url, extensions }: ThrowawayOptions): Promise<Place> {
  return url === undefined ? inProcess(extensions) : createTemporaryDatabase(url);
}

/** Why a throwaway database could not be had, in words that help. */
export function notOpened(error: unknown): unknown {
  if (codeOf(error) !== 'PACKAGE_MISSING') return error;
  return new MigrateError({
    code: 'PACKAGE_MISSING',
    message:
      'A throwaway PostgreSQL is needed to compare schemas, and PGlite, which runs in the process, is not installed.',
    next: `Install it for development: npm i -D ${pglite} ${pgDelta}. Or name a server: --shadow postgres://…`,
    cause: error,
  });
}
