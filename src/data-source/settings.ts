import type { DataSource } from 'typeorm';
import type { MigrateSettings } from '../options.js';

const key = Symbol.for('nest-migrate.settings');

/** Attaches the settings to the data source, so that the app and the command use the same ones. */
export function attachSettings(dataSource: DataSource, settings: MigrateSettings): void {
  Object.defineProperty(dataSource, key, { value: settings, enumerable: false });
}

export function settingsOf(dataSource: DataSource): MigrateSettings {
  return (dataSource as { readonly [key]?: MigrateSettings })[key] ?? {};
}
