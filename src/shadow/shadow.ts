import { DataSource } from 'typeorm';
import type { DataSourceOptions, EntityMetadata } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import type { Place } from './place.js';
import { stubDriver } from './stub-driver.js';
import { findPlace, notOpened } from './throwaway.js';
import type { Database, ThrowawayOptions } from './throwaway.js';

/** A throwaway PostgreSQL, empty at first, for the data source's migrations or entities. */
export interface Shadow {
  /** With the options of the real one, and connected here. */
  readonly dataSource: DataSource;
  readonly pool: Database;
  close(): Promise<void>;
}

/** The data source with its entities, without any database: for what TypeORM knows by itself. */
export async function withEntities<T>(source: DataSource, work: (dataSource: DataSource) => Promise<T>): Promise<T> {
  const dataSource = new DataSource({ ...optionsOf(source), driver: stubDriver() });
  await dataSource.initialize().catch((error: unknown) => {
    throw notSetUp(error);
  });
  inOneOrder(dataSource);
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** TypeORM loads the files that its patterns match all at once, and keeps them in the order in which they arrive: another one each time. */
function inOneOrder({ entityMetadatas }: DataSource): void {
  const place = ({ tablePath, name }: EntityMetadata): string => `${tablePath} ${name}`;
  entityMetadatas.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}

export async function openShadow(source: DataSource, options: ThrowawayOptions): Promise<Shadow> {
  const place = await findPlace(options);
  const dataSource = new DataSource({ ...optionsOf(source), ...place.connection });
  try {
    await dataSource.initialize();
    const { master } = dataSource.driver as unknown as { readonly master: Database };
    return { dataSource, pool: master, close: () => close(dataSource, place) };
  } catch (error) {
    await close(dataSource, place);
    throw notSetUp(error);
  }
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

function notSetUp(error: unknown): unknown {
  const known = notOpened(error);
  if (known instanceof MigrateError) return known;
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: 'Correct the entities or options that it names. Nothing was written.',
    cause: error,
  });
}
