import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackImage } from './packed-image.js';
import { openPGlite } from './pglite.js';

/** Makes a new database in an empty folder. */
export async function makeDatabase(target: string): Promise<void> {
  if (!unpackImage(target, settings)) await initialise(target);
}

/** From nothing, which takes seconds. */
export async function initialise(target: string): Promise<void> {
  await (await openPGlite(target, {}, [])).close();
  await appendFile(join(target, 'postgresql.conf'), settings);
}

/**
 * There is only one session; with the default number of locks, it could not drop a thousand tables in one transaction. The default buffer
 * cache of a server would take 100 MB of this process even if empty, and the locks of processes that are never started another 15 MB.
 */
export const settings = `
max_connections = 10
max_locks_per_transaction = 2048
shared_buffers = 8MB
max_wal_senders = 0
max_worker_processes = 0
autovacuum_max_workers = 1
autovacuum_worker_slots = 1
`;
