import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isProcessAlive } from '../data-source/process-alive.js';

const prefix = 'nest-migrate-shadow-';

/** In memory where the system has a folder there. What processes have left there that were killed is removed. */
export async function makeFolder(): Promise<string> {
  const memory = '/dev/shm';
  const parent = existsSync(memory) ? memory : tmpdir();
  await removeLeftovers(parent);
  const folder = await mkdtemp(join(parent, `${prefix}${process.pid}-`));
  removeAtTheEnd ??= process.once('exit', () => {
    for (const left of made) rmSync(left, { recursive: true, force: true, maxRetries: 3 });
  });
  made.add(folder);
  return folder;
}

/** Those that are not removed yet, for a process that ends in the middle. */
const made = new Set<string>();
let removeAtTheEnd: unknown;

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  made.delete(folder);
}

/** Another container may have the folder, and pids of its own: what is young may be in use. */
const youngMs = 3_600_000;

async function removeLeftovers(parent: string): Promise<void> {
  const names = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const folder = join(parent, name);
    try {
      if (isProcessAlive(Number(name.slice(prefix.length).split('-')[0]))) continue;
      if (Date.now() - (await stat(folder)).mtimeMs > youngMs) await rm(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's, or somebody else was faster.
    }
  }
}

export function databaseIn(folder: string): string {
  return join(folder, 'postgres');
}
