import { resolve } from 'node:path';
import type { DataSourceOptions } from 'typeorm';
import { importFile } from './import-file.js';
import { filesMatching } from './pattern-folder.js';

const loadable = /(?<!\.d)\.[cm]?[jt]s$/;

/**
 * Loads the files of entities and subscribers by their paths, before TypeORM does: it loads them all at once, each when its package.json has
 * been found, so that those which import each other in a circle would find another one of them half loaded in each run.
 */
export async function loadInOrder({
  entities,
  subscribers,
}: Pick<DataSourceOptions, 'entities' | 'subscribers'>): Promise<void> {
  for (const given of [entities, subscribers]) {
    const patterns = Object.values(given ?? {}).filter((one: unknown) => typeof one === 'string');
    const files = patterns.length === 0 ? [] : await filesMatching(patterns);
    for (const file of files.filter((one) => loadable.test(one)).toSorted()) {
      // TypeORM meets the same error, which is reported where TypeORM is asked.
      const isLoaded = await importFile(resolve(file)).then(
        () => true,
        () => false,
      );
      if (!isLoaded) return;
    }
  }
}
