import { createHash } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { appendFile, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { developmentVersion } from '../development.js';
import { isMigrateError } from '../errors.js';
import { oneAtATime } from './one-at-a-time.js';
import { isOwnFolder } from './own-folder.js';
import { unpackImage } from './packed-image.js';
import { openPGlite } from './pglite.js';

/** What a new database was created from. */
export type Source = 'image' | 'nothing';

export async function initialise(target: string): Promise<Source> {
  await (await openPGlite(target, {}, [])).close();
  await appendFile(join(target, 'postgresql.conf'), settings);
  return 'nothing';
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

/** Creating a database takes seconds, copying one does not. Without a cache, it only takes longer. */
export async function copyImage(target: string): Promise<Source> {
  try {
    if (await hasImage()) {
      // There are a thousand small files: copying them synchronously takes a fifth of the time of asynchronous copies.
      cpSync(imageFolder(), target, { recursive: true });
      return 'image';
    }
  } catch (error) {
    if (isMigrateError(error)) throw error;
    await rm(target, { recursive: true, force: true });
  }
  return unpackImage(target, settings) ? 'image' : initialise(target);
}

/** Creates the image the first time. It may be deleted at any time. */
async function hasImage(): Promise<boolean> {
  const image = imageFolder();
  if (!(await isOwnFolder(dirname(image)))) return false;
  if (holdsDatabase(image)) return true;
  const claim = { file: `${image}.making`, isDone: () => holdsDatabase(image), longestMs: 20_000 };
  return oneAtATime(claim, async () => holdsDatabase(image) || makeImage(image));
}

async function makeImage(image: string): Promise<boolean> {
  const draft = await mkdtemp(`${image}-`);
  try {
    if (!unpackImage(draft, settings)) await initialise(draft);
    await rename(draft, image);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was faster, and its image is just as good.
    if (holdsDatabase(image)) return true;
    throw error;
  }
}

export async function forgetImage(): Promise<void> {
  await rm(imageFolder(), { recursive: true, force: true });
}

function imageFolder(): string {
  return join(
    tmpdir(),
    `nest-migrate-${process.getuid?.() ?? 'cache'}`,
    `pglite-${developmentVersion('@electric-sql/pglite') ?? ''}-${createHash('sha256').update(settings).digest('hex').slice(0, 8)}`,
  );
}

export function holdsDatabase(dir: string): boolean {
  return existsSync(join(dir, 'PG_VERSION'));
}
