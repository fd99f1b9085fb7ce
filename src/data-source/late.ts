import { join } from 'node:path';
import type { DataSource } from 'typeorm';
import type { MigrateSettings } from '../options.js';
import { optionsFor } from './define-options.js';
import type { DefineDataSourceOptions } from './define-options.js';
import { lateDataSource } from './late-data-source.js';
import { attachSettings } from './settings.js';
import { requireFrom } from '../require-from.js';

export { Backfill, RenamedFrom } from '../decorators.js';

/**
 * What the command takes for `nest-migrate/data-source`: the same, except that TypeORM is loaded when it is needed. Loading it takes as long
 * as all the rest of a command that finds nothing to do, and for that the options are enough.
 */
export function defineDataSource(options: DefineDataSourceOptions = {}, settings: MigrateSettings = {}): DataSource {
  const described = optionsFor(options);
  const dataSource = lateDataSource(described, () => {
    // The copy that the entities beside the data source have.
    const near = requireFrom(join(options.baseDir ?? process.cwd(), 'package.json'));
    const typeorm = near('typeorm') as { readonly DataSource: new (options: object) => DataSource };
    return new typeorm.DataSource(described);
  });
  attachSettings(dataSource, settings);
  return dataSource;
}
