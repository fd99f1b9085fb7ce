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
 * Replaces `nest-migrate/data-source` in the command: the same, except that TypeORM is loaded only when it is needed. Loading it takes as
 * long as the rest of a command that finds nothing to do, and for that command the options are enough.
 */
export function defineDataSource(options: DefineDataSourceOptions = {}, settings: MigrateSettings = {}): DataSource {
  const described = optionsFor(options);
  const dataSource = lateDataSource(described, () => {
    // Loads the copy of TypeORM that the entities beside the data source use.
    const near = requireFrom(join(options.baseDir ?? process.cwd(), 'package.json'));
    const typeorm = near('typeorm') as { readonly DataSource: new (options: object) => DataSource };
    return new typeorm.DataSource(described);
  });
  attachSettings(dataSource, settings);
  return dataSource;
}
