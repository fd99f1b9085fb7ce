import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { appendFile, lstat, mkdir, mkdtemp, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, ExitCode, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { openPGlite, pgliteVersion } from './pglite.js';
import type { Extensions, PGlite } from './pglite.js';

/** Opens the database in a folder; where there is none yet, it is made. The caller has the folder to itself. */
export async function openFolder(
  dir: string,
  extensions: Extensions,
  contributed?: readonly string[],
): Promise<PGlite> {
  const open = (): Promise<PGlite> => openPGlite(dir, extensions, contributed);
  try {
    return await openOrMake(dir, open);
  } catch (error) {
    throw isMigrateError(error) ? error : unreadable(dir, error);
  }
}

async function openOrMake(dir: string, open: () => Promise<PGlite>): Promise<PGlite> {
  if (holdsDatabase(dir)) return open();
  refuseOthersFiles(dir);
  const source = await fill(dir, copyImage);
  try {
    return await open();
  } catch (error) {
    if (source !== 'image' || isMigrateError(error)) throw error;
    // A cache may be damaged. Nothing of the user's is in the folder yet.
    await rm(imageFolder(), { recursive: true, force: true });
    await rm(dir, { recursive: true, force: true });
    await fill(dir, initialise);
    return open();
  }
}

type Source = 'image' | 'nothing';

/** Makes a database beside its place and moves it there, so that a crash leaves none rather than half of one. */
async function fill(dir: string, make: (target: string) => Promise<Source>): Promise<Source> {
  await mkdir(dirname(dir), { recursive: true });
  const draft = `${dir}.new`;
  await rm(draft, { recursive: true, force: true });
  const source = await make(draft);
  await hideFromGit(dir, draft);
  if (existsSync(dir)) await rmdir(dir);
  await rename(draft, dir);
  return source;
}

async function initialise(target: string): Promise<Source> {
  await (await openPGlite(target, {}, [])).close();
  await appendFile(join(target, 'postgresql.conf'), settings);
  return 'nothing';
}

/**
 * There is one session; with the usual number of locks, it could not drop a thousand tables in one transaction. And the usual cache of a
 * server would take 100 MB of this process, whether anything is in it or not.
 */
const settings = '\nmax_connections = 10\nmax_locks_per_transaction = 2048\nshared_buffers = 32MB\n';

/** Creating a database from nothing takes seconds, copying one does not. Without a cache, it takes longer, nothing else. */
async function copyImage(target: string): Promise<Source> {
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
  return initialise(target);
}

/** Makes the image when it is the first time. It may be deleted at any time. */
async function hasImage(): Promise<boolean> {
  const image = imageFolder();
  if (!(await isOwnFolder(dirname(image)))) return false;
  if (holdsDatabase(image)) return true;
  await oneAtATime(`${image}.making`, () => holdsDatabase(image));
  try {
    return holdsDatabase(image) || (await makeImage(image));
  } finally {
    await rm(`${image}.making`, { recursive: true, force: true });
  }
}

async function makeImage(image: string): Promise<boolean> {
  const draft = await mkdtemp(`${image}-`);
  try {
    await initialise(draft);
    await rename(draft, image);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process was faster; its image is as good.
    if (holdsDatabase(image)) return true;
    throw error;
  }
}

/** Longer than it takes; who has not finished by then was killed. */
const longestMs = 20_000;

/**
 * Two at the same moment would take as long as one after the other, so the second one waits for the first, be it another thread or
 * another process. Nothing depends on it: should both go on, both make one, and one of them is taken.
 */
async function oneAtATime(claim: string, isDone: () => boolean): Promise<void> {
  for (const started = Date.now(); Date.now() - started < longestMs; await sleep(30)) {
    try {
      return await mkdir(claim);
    } catch {
      const claimed = await stat(claim).catch(() => undefined);
      if (isDone() || (claimed !== undefined && Date.now() - claimed.mtimeMs > longestMs)) return;
    }
  }
}

/** The folder for temporary files belongs to everybody: a database that somebody else has put there is not used. */
async function isOwnFolder(dir: string): Promise<boolean> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const found = await lstat(dir);
  return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
}

function imageFolder(): string {
  return join(
    tmpdir(),
    `nest-migrate-${process.getuid?.() ?? 'cache'}`,
    `pglite-${pgliteVersion()}-${createHash('sha256').update(settings).digest('hex').slice(0, 8)}`,
  );
}

function holdsDatabase(dir: string): boolean {
  return existsSync(join(dir, 'PG_VERSION'));
}

function refuseOthersFiles(dir: string): void {
  if (!existsSync(dir) || readdirSync(dir).length === 0) return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `The folder ${dir} is to hold the embedded database, but it holds other files.`,
    next: 'Name a folder of its own: `embedded` in defineDataSource, or NEST_MIGRATE_EMBEDDED. Nothing was changed.',
    exitCode: ExitCode.usage,
  });
}

/** Our own folder is hidden as a whole, with the lock file in it; beside a folder of the user's choice nothing is hidden. */
async function hideFromGit(dir: string, draft: string): Promise<void> {
  const parent = dirname(dir);
  const place = basename(parent) === '.nest-migrate' ? parent : draft;
  await writeFile(join(place, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

function unreadable(dir: string, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `The embedded database in ${dir} could not be opened: ${messageOf(cause)}`,
    next: `It is for development only: if its data can be lost, remove ${dir} and start again.`,
    cause,
  });
}
