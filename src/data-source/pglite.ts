import { Worker } from 'node:worker_threads';
import { developmentThread, importForDevelopment } from '../development.js';
import { codeOf, ExitCode, MigrateError } from '../errors.js';
import { ThreadedPGlite } from './threaded-pglite.js';

/** The parts of PGlite that are used. */
export interface PGlite {
  readonly waitReady: Promise<void>;
  /** Carries out messages of the protocol; nothing in their answers is thrown. */
  execProtocolRaw(messages: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Extensions of PGlite by name, as its packages `@electric-sql/pglite-…` export them. */
export type Extensions = Readonly<Record<string, object>>;

/** What TypeORM creates by itself (for uuid, citext, hstore, cube, ltree columns and exclusions), and what migrations ask for most. */
export const ordinaryExtensions: readonly string[] = [
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

/** The extensions that are enough for most schemas; each one adds to the time that opening the database takes. */
export const usualExtensions: readonly string[] = ['uuid_ossp', 'pgcrypto', 'citext'];

/** Opens a folder with the extensions that come with PGlite, of these names, and with others. */
export type OpenPGlite = (dir: string, extensions: Extensions, contributed?: readonly string[]) => Promise<PGlite>;

const purpose = 'The PostgreSQL that runs in the process needs';

/** Of an import() under Jest. */
const flagMissing = 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG';

/** In a thread of its own, unless it is given extensions, which are code and cannot be handed over. */
export const openPGlite: OpenPGlite = async (dir, extensions, contributed = ordinaryExtensions) => {
  if (Object.keys(extensions).length > 0) return openHere(dir, extensions, contributed);
  const options = { workerData: { dir, extensions: contributed }, ...ownFlags() };
  const lite = new ThreadedPGlite(new Worker(developmentThread(purpose), options));
  return lite.opened();
};

/** A thread has the flags of its process, but is none that could be given its code as a text. */
function ownFlags(): { readonly execArgv?: string[] } {
  return process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {};
}

/** In this thread. */
export const openHere: OpenPGlite = async (dir, extensions, contributed = ordinaryExtensions) => {
  const { PGlite: Database, contributed: load } = await importForDevelopment<Library>('pglite', purpose);
  const loaded = await Promise.all(contributed.map(async (name) => [name, await load(name)] as const));
  const lite = new Database(dir, { extensions: { ...Object.fromEntries(loaded), ...extensions } });
  await lite.waitReady;
  return lite;
};

/** For replays nothing else has to go on meanwhile, and here is faster. Under Jest without flags it can only be a thread. */
export const openForReplays: OpenPGlite = async (...folder) => {
  try {
    return await openHere(...folder);
  } catch (error) {
    if (codeOf(error) !== flagMissing) throw error;
    return openPGlite(...folder);
  }
};

interface Library {
  readonly PGlite: new (dir: string, options: object) => PGlite;
  contributed(name: string): Promise<object>;
}

/**
 * PGlite loads ES modules in the middle of its work, and is never ready where it cannot. What `expect` leaves tells the thread of a test from a
 * process that a test has started.
 */
function isJestWithoutFlags(): boolean {
  const { JEST_WORKER_ID: worker, VITEST: vitest, NODE_OPTIONS: options = '' } = process.env;
  const isTest = Symbol.for('$$jest-matchers-object') in globalThis && worker !== undefined && vitest === undefined;
  return isTest && !`${process.execArgv.join(' ')} ${options}`.includes('--experimental-vm-modules');
}

/** Before anything is made. */
export function refuseWithoutFlag(given: Extensions): void {
  const extensions = Object.keys(given);
  if (extensions.length === 0 || !isJestWithoutFlags()) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The embedded database was not opened: its extensions (embedded: { extensions }: ${extensions.join(', ')}) are code, with which it must be loaded into the thread of the test, and Jest without flags cannot load ES modules.`,
    next: 'Start Jest with NODE_OPTIONS=--experimental-vm-modules, or set DATABASE_URL to a server that has the extensions. Or leave the extensions out in tests: extensions: async () => (process.env.JEST_WORKER_ID ? {} : …)',
    exitCode: ExitCode.usage,
  });
}

export function refuseInProduction(): void {
  if (process.env['NODE_ENV'] !== 'production') return;
  throw new MigrateError({
    code: 'EMBEDDED_IN_PRODUCTION',
    message: 'No DATABASE_URL (and no PGHOST) is set, and with NODE_ENV=production the embedded database is not used.',
    next: 'Set DATABASE_URL, for example postgres://user:password@host:5432/database',
  });
}
