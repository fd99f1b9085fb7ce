import { Worker } from 'node:worker_threads';
import { usualExtensions } from '../data-source/pglite.js';
import type { PGlite } from '../data-source/pglite.js';
import { databaseIn, makeFolder } from './folder.js';
import type { InitialState } from './initial-state.js';
import type { Place } from './place.js';
import { ReadablePGlite } from './readable-pglite.js';

/** What the thread is given. */
export interface ThreadData {
  readonly dir: string;
  readonly compiled: object | undefined;
}

interface Ahead {
  readonly folder: string;
  readonly lite: ReadablePGlite;
}

let ahead: Promise<Ahead> | undefined;

/**
 * Begins to open the next shadow database, in a thread of its own, while this one still reads the entities, which saves a second.
 * `thread` is the built `thread.js`, `compiled` the result of `compiledPostgres`.
 */
export function openAhead(thread: URL, compiled?: object): void {
  ahead = begin(thread, compiled);
  // `takeAhead` reports the error.
  ahead.catch(() => undefined);
}

async function begin(thread: URL, compiled: object | undefined): Promise<Ahead> {
  const folder = await makeFolder();
  const workerData: ThreadData = { dir: databaseIn(folder), compiled };
  return { folder, lite: new ReadablePGlite(new Worker(thread, { workerData })) };
}

/** The database that is being opened, unless it has already been taken. */
export async function takeAhead(initial: Pick<InitialState, 'settings' | 'missingRoles'>): Promise<Place | undefined> {
  const taken = ahead;
  ahead = undefined;
  if (taken === undefined) return undefined;
  const { folder, lite } = await taken;
  // The code that loads `pg` is not needed before the thread starts.
  const { placeIn } = await import('./in-process.js');
  const open = (): Promise<PGlite> => lite.opened().catch(() => openHere(folder));
  const place = placeIn(folder, { initial, open });
  const remove = async (): Promise<void> => {
    await lite.close();
    await place.remove();
  };
  const onlyExtensions = usualExtensions.map((name) => name.replaceAll('_', '-'));
  return { ...place, remove, onlyExtensions, readCatalog: (options) => lite.readCatalog(options) };
}

/** Closes a database that was opened ahead but is not needed. */
export async function closeAhead(): Promise<void> {
  const place = await takeAhead({ settings: [] }).catch(() => undefined);
  await place?.remove();
}

async function openHere(folder: string): Promise<PGlite> {
  const { openFolder } = await import('../data-source/data-folder.js');
  return openFolder(databaseIn(folder), {});
}
