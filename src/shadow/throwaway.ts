import type pg from 'pg';
import type { SqlClient } from '../database/client.js';
import type { Extensions } from '../data-source/pglite.js';
import { codeOf, MigrateError } from '../errors.js';
import type { CatalogPool } from '../schema/read.js';
import { pgDelta, pglite } from '../version.js';
import { takeAhead } from './ahead.js';
import { inProcess } from './in-process.js';
import type { Place } from './place.js';
import { createTemporaryDatabase } from './temporary-database.js';

/** What can be asked, and read. */
export type Database = CatalogPool & SqlClient;

/** A throwaway PostgreSQL, empty at first. */
export interface Throwaway {
  readonly pool: Database;
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
    const { onlyExtensions } = place;
    const offers = (wanted: readonly string[]): boolean =>
      wanted.every((name) => onlyExtensions?.includes(name) ?? true);
    return { pool: pool as unknown as Database, close, offers };
  } catch (error) {
    await close();
    throw notOpened(error);
  }
}

/** Lends it to work of which nothing stays: afterwards the database is as it was. */
export async function aside<T>({ pool }: Throwaway, work: (database: Database) => Promise<T>): Promise<T> {
  const client = (await pool.connect()) as SqlClient & { release(): void };
  try {
    await client.query('BEGIN');
    return await work(inside(client));
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

/** The connection of an open transaction as a pool: who wants a transaction of its own to read in gets a part of that one. */
function inside(client: SqlClient): Database {
  const nested: readonly (readonly [RegExp, string])[] = [
    [/^BEGIN\b/i, 'SAVEPOINT reading'],
    [/^(COMMIT|ROLLBACK)\b/i, 'ROLLBACK TO SAVEPOINT reading'],
  ];
  const query = (sql: string, parameters?: readonly unknown[]): ReturnType<SqlClient['query']> => {
    const replaced = nested.find(([pattern]) => typeof sql === 'string' && pattern.test(sql));
    return client.query(replaced?.[1] ?? sql, parameters);
  };
  const lent = Object.assign(Object.create(client) as pg.PoolClient, { query, release: () => undefined });
  return { query: client.query.bind(client), connect: () => Promise.resolve(lent) };
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
