import { randomUUID } from 'node:crypto';
import { cpSync, existsSync } from 'node:fs';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { oneAtATime } from './one-at-a-time.js';
import { isOwnFolder } from '../data-source/own-folder.js';
import { databaseCache } from '../shadow/cache.js';
import { makeFolder, removeFolder } from '../shadow/folder.js';

/** A folder that is created once and then copied. */
export interface Image {
  readonly folder: string;
  /** Removes the folder, unless it is cached. */
  remove(): Promise<void>;
}

/** Fills a folder, and returns whether it may be cached under its key. */
export type MakeImage = (folder: string) => Promise<{ readonly isSure: boolean }>;

/** Migrations that take more than ten minutes are not meant for tests. */
export const longestMs = 600_000;

/**
 * The image for a key. The first process that needs it creates it while others wait. Without a key, it is created for this caller only. It can be
 * deleted at any time while no process uses it.
 */
export async function imageOf(key: string | undefined, make: MakeImage): Promise<Image> {
  const parent = databaseCache();
  if (key === undefined || !(await isOwnFolder(parent))) return makeIn(parent, undefined, make);
  const place = join(parent, key);
  if (existsSync(place)) return kept(place);
  const claim = { file: `${place}.making`, isDone: () => existsSync(place), longestMs };
  return oneAtATime(claim, () => (existsSync(place) ? kept(place) : makeIn(parent, place, make)));
}

/** Prefers a folder in memory, since every commit waits for the disk. */
async function makeIn(parent: string, place: string | undefined, make: MakeImage): Promise<Image> {
  const folder = await makeFolder();
  const remove = (): Promise<void> => removeFolder(folder);
  try {
    const { isSure } = await make(folder);
    if (place === undefined || !isSure) return { folder, remove };
    await prune(parent);
    await keep(folder, place);
    await remove();
    return await kept(place);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function keep(folder: string, place: string): Promise<void> {
  const draft = `${place}.${randomUUID()}`;
  try {
    cpSync(folder, draft, { recursive: true });
    await rename(draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another process has created an equivalent image in the meantime.
    if (!existsSync(place)) throw error;
  }
}

async function kept(folder: string): Promise<Image> {
  const now = new Date();
  // Images in use are kept.
  await utimes(folder, now, now).catch(() => undefined);
  return { folder, remove: () => Promise.resolve() };
}

/** The number of images to keep, and how long after its last use an image may still be in use. */
const most = 8;
const usedMs = 3_600_000;

async function prune(parent: string): Promise<void> {
  const names = await readdir(parent);
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const old = aged.filter(({ at }) => Date.now() - at > usedMs).toSorted((a, b) => b.at - a.at);
  const young = aged.length - old.length;
  for (const { name } of old.slice(Math.max(0, most - young))) await discard(join(parent, name)).catch(() => undefined);
}

/** Takes the name away first: if this process is killed in the middle, what is left must not be used as an image. */
async function discard(folder: string): Promise<void> {
  const nameless = `${folder}.${randomUUID()}`;
  await rename(folder, nameless);
  await rm(nameless, { recursive: true, force: true });
}
