import type { DataSource } from 'typeorm';
import { filesMatching, literally, withLiteralFolders } from './pattern-folder.js';
import type { Loads } from './migration.js';
import type { Sources } from './outputs.js';
import { countedIn, sourcePatterns } from './sources.js';

const patterned = ['entities', 'subscribers'] as const;

const later = new WeakMap<DataSource, () => Promise<void>>();

/**
 * Makes a data source that names compiled entities load their sources, because the compiled files may be outdated, or missing before the
 * first build. Migrations are loaded from their sources as well, so that both use the same classes. The files are searched when something
 * needs the entities: a `run` that finds nothing to do does not.
 */
export function loadEntitiesFromSources(dataSource: DataSource, sources: Sources, loads: Loads): void {
  if (process.env['NODE_ENV'] === 'production') return;
  later.set(dataSource, () => settle(dataSource, sources, loads));
}

/** Finds the files of the entities, before the options that name them are used. */
export async function findEntities(dataSource: DataSource): Promise<void> {
  const find = later.get(dataSource);
  later.delete(dataSource);
  await find?.();
}

async function settle({ options }: DataSource, sources: Sources, loads: Loads): Promise<void> {
  for (const name of patterned) {
    const given: unknown = options[name];
    if (!Array.isArray(given)) continue;
    const found: unknown[] = [];
    for (const one of given as readonly unknown[])
      found.push(...(typeof one === 'string' ? await loadedFor(one, sources, loads) : [one]));
    Object.assign(options, { [name]: [...new Set(found)] });
  }
}

async function loadedFor(pattern: string, sources: Sources, loads: Loads): Promise<readonly string[]> {
  const own = [withLiteralFolders(pattern)];
  const patterns = loads === 'typescript' ? sourcePatterns(pattern, sources) : undefined;
  if (patterns === undefined) return countedOnce(own, sources, loads);
  return (await filesMatching(patterns)).length > 0 ? patterns : own;
}

/** A pattern such as `**\/*.entity{.ts,.js}` may match the sources and their compiled files, which would give two classes for one table. */
async function countedOnce(own: readonly string[], sources: Sources, loads: Loads): Promise<readonly string[]> {
  const counted = async (ignore: readonly string[]): Promise<readonly string[] | undefined> => {
    const files = (await filesMatching(own, ignore)).filter((file) => !file.endsWith('.d.ts'));
    const once = countedIn(files, sources, loads);
    return once.length < files.length ? once.map(literally) : undefined;
  };
  // Every command that needs the entities runs this. A pattern of the whole project also matches files in packages, which take long to search.
  const isTwice = (await counted(['**/node_modules/**'])) !== undefined;
  return (isTwice ? await counted([]) : undefined) ?? own;
}
