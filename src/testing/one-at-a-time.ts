import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isProcessAlive } from '../data-source/process-alive.js';
import { codeOf } from '../errors.js';

interface Claim {
  readonly file: string;
  readonly isDone: () => boolean | Promise<boolean>;
  /** Longer than the work takes: after that, the owner is stuck, or its process id has been reused. */
  readonly longestMs: number;
}

/**
 * Doing the work twice in parallel would take as long as doing it one after the other, so the second caller waits for the first, even in
 * another thread or process. Correctness does not depend on it: if both continue, both create a result and one of them is used.
 */
export async function oneAtATime<T>({ file, isDone, longestMs }: Claim, work: () => Promise<T>): Promise<T> {
  const isOurs = await claim(file, isDone, longestMs);
  try {
    return await work();
  } finally {
    if (isOurs) await rm(file, { force: true });
  }
}

async function claim(file: string, isDone: Claim['isDone'], longestMs: number): Promise<boolean> {
  for (const started = Date.now(); Date.now() - started < longestMs && !(await isDone()); await sleep(30)) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      // Nothing can be written there: each does the work itself.
      if (codeOf(error) !== 'EEXIST') return false;
      const owner = Number(await readFile(file, 'utf8').catch(() => undefined));
      // The owner was killed in the middle.
      if (owner > 0 && !isProcessAlive(owner)) await rm(file, { force: true });
    }
  }
  return false;
}
