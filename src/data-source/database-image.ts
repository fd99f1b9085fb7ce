import { createHash } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { appendFile, lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { developmentVersion } from '../development.js';
import { isMigrateError } from '../errors.js';
import { isProcessAlive } from './process-alive.js';
import { unpackImage } from './packed-image.js';
import { openPGlite } from './pglite.js';

/** What a new database was made of. */
export type Source = 'image' | 'nothing';

export async function initialise(target: string): Promise<Source> {
  await (await openPGlite(target, {}, [])).close();
  await appendFile(join(target, 'postgresql.conf'), settings);
  return 'nothing';
}

/**
 * There is one session; with the usual number of locks, it could not drop a thousand tables in one transaction. And the usual cache of a
 * server would take 100 MB of this process, whether anything is in it or not.
 */
export const settings = '\nmax_connections = 10\nmax_locks_per_transaction = 2048\nshared_buffers = 8MB\n';

/** Creating a database from nothing takes seconds, copying one does not. Without a cache, it takes longer, nothing else. */
export async function copyImage(target: string): Promise<Source> {
  try {
    if (await hasImage()) {
      // A thousand small files: one after the other in one go takes a fifth of the time that the asynchronous way takes.
      cpSync(imageFolder(), target, { recursive: true });
      return 'image';
    }
  } catch (error) {
    if (isMigrateError(error)) throw error;
    await rm(target, { recursive: true, force: true });
  }
  return unpackImage(target, settings) ? 'image' : initialise(target);
}

/** Makes the image when it is the first time. It may be deleted at any time. */
async function hasImage(): Promise<boolean> {
  const image = imageFolder();
  if (!(await isOwnFolder(dirname(image)))) return false;
  if (holdsDatabase(image)) return true;
  const claim = `${image}.making`;
  const isOurs = await oneAtATime(claim, () => holdsDatabase(image));
  try {
    return holdsDatabase(image) || (await makeImage(image));
  } finally {
    if (isOurs) await rm(claim, { force: true });
  }
}

async function makeImage(image: string): Promise<boolean> {
  const draft = await mkdtemp(`${image}-`);
  try {
    if (!unpackImage(draft, settings)) await initialise(draft);
    await rename(draft, image);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was faster; its image is as good.
    if (holdsDatabase(image)) return true;
    throw error;
  }
}

/** Longer than it takes: after that, the owner is stuck, or is another process with the number of a dead one. */
const longestMs = 20_000;

/**
 * Two at the same moment would take as long as one after the other, so the second one waits for the first, be it another thread or
 * another process. Nothing depends on it: should both go on, both make one, and one of them is taken. True: the claim is ours.
 */
async function oneAtATime(claim: string, isDone: () => boolean): Promise<boolean> {
  for (const started = Date.now(); Date.now() - started < longestMs && !isDone(); await sleep(30)) {
    try {
      await writeFile(claim, String(process.pid), { flag: 'wx' });
      return true;
    } catch {
      const owner = Number(await readFile(claim, 'utf8').catch(() => undefined));
      // Killed in the middle.
      if (owner > 0 && !isProcessAlive(owner)) await rm(claim, { force: true });
    }
  }
  return false;
}

/** The folder for temporary files is shared between users: a database of another user is not used. */
async function isOwnFolder(dir: string): Promise<boolean> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const found = await lstat(dir);
  return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
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
