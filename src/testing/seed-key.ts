import { readFile } from 'node:fs/promises';
import type { TestProject } from './project.js';

/** What stands for the seed in the key of a database that is kept. A function is called for each database, and is no part of it. */
export async function seedKey({ seed }: Pick<TestProject, 'seed'>): Promise<string> {
  // Seeds may be for some environments only.
  if (seed === true) return `seeds ${process.env['NODE_ENV'] ?? ''}`;
  return typeof seed === 'string' ? `seed ${await readFile(seed, 'utf8').catch(() => seed)}` : '';
}
