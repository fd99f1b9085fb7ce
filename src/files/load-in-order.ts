import { resolve } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { importFile } from './import-file.js';
import { filesMatching } from './pattern-folder.js';

const loadable = /(?<!\.d)\.[cm]?[jt]s$/;

/**
 * Loads the files of entities and subscribers in the order of their paths, before TypeORM does. TypeORM loads all of them at once, each as
 * soon as its package.json has been found, so files that import each other would find a different one half loaded on each run. Returns the
 * error of the first file that cannot be loaded. TypeORM meets the same error, but does not name the file.
 */
export async function loadInOrder({
  entities,
  subscribers,
}: Pick<DataSourceOptions, 'entities' | 'subscribers'>): Promise<unknown> {
  for (const given of [entities, subscribers]) {
    const patterns = Object.values(given ?? {}).filter((one: unknown) => typeof one === 'string');
    const files = patterns.length === 0 ? [] : await filesMatching(patterns);
    for (const file of files.filter((one) => loadable.test(one)).toSorted()) {
      const error: unknown = await importFile(resolve(file)).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) return error;
    }
  }
  return undefined;
}
