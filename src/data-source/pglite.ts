import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { codeOf, MigrateError } from '../errors.js';
import { pglite } from '../version.js';

/** The parts of PGlite that are used; the package is optional, so its types are not imported. */
export interface PGlite {
  readonly waitReady: Promise<void>;
  execProtocolStream(message: Uint8Array, options?: object): Promise<readonly ProtocolMessage[]>;
  exec(sql: string): Promise<unknown>;
  close(): Promise<void>;
}

/** What the server answers; `status` comes with ReadyForQuery: I idle, T in a transaction, E in a failed one. */
export interface ProtocolMessage {
  readonly name: string;
  readonly status?: string;
}

/** What a client of `pg` talks through. */
export type Wire = Pick<PGlite, 'waitReady' | 'execProtocolStream'>;

/** Of PGlite, by their names: what its package `@electric-sql/pglite-…` exports. */
export type Extensions = Readonly<Record<string, object>>;

/** What TypeORM creates by itself (for uuid, citext, hstore, cube, ltree columns and exclusions), and what migrations ask for most. */
const ordinaryExtensions = [
  'uuid_ossp',
  'pgcrypto',
  'citext',
  'hstore',
  'cube',
  'ltree',
  'btree_gist',
  'btree_gin',
  'pg_trgm',
  'unaccent',
  'fuzzystrmatch',
  'earthdistance',
  'intarray',
  'tablefunc',
];

/** Those that most schemas do with; each one takes its time when the database is opened. */
export const usualExtensions: readonly string[] = ['uuid_ossp', 'pgcrypto', 'citext'];

/** With the extensions that come with PGlite (all, or the named ones), and others. */
export async function openPGlite(
  dir: string,
  extensions: Extensions = {},
  contributed: readonly string[] = ordinaryExtensions,
): Promise<PGlite> {
  const { PGlite: Database } = load('@electric-sql/pglite') as {
    readonly PGlite: new (dir: string, options: object) => PGlite;
  };
  const lite = new Database(dir, { extensions: { ...loadExtensions(contributed), ...extensions } });
  await lite.waitReady;
  return lite;
}

/** The configuration that makes a client of `pg` talk through `wire` instead of a socket. */
export function wiredConfig(wire: Wire): object {
  const { createPgConfig } = load('@electric-sql/pglite/node-postgres') as {
    readonly createPgConfig: (wire: Wire) => object;
  };
  return { ...createPgConfig(wire), ssl: false };
}

function loadExtensions(names: readonly string[]): Extensions {
  const found = names.map((name) => [name, (load(`@electric-sql/pglite/contrib/${name}`) as Extensions)[name]]);
  return Object.fromEntries(found) as Extensions;
}

/** Of the package that is installed: its databases are not those of another version. */
export function pgliteVersion(): string {
  const manifest = join(dirname(fromProject().resolve('@electric-sql/pglite')), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
}

/** The user's project: PGlite is an optional package of the user's. */
function fromProject(): NodeJS.Require {
  return createRequire(join(process.cwd(), 'package.json'));
}

function load(name: string): unknown {
  try {
    return fromProject()(name);
  } catch (error) {
    if (codeOf(error) !== 'MODULE_NOT_FOUND') throw error;
    throw new MigrateError({
      code: 'PACKAGE_MISSING',
      message: 'No DATABASE_URL (and no PGHOST) is set, and the embedded database that is used then is not installed.',
      next: `Set DATABASE_URL in .env, or install the embedded database: npm i -D ${pglite}`,
      cause: error,
    });
  }
}

export function refuseInProduction(): void {
  if (process.env['NODE_ENV'] !== 'production') return;
  throw new MigrateError({
    code: 'EMBEDDED_IN_PRODUCTION',
    message: 'No DATABASE_URL (and no PGHOST) is set, and with NODE_ENV=production the embedded database is not used.',
    next: 'Set DATABASE_URL, for example postgres://user:password@host:5432/database',
  });
}
