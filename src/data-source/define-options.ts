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

/** TypeORM's data source options for PostgreSQL. */
export type PostgresOptions = Extract<DataSourceOptions, { readonly type: 'postgres' }>;
type GivenOptions = Omit<PostgresOptions, 'type'>;

/** Options of `defineDataSource`: those of TypeORM for PostgreSQL, and the location of the project. */
export interface DefineDataSourceOptions extends GivenOptions {
  /**
   * The base folder of relative patterns in `entities`, `migrations` and `subscribers`: `import.meta.dirname`, or `__dirname`.
   * @default process.cwd()
   */
  readonly baseDir?: string;
  /**
   * Loads files of the project: `(file) => import(file)`. Test runners such as Vitest only transform files that the project
   * itself imports; with this function, migrations and entities are loaded as the app loads them, and no class exists twice. The command
   * has a loader of its own.
   */
  readonly import?: (file: string) => Promise<unknown>;
  /**
   * One or several files, relative to process.cwd() as in @nestjs/config. Earlier files override later ones; the environment overrides all.
   * @default '.env'
   */
  readonly envFile?: string | readonly string[];
  /**
   * The embedded PostgreSQL, used if no server is configured: its folder, or its options; `false` to require a server.
   * @default the environment variable NEST_MIGRATE_EMBEDDED, or '.nest-migrate/postgres'; under Jest and Vitest one for each worker
   */
  readonly embedded?: string | EmbeddedOptions | false;
}

/** The options for TypeORM. */
export function optionsFor(options: DefineDataSourceOptions): PostgresOptions {
  const { baseDir, import: _import, envFile = '.env', embedded = {}, ...given } = options;
  refuseSynchronize(given, 'The data source');
  if (baseDir !== undefined) searchFrom(resolve(baseDir));
  loadEnvFiles(envFile);
  const standard = standardPatterns(baseDir);
  const within = (patterns: unknown): unknown =>
    baseDir === undefined ? patterns : relativeTo(literally(resolve(baseDir)), patterns);
  return {
    // TypeORM would load it by a name that a bundler cannot see.
    driver: pg,
    ...given,
    ...whereIs(given, embedded),
    type: 'postgres',
    synchronize: false,
    entities: within(given.entities ?? standard.entities),
    migrations: within(given.migrations ?? standard.migrations),
    ...(given.subscribers && { subscribers: within(given.subscribers) }),
  } as PostgresOptions;
}

/** The connection options; the given ones override the environment. */
function whereIs(given: GivenOptions, embedded: string | EmbeddedOptions | false): object {
  if (given.url) return withOwn(connectionFromUrl(given.url, 'url'), given);
  if (given.host || given.driver || given.replication) return {};
  const connection = connectionFromEnvironment();
  if (connection !== undefined) return withParts(connection, given);
  // Without connection options, TypeORM assumes a server on this machine.
  if (embedded === false) return {};
  return { driver: embeddedDriver(typeof embedded === 'string' ? { dir: embedded } : embedded) };
}

/** `pg` and TypeORM ignore the parts if there is an address, so an address is split into parts before parts override it. */
function withParts(connection: Connection, given: GivenOptions): object {
  const { port, username, password, database } = given;
  const parts = defined({ port, username, password, database });
  const isWhole = connection.url === undefined || Object.keys(parts).length === 0;
  return { ...withOwn(isWhole ? connection : inParts(connection), given), ...parts };
}

/** Lets the given encryption win, and merges the options that are passed on to `pg`. */
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
