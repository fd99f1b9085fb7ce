import type { DataSource } from 'typeorm';
import type { Instantiate } from '../files/migration.js';
import type { MigrateSettings } from '../options.js';
import { settingsFor } from './bootstrap.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { getInstantiateToken, getMigrationsOptionsToken } from './migrations.constants.js';

/** A data source that a Nest app has, as a command needs it. */
export interface AppSource {
  readonly dataSource: DataSource;
  /** Those of the data source, and over them those of `MigrationsModule`. */
  readonly settings: MigrateSettings;
  /** Undefined when the app has no `MigrationsModule` for it. */
  readonly instantiate: Instantiate | undefined;
}

/** Takes it out of the app's container; `find` gives undefined for what is not there. */
export function appSource(dataSource: DataSource, name: string, find: (token: symbol) => unknown): AppSource {
  const options = find(getMigrationsOptionsToken(name)) as MigrationsOptions | undefined;
  return {
    dataSource,
    settings: settingsFor(dataSource, options ?? {}),
    instantiate: find(getInstantiateToken(name)) as Instantiate | undefined,
  };
}
