import { isAbsolute, join, resolve } from 'node:path';
import pg from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { searchFrom } from '../development.js';
import { literally } from '../files/pattern-folder.js';
import { standardPatterns } from '../files/standard-patterns.js';
import { embeddedDriver } from './embedded.js';
import type { EmbeddedOptions } from './embedded.js';
import { connectionFromEnvironment, loadEnvFiles } from './environment.js';
import { refuseSynchronize } from './guard.js';
import { connectionFromUrl, inParts } from './url.js';
import type { Connection } from './url.js';

/** TypeORM's options of a data source for PostgreSQL. */
export type PostgresOptions = Extract<DataSourceOptions, { readonly type: 'postgres' }>;
type GivenOptions = Omit<PostgresOptions, 'type'>;

/** What `defineDataSource` takes: the options of TypeORM for PostgreSQL, and where the project is. */
export interface DefineDataSourceOptions extends GivenOptions {
  /**
   * What relative patterns in `entities`, `migrations` and `subscribers` are relative to: `import.meta.dirname`, or `__dirname`.
   * @default process.cwd()
   */
  readonly baseDir?: string;
  /**
   * How files of the project are loaded: `(file) => import(file)`. Test runners such as Vitest transform what is imported in the project, and
   * nothing else; through this, migrations and entities are loaded as the app itself loads them, and no class is there twice. The command
   * has a loader of its own.
   */
  readonly import?: (file: string) => Promise<unknown>;
  /**
   * One file or several, relative to process.cwd() as in @nestjs/config; an earlier one wins over a later one, the environment over all.
   * @default '.env'
   */
  readonly envFile?: string | readonly string[];
  /**
   * The database that is used when nothing says where a server is: its folder, or more; `false` if there must be a server.
   * @default the environment variable NEST_MIGRATE_EMBEDDED, or '.nest-migrate/postgres'; under Jest and Vitest one for each worker
   */
  readonly embedded?: string | EmbeddedOptions | false;
}

/** The options that TypeORM is given. */
export function optionsFor(options: DefineDataSourceOptions): PostgresOptions {
  const { baseDir, import: _import, envFile = '.env', embedded = {}, ...given } = options;
  refuseSynchronize(given, 'The data source');
  if (baseDir !== undefined) searchFrom(resolve(baseDir));
  loadEnvFiles(envFile);
  const within = (patterns: unknown): unknown =>
    baseDir === undefined ? patterns : relativeTo(literally(resolve(baseDir)), patterns);
  return {
    // TypeORM looks for it by a name that a bundler does not know.
    driver: pg,
    ...given,
    ...whereIs(given, embedded),
    type: 'postgres',
    synchronize: false,
    entities: within(given.entities ?? standardPatterns.entities),
    migrations: within(given.migrations ?? standardPatterns.migrations),
    ...(given.subscribers && { subscribers: within(given.subscribers) }),
  } as PostgresOptions;
}

/** The options that say where the database is, with what is given winning over the environment. */
function whereIs(given: GivenOptions, embedded: string | EmbeddedOptions | false): object {
  if (given.url) return withOwn(connectionFromUrl(given.url, 'url'), given);
  if (given.host || given.driver || given.replication) return {};
  const connection = connectionFromEnvironment();
  if (connection !== undefined) return withParts(connection, given);
  // A server on this machine is what TypeORM itself assumes.
  if (embedded === false) return {};
  return { driver: embeddedDriver(typeof embedded === 'string' ? { dir: embedded } : embedded) };
}

/** An address would win over its parts, in `pg` and in TypeORM. */
function withParts(connection: Connection, given: GivenOptions): object {
  const { port, username, password, database } = given;
  const parts = defined({ port, username, password, database });
  const isWhole = connection.url === undefined || Object.keys(parts).length === 0;
  return { ...withOwn(isWhole ? connection : inParts(connection), given), ...parts };
}

/** With the encryption that is given, and with both of what `pg` takes beside its own. */
function withOwn({ ssl, extra, ...address }: Connection, given: GivenOptions): object {
  const own = given.extra as object | undefined;
  if (given.ssl !== undefined) return { ...address, ssl: given.ssl, extra: { ...extra, stream: undefined, ...own } };
  return { ...address, ...defined({ ssl, extra: extra && { ...extra, ...own } }) };
}

function defined(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function relativeTo(baseDir: string, patterns: unknown): unknown {
  if (typeof patterns === 'string') return isAbsolute(patterns) ? patterns : join(baseDir, patterns);
  if (Array.isArray(patterns)) return patterns.map((pattern) => relativeTo(baseDir, pattern));
  return patterns;
}
