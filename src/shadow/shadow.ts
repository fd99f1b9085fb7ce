import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { SqlClient } from '../database/client.js';
import { embeddedDriver } from '../data-source/embedded.js';
import type { Extensions } from '../data-source/pglite.js';
import { codeOf, messageOf, MigrateError } from '../errors.js';
import { pgDelta, pglite } from '../version.js';
import type { CatalogPool } from '../schema/read.js';
import type { Place } from './place.js';
import { stubDriver } from './stub-driver.js';
import { createTemporaryDatabase } from './temporary-database.js';

/** A throwaway PostgreSQL, empty at first, for the data source's migrations or entities. */
export interface Shadow {
  /** With the options of the real one, and connected here. */
  readonly dataSource: DataSource;
  readonly pool: CatalogPool & SqlClient;
  close(): Promise<void>;
}

/** The data source with its entities, without any database: for what TypeORM knows by itself. */
export async function withEntities<T>(source: DataSource, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({ ...optionsOf(source), driver: stubDriver() });
  await dataSource.initialize().catch((error: unknown) => {
    throw notOpened(error);
  });
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

export interface ShadowOptions {
  /** A server to make a temporary database on; without it, PostgreSQL runs in this process. */
  readonly url?: string | undefined;
  /** Extensions that PGlite has in packages of their own. */
  readonly extensions?: (() => Promise<Extensions>) | undefined;
}

export async function openShadow(source: DataSource, options: ShadowOptions): Promise<Shadow> {
  const place = await (options.url === undefined ? inProcess(options) : createTemporaryDatabase(options.url));
  const dataSource = new DataSource({ ...optionsOf(source), ...place.connection });
  try {
    await dataSource.initialize();
    const { master } = dataSource.driver as unknown as { readonly master: CatalogPool & SqlClient };
    return { dataSource, pool: master, close: () => close(dataSource, place) };
  } catch (error) {
    await close(dataSource, place);
    throw notOpened(error);
  }
}

async function inProcess({ extensions }: ShadowOptions): Promise<Place> {
  const memory = '/dev/shm';
  const folder = await mkdtemp(join(existsSync(memory) ? memory : tmpdir(), 'nest-migrate-shadow-'));
  return {
    connection: {
      driver: embeddedDriver({ dir: join(folder, 'postgres'), throwaway: true, ...(extensions && { extensions }) }),
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** What decides about the schema, without what decides about the connection or has effects of its own. */
function optionsOf(source: DataSource): DataSourceOptions {
  const {
    url: _url,
    host: _host,
    port: _port,
    username: _username,
    password: _password,
    database: _database,
    ssl: _ssl,
    extra: _extra,
    replication: _replication,
    driver: _driver,
    ...rest
  } = source.options as unknown as Record<string, unknown>;
  return {
    ...rest,
    type: 'postgres',
    migrations: [],
    subscribers: [],
    synchronize: false,
    dropSchema: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    cache: false,
  };
}

async function close(dataSource: DataSource, place: Place): Promise<void> {
  if (dataSource.isInitialized) await dataSource.destroy().catch(() => undefined);
  await place.remove();
}

function notOpened(error: unknown): unknown {
  if (codeOf(error) === 'PACKAGE_MISSING') {
    return new MigrateError({
      code: 'PACKAGE_MISSING',
      message:
        'A throwaway PostgreSQL is needed to compare schemas, and PGlite, which runs in the process, is not installed.',
      next: `Install it for development: npm i -D ${pglite} ${pgDelta}. Or name a server: --shadow postgres://…`,
      cause: error,
    });
  }
  if (error instanceof MigrateError) return error;
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: 'Correct the entities or options that it names. Nothing was written.',
    cause: error,
  });
}
