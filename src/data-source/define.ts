import { DataSource } from 'typeorm';
import type { MigrateSettings } from '../options.js';
import { optionsFor } from './define-options.js';
import type { DefineDataSourceOptions } from './define-options.js';
import { loadThroughProject } from './project-import.js';
import { attachSettings } from './settings.js';

/**
 * Defines the data source, in one place for the app and the command. Reads `DATABASE_URL` or `PG*` from the environment and from `.env`;
 * without any of them, it uses an embedded PostgreSQL, so that no server is needed. Options given here override the environment.
 *
 * @example
 * export default defineDataSource({
 *   baseDir: import.meta.dirname,
 *   import: (file) => import(file),
 *   entities: ['src/**\/*.entity.{ts,js}'],
 *   migrations: ['migrations/*.{ts,js,sql}'],
 * });
 */
export function defineDataSource(options: DefineDataSourceOptions = {}, settings: MigrateSettings = {}): DataSource {
  const dataSource = new DataSource(optionsFor(options));
  attachSettings(dataSource, settings);
  if (options.import) loadThroughProject(dataSource, options.import);
  return dataSource;
}
