import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { work } from '../paths.mjs';

const preload = join(import.meta.dirname, 'peak-memory.cjs');

/** Runs `perform(env)` and says how many bytes its processes had at most. */
export async function peakMemory(perform) {
  const dir = join(work, 'memory');
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  await perform({ NODE_OPTIONS: `--require ${preload}`, BENCH_MEMORY: dir });
  const peaks = readdirSync(dir).map((pid) => Number(readFileSync(join(dir, pid), 'utf8')));
  if (peaks.length === 0) throw new Error('No process has said how much memory it had.');
  // Processes that run beside each other need it together; one after the other would be less.
  return peaks.reduce((sum, bytes) => sum + bytes, 0);
}
