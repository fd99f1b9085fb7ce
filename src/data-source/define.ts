import { isAbsolute, join } from 'node:path';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import type { MigrateSettings } from '../options.js';
import { embeddedDriver } from './embedded.js';
import { connectionFromEnvironment, loadEnvFile } from './environment.js';
import { refuseSynchronize } from './guard.js';
import { attachSettings } from './settings.js';

type PostgresOptions = Extract<DataSourceOptions, { readonly type: 'postgres' }>;

export interface DefineDataSourceOptions extends Omit<PostgresOptions, 'type'> {
  /**
   * What relative patterns in `entities`, `migrations` and `subscribers` are relative to: `import.meta.dirname`, or `__dirname`.
   * @default process.cwd()
   */
  readonly baseDir?: string;
  /** @default '.env' */
  readonly envFile?: string;
  /**
   * The folder of the database that is used when nothing says where a server is; `false` if there must be one.
   * @default the environment variable NEST_MIGRATE_EMBEDDED, or '.nest-migrate/postgres'
   */
  readonly embedded?: string | false;
}

const standardPatterns = {
  entities: ['src/**/*.entity.{ts,js}'],
  migrations: ['migrations/*.{ts,mts,cts,js,mjs,cjs,sql}'],
};

/**
 * The one place where the connection is written. Reads `DATABASE_URL` or `PG*` from the environment and from `.env`; without any
 * of them the database is an embedded PostgreSQL, so that everything runs on a bare machine.
 *
 * @example
 * export default defineDataSource({
 *   baseDir: import.meta.dirname,
 *   entities: ['src/**\/*.entity.{ts,js}'],
 *   migrations: ['migrations/*.{ts,js,sql}'],
 * });
 */
export function defineDataSource(options: DefineDataSourceOptions = {}, settings: MigrateSettings = {}): DataSource {
  const { baseDir, envFile = '.env', embedded = process.env['NEST_MIGRATE_EMBEDDED'] || '.nest-migrate/postgres', ...given } = options;
  refuseSynchronize(given, 'The data source');
  loadEnvFile(envFile);
  const within = (patterns: unknown): unknown => (baseDir === undefined ? patterns : relativeTo(baseDir, patterns));
  const dataSource = new DataSource({
    ...whereIs(given, embedded),
    ...given,
    type: 'postgres',
    synchronize: false,
    entities: within(given.entities ?? standardPatterns.entities),
    migrations: within(given.migrations ?? standardPatterns.migrations),
    ...(given.subscribers && { subscribers: within(given.subscribers) }),
  } as PostgresOptions);
  attachSettings(dataSource, settings);
  return dataSource;
}

function whereIs(given: Omit<PostgresOptions, 'type'>, embedded: string | false): object {
  if (given.url !== undefined || given.host !== undefined || given.driver !== undefined || given.replication !== undefined) return {};
  const connection = connectionFromEnvironment();
  if (connection !== undefined) return connection;
  // A server on this machine is what TypeORM itself assumes.
  return embedded === false ? {} : { driver: embeddedDriver(embedded), poolSize: 1 };
}

function relativeTo(baseDir: string, patterns: unknown): unknown {
  if (typeof patterns === 'string') return isAbsolute(patterns) ? patterns : join(baseDir, patterns);
  if (Array.isArray(patterns)) return patterns.map((pattern) => relativeTo(baseDir, pattern));
  return patterns;
}
