import { Worker } from 'node:worker_threads';
import { developmentThread, importForDevelopment } from '../development.js';
import { codeOf, ExitCode, MigrateError } from '../errors.js';
import { ThreadedPGlite } from './threaded-pglite.js';

/** The parts of PGlite that are used. */
export interface PGlite {
  readonly waitReady: Promise<void>;
  /** Sends protocol messages. Errors in the answers are not thrown. */
  send(messages: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Extensions of PGlite by name, as its packages `@electric-sql/pglite-…` export them. */
export type Extensions = Readonly<Record<string, object>>;

/** The extensions that TypeORM creates by itself (for uuid, citext, hstore, cube, ltree and exclusions), or that migrations use most. */
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

/** The extensions that most schemas need. Each one makes opening the database slower. */
export const usualExtensions: readonly string[] = ['uuid_ossp', 'pgcrypto', 'citext'];

/** Opens a folder with the named extensions that come with PGlite, and with others. */
export type OpenPGlite = (dir: string, extensions: Extensions, contributed?: readonly string[]) => Promise<PGlite>;

const purpose = 'The PostgreSQL that runs in the process needs';

/** The code of the error from import() under Jest. */
const flagMissing = 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG';

/** Opens a database in a separate thread, unless it has extensions, which are code and cannot be passed to a thread. */
export const openPGlite: OpenPGlite = async (dir, extensions, contributed = ordinaryExtensions) => {
  if (Object.keys(extensions).length > 0) return openHere(dir, extensions, contributed);
  const options = { workerData: { dir, extensions: contributed }, ...ownFlags() };
  const lite = new ThreadedPGlite(new Worker(developmentThread(purpose), options));
  return lite.opened();
};

/** A thread inherits the flags of its process, but not `--input-type`, because its code is not passed as a text. */
function ownFlags(): { readonly execArgv?: string[] } {
  return process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {};
}

/** Opens a database in this thread. */
const openHere: OpenPGlite = (...folder) => openCompiled(undefined, ...folder);

/** The same with PostgreSQL as `compiledPostgres` returns it. */
export async function openCompiled(
  compiled: object | undefined,
  ...[dir, extensions, contributed = ordinaryExtensions]: Parameters<OpenPGlite>
): Promise<PGlite> {
  const { PGlite: Database, contributed: load } = await importForDevelopment<Library>('pglite', purpose);
  const loaded = await Promise.all(contributed.map(async (name) => [name, await load(name)] as const));
  const lite = new Database(dir, {
    extensions: { ...Object.fromEntries(loaded), ...extensions },
    ...(compiled && { pgliteWasmModule: compiled }),
  });
  await lite.waitReady;
  return lite;
}

/**
 * PostgreSQL as a compiled module. While this process refers to it, each database that is opened with it finds the functions compiled that
 * an earlier one has used. Undefined if it is not installed, which opening a database reports.
 */
export async function compiledPostgres(): Promise<object | undefined> {
  try {
    return await (await importForDevelopment<Library>('pglite', purpose)).compiled();
  } catch {
    return undefined;
  }
}

/**
 * During a replay nothing else has to happen in this thread, so opening it here is faster. Under Jest without flags, only a thread works.
 */
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
  compiled(): Promise<object>;
}

/**
 * PGlite loads ES modules while it works, and hangs if it cannot. The traces of `expect` distinguish the thread of a test from a process
 * that a test has started.
 */
function isJestWithoutFlags(): boolean {
  const { JEST_WORKER_ID: worker, VITEST: vitest, NODE_OPTIONS: options = '' } = process.env;
  const isTest = Symbol.for('$$jest-matchers-object') in globalThis && worker !== undefined && vitest === undefined;
  return isTest && !`${process.execArgv.join(' ')} ${options}`.includes('--experimental-vm-modules');
}

/** Called before anything is created. */
export function refuseWithoutFlag(given: Extensions): void {
  const extensions = Object.keys(given);
  if (extensions.length === 0 || !isJestWithoutFlags()) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The embedded database was not opened: its extensions (embedded: { extensions }: ${extensions.join(', ')}) are code and must be loaded in the thread of the test, but Jest without flags cannot load ES modules.`,
    next: 'Start Jest with NODE_OPTIONS=--experimental-vm-modules, or set DATABASE_URL to a server that has the extensions. Or leave the extensions out in tests: extensions: async () => (process.env.JEST_WORKER_ID ? {} : …)',
    exitCode: ExitCode.usage,
  });
}
