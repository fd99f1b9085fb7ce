import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { codeOf, messageOf, MigrateError } from '../errors.js';
import type { MigrationList } from './migration.js';
import { appendToLock, checksumOf, parseLock, renderLock } from './migrations-lock.js';
import type { Locked, MigrationsLock } from './migrations-lock.js';
import { expectedName, mayHoldMigrations } from './name.js';
import { downFileOf } from './sql-names.js';
import { changeFile } from './write.js';

export const lockName = 'migrations.lock';

/** Where `migrations.lock` is, and which files it covers. */
export interface LockPlace {
  readonly file: string;
  readonly files: readonly string[];
}

/** The same, with the contents of the files. */
export interface ReadPlace extends LockPlace {
  readonly sources: readonly Source[];
}

export interface Source extends Locked {
  readonly file: string;
  readonly timestamp: number;
}

/**
 * The folder of new migrations, and every file that the patterns match. If the data source names compiled files, their sources count,
 * because the text in production differs from that in development.
 */
export async function lockPlace(list: MigrationList, dir: string | undefined): Promise<LockPlace> {
  const folder = resolve(dir ?? list.folder ?? 'migrations');
  const listed = list.files.map(({ file }) => file);
  const own = dir === undefined && list.sourcePatterns.length === 0 ? [] : await migrationsIn(folder);
  const compiled = own.length > 0 && !listed.some((file) => file.startsWith(folder + sep));
  return { file: join(folder, lockName), files: compiled ? own : listed };
}

export async function readPlace(place: LockPlace): Promise<ReadPlace> {
  return { ...place, sources: await sourcesIn(place.files) };
}

async function sourcesIn(files: readonly string[]): Promise<readonly Source[]> {
  const found = await Promise.all(files.map(read));
  return found.filter((source) => source !== undefined).toSorted((a, b) => a.timestamp - b.timestamp);
}

/** The content of the lock; undefined if there is no lock. */
export async function readLock(file: string): Promise<MigrationsLock | undefined> {
  try {
    return parseLock(await readFile(file, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw notRead(file, error);
  }
}

/** Adds the files that were just created to the lock. In a project without a lock, adds every file. */
export async function lockFiles(made: readonly string[], { file, files }: LockPlace): Promise<void> {
  const ours = files.filter((one) => made.includes(one));
  if (ours.length === 0) return;
  await changeFile(file, async (text) => {
    if (text === '') {
      const others = files.filter((one) => !made.includes(one));
      return renderLock([...(await sourcesIn(others)), ...(await sourcesIn(ours))]);
    }
    const { entries, conflictAt } = parseLock(text);
    if (conflictAt !== undefined) throw inConflict(file, conflictAt);
    const known = new Set(entries.map(({ name }) => name));
    const sources = await sourcesIn(ours);
    return appendToLock(
      text,
      sources.filter(({ name }) => !known.has(name)),
    );
  });
}

/** Replaces a file that was split into several by these. */
export async function relock(old: string, made: readonly string[], { file, files }: LockPlace): Promise<void> {
  if ((await readLock(file)) === undefined) return;
  const successors = await sourcesIn(files.filter((one) => made.includes(one)));
  await changeFile(file, (text) => {
    const { entries } = parseLock(text);
    const index = entries.findIndex(({ name }) => name === nameOf(old));
    const place = index === -1 ? entries.length : index;
    return renderLock([...entries.slice(0, place), ...successors, ...entries.slice(place + 1)]);
  });
}

/**
 * Replaces the lines of the old files, which are given by name, with lines for the new ones at the end. A lock without lines is removed.
 */
export async function lockInstead(old: readonly string[], made: readonly string[], place: LockPlace): Promise<void> {
  if ((await readLock(place.file)) !== undefined)
    await changeFile(place.file, (text) => {
      const gone = new Set(old.map(nameOf));
      const { entries } = parseLock(text);
      const kept = entries.filter(({ name }) => !gone.has(name));
      if (kept.length === entries.length) return text;
      return kept.length === 0 && made.length === 0 ? undefined : renderLock(kept);
    });
  await lockFiles(made, place);
}

/** Rewrites the lock: the files in the order in which they were locked, then the new ones. */
export async function remakeLock({ file, sources }: ReadPlace): Promise<void> {
  await changeFile(file, (text) => {
    const order = new Map(parseLock(text).entries.map(({ name }, index) => [name, index]));
    const place = ({ name }: Source): number => order.get(name) ?? Infinity;
    return renderLock(sources.toSorted((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b))));
  });
}

/** The file's name without its extension, as the lock has it. */
function nameOf(file: string): string {
  return basename(file).replace(/\.[^.]+$/, '');
}

/** Undefined if the file has been removed in the meantime. */
async function read(file: string): Promise<Source | undefined> {
  try {
    const down = downFileOf(file);
    const texts = [file, ...(down === undefined ? [] : [down])].map((one) => readFile(one, 'utf8'));
    const checksum = checksumOf((await Promise.all(texts)).join('\n'));
    return { file, name: nameOf(file), checksum, timestamp: expectedName(file)?.timestamp ?? Infinity };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw notRead(file, error);
  }
}

async function migrationsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries.filter(mayHoldMigrations).map((entry) => join(folder, entry));
}

function inConflict(file: string, line: number): MigrateError {
  return new MigrateError({
    code: 'FILE_INVALID',
    message: `git has left conflict markers in ${file} (line ${line}): two branches have added migrations. Nothing was written.`,
    next: 'nest-migrate check --write-lock   (keeps the lines of both branches if their migrations do not conflict)',
  });
}

function notRead(file: string, error: unknown): MigrateError {
  return new MigrateError({
    code: 'FILE_LOAD_FAILED',
    message: `${file} could not be read: ${messageOf(error)}.`,
    next: 'Make it readable for this user.',
    cause: error,
  });
}
