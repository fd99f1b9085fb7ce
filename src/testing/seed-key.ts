import { readFile } from 'node:fs/promises';
import type { TestProject } from './project.js';

/** The part of a cached database's key that identifies the seed. A function is called for each database, and is not part of the key. */
export async function seedKey({ seed }: Pick<TestProject, 'seed'>): Promise<string> {
  // Seeds may be for some environments only.
  if (seed === true) return `seeds ${process.env['NODE_ENV'] ?? ''}`;
  return typeof seed === 'string' ? `seed ${await readFile(seed, 'utf8').catch(() => seed)}` : '';
}
