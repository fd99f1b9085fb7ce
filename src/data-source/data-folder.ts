import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { devPackage, incompleteInstallation } from '../development.js';
import { codeOf, ExitCode, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { makeDatabase } from './database-image.js';
import { openPGlite } from './pglite.js';
import { shadowPrefix } from './shadow-prefix.js';
import type { Extensions, OpenPGlite, PGlite } from './pglite.js';

/** Opens the database in a folder, or creates it. The caller must have exclusive use of the folder. */
export async function openFolder(
  dir: string,
  extensions: Extensions,
  contributed?: readonly string[],
  opening: OpenPGlite = openPGlite,
): Promise<PGlite> {
  try {
    if (holdsDatabase(dir)) refuseOtherVersion(dir);
    else await fill(dir);
    return await opening(dir, extensions, contributed);
  } catch (error) {
    throw isMigrateError(error) ? error : (incompleteInstallation(error) ?? (await unreadable(dir, error)));
  }
}

export function holdsDatabase(dir: string): boolean {
  return existsSync(join(dir, 'PG_VERSION'));
}

/** Creates a database in a draft folder and then moves it, so that a crash leaves no half-made database. */
async function fill(dir: string): Promise<void> {
  refuseOthersFiles(dir);
  await mkdir(dirname(dir), { recursive: true });
  const draft = `${dir}.new`;
  await rm(draft, { recursive: true, force: true });
  await makeDatabase(draft);
  await hideFromGit(dir, draft);
  if (existsSync(dir)) await rmdir(dir);
  await rename(draft, dir);
}

/** The PostgreSQL version of the pinned PGlite. It cannot open a folder of any other version. */
const postgresVersion = '18';

function refuseOtherVersion(dir: string): void {
  const found = readFileSync(join(dir, 'PG_VERSION'), 'utf8').trim();
  // If the folder is damaged, opening it reports that.
  if (found === postgresVersion || !/^\d+$/.test(found)) return;
  throw new MigrateError({
    code: 'EMBEDDED_VERSION',
    message: `The embedded database in ${dir} was created by PostgreSQL ${found}, but the installed ${devPackage} contains PostgreSQL ${postgresVersion}, which cannot open it. Nothing was changed.`,
    next: `To keep its data, dump it with PGlite of PostgreSQL ${found}: the commands are in \`nest-migrate help embedded\`. If its data can be lost, remove ${dir}: \`nest-migrate run\` creates the tables again.`,
  });
}

function refuseOthersFiles(dir: string): void {
  if (!existsSync(dir) || readdirSync(dir).length === 0) return;
  throw new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `The folder ${dir} is configured for the embedded database, but contains other files.`,
    next: 'Choose a separate folder: `embedded` in defineDataSource, or NEST_MIGRATE_EMBEDDED. Nothing was changed.',
    exitCode: ExitCode.usage,
  });
}

/**
 * Our own folder is ignored by git as a whole, including the lock file in it. Nothing is ignored beside a folder that the user has chosen.
 */
async function hideFromGit(dir: string, draft: string): Promise<void> {
  const parent = dirname(dir);
  const place = basename(parent) === '.nest-migrate' ? parent : draft;
  await writeFile(join(place, '.gitignore'), '*\n', { flag: 'wx' }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

async function unreadable(dir: string, cause: unknown): Promise<MigrateError> {
  const isShadow = basename(dirname(dir)).startsWith(shadowPrefix);
  const what = isShadow ? 'The shadow database' : 'The embedded database';
  const isFull = await isAlmostFull(dirname(dir));
  const next = isShadow
    ? 'Set the environment variable TMPDIR to a writable folder with enough space, or use a server: --shadow postgres://user:password@host/database. Nothing was changed.'
    : `It is for development only: if its data can be lost, remove ${dir} and start again.`;
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `${what} in ${dir} could not be opened: ${isFull ? 'no space is left on that disk' : messageOf(cause)}.`,
    next: isFull && !isShadow ? 'Free some space there, and try again. Nothing was changed.' : next,
    cause,
  });
}

/** A WAL segment takes 16 MB. PGlite itself gives no readable reason. */
async function isAlmostFull(folder: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize < 20_000_000;
  } catch {
    return false;
  }
}
