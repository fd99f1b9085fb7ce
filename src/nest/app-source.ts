import type { DataSource } from 'typeorm';
import type { Instantiate } from '../files/migration.js';
import type { MigrateSettings } from '../options.js';
import { settingsFor } from './bootstrap.js';
import type { MigrationsOptions } from './interfaces/migrations-options.interface.js';
import { getInstantiateToken, getMigrationsOptionsToken } from './migrations.constants.js';

/** The parts of a Nest app's data source that a command needs. */
export interface AppSource {
  readonly dataSource: DataSource;
  /** The settings of the data source, overridden by those of `MigrationsModule`. */
  readonly settings: MigrateSettings;
  /** Undefined if the app has no `MigrationsModule` for the data source. */
  readonly instantiate: Instantiate | undefined;
}

/** Takes the data source out of the app's container. `find` returns undefined if a token is not provided. */
export function appSource(dataSource: DataSource, name: string, find: (token: symbol) => unknown): AppSource {
  const options = find(getMigrationsOptionsToken(name)) as MigrationsOptions | undefined;
  return {
    dataSource,
    settings: settingsFor(dataSource, options ?? {}),
    instantiate: find(getInstantiateToken(name)) as Instantiate | undefined,
  };
}
