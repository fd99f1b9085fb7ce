import type { DataSource } from 'typeorm';
import { filesMatching, withLiteralFolders } from '../files/pattern-folder.js';
import type { Sources } from '../files/outputs.js';
import { sourcePatterns } from '../files/sources.js';

const patterned = ['entities', 'subscribers'] as const;

/**
 * Lets a data source that names compiled entities load their sources, which are what the project says now: compiled ones may be older, or
 * missing before the first build. Migrations are loaded from their sources as well, so that both know the same classes.
 */
export async function loadEntitiesFromSources({ options }: DataSource, sources: Sources): Promise<void> {
  for (const name of patterned) {
    const given: unknown = options[name];
    if (!Array.isArray(given)) continue;
    const found: unknown[] = [];
    for (const one of given as readonly unknown[])
      found.push(...(typeof one === 'string' ? await sourcesOf(one, sources) : [one]));
    Object.assign(options, { [name]: [...new Set(found)] });
  }
}

async function sourcesOf(pattern: string, sources: Sources): Promise<readonly string[]> {
  const own = [withLiteralFolders(pattern)];
  const patterns = sourcePatterns(pattern, sources);
  if (patterns === undefined) return own;
  return (await filesMatching(patterns)).length > 0 ? patterns : own;
}
