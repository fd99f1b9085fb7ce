import { constants, rmSync } from 'node:fs';
import { access, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { isProcessAlive, processSpace } from '../data-source/process-alive.js';
import { shadowPrefix as prefix } from '../data-source/shadow-prefix.js';

/** A folder in memory, if there is room. Removes leftovers of killed processes. */
export async function makeFolder(parents: readonly string[] = ['/dev/shm', tmpdir()]): Promise<string> {
  for (const parent of parents) await removeLeftovers(parent);
  const parent = await withRoom(parents);
  const folder = await mkdtemp(join(parent, `${prefix}${process.pid}-${processSpace() ?? ''}-`));
  removeAtTheEnd ??= process.once('exit', () => {
    for (const left of made) rmSync(left, { recursive: true, force: true, maxRetries: 3 });
  });
  made.add(folder);
  return folder;
}

/** A database of 40 MB, its data, and its log. Docker gives /dev/shm 64 MB. */
const roomBytes = 400_000_000;

/** The first writable folder with enough room; otherwise, the one with the most room. */
async function withRoom(parents: readonly string[]): Promise<string> {
  const rooms = await Promise.all(parents.map(async (parent) => ({ parent, free: await freeBytes(parent) })));
  const largest = rooms.toSorted((one, other) => other.free - one.free)[0];
  return (rooms.find(({ free }) => free >= roomBytes) ?? largest)?.parent ?? tmpdir();
}

/** 0 if the folder is not writable. */
async function freeBytes(folder: string): Promise<number> {
  try {
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/** The folders to remove if the process ends early. */
const made = new Set<string>();
let removeAtTheEnd: unknown;

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  made.delete(folder);
}

/** Another container may have the folder, and numbers of processes of its own: what is young there may be in use. */
const youngMs = 3_600_000;

async function removeLeftovers(parent: string): Promise<void> {
  const names = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const folder = join(parent, name);
    try {
      const [pid, space] = name.slice(prefix.length).split('-');
      if (isProcessAlive(Number(pid))) continue;
      const isOld = Date.now() - (await stat(folder)).mtimeMs > youngMs;
      if (isOld || (space !== '' && space === processSpace())) await rm(folder, { recursive: true, force: true });
    } catch {
      // It belongs to another user, or another process has removed it.
    }
  }
}

export function databaseIn(folder: string): string {
  return join(folder, 'postgres');
}
