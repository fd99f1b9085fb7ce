import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive } from './process-alive.js';

interface Claim {
  readonly file: string;
  readonly isDone: () => boolean;
  /** Longer than it takes: after that, the owner is stuck, or is another process with the number of a dead one. */
  readonly longestMs: number;
}

/**
 * Two at the same moment would take as long as one after the other, so the second one waits for the first, be it another thread or
 * another process. Nothing depends on it: should both go on, both make one, and one of them is taken.
 */
export async function oneAtATime<T>({ file, isDone, longestMs }: Claim, work: () => Promise<T>): Promise<T> {
  const isOurs = await claim(file, isDone, longestMs);
  try {
    return await work();
  } finally {
    if (isOurs) await rm(file, { force: true });
  }
}

async function claim(file: string, isDone: () => boolean, longestMs: number): Promise<boolean> {
  for (const started = Date.now(); Date.now() - started < longestMs && !isDone(); await sleep(30)) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return true;
    } catch {
      const owner = Number(await readFile(file, 'utf8').catch(() => undefined));
      // Killed in the middle.
      if (owner > 0 && !isProcessAlive(owner)) await rm(file, { force: true });
    }
  }
  return false;
}
