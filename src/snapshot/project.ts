import type { DataSourceOptions } from 'typeorm';
import type { Instantiate } from '../files/migration.js';
import type { Configured } from '../shadow/initial-session.js';

/** Whose snapshots are taken: a data source with its migrations and settings. */
export interface Project extends Configured {
  readonly migrations: DataSourceOptions['migrations'];
  readonly instantiate: Instantiate;
}
