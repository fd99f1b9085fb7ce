import type { DataSource } from 'typeorm';
import type { MigrateSettings } from '../options.js';

const key = Symbol.for('nest-migrate.settings');

/** Settings travel with the data source, so that the app and the command have the same ones. */
export function attachSettings(dataSource: DataSource, settings: MigrateSettings): void {
  Object.defineProperty(dataSource, key, { value: settings, enumerable: false });
}

export function settingsOf(dataSource: DataSource): MigrateSettings {
  return (dataSource as { readonly [key]?: MigrateSettings })[key] ?? {};
}
