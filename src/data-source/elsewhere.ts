import { DataSource } from 'typeorm';
import type { PostgresOptions } from './define-options.js';
import { loaderOf, loadThroughProject } from './project-import.js';
import { attachSettings, settingsOf } from './settings.js';
import { standsInFor } from './stand-in.js';

/** The options of a data source without its connection. */
export function withoutConnection({ options }: Pick<DataSource, 'options'>): PostgresOptions {
  const {
    url: _url,
    host: _host,
    port: _port,
    username: _username,
    password: _password,
    database: _database,
    ssl: _ssl,
    extra: _extra,
    replication: _replication,
    driver: _driver,
    ...rest
  } = options as unknown as Record<string, unknown>;
  return { ...rest, type: 'postgres', synchronize: false, dropSchema: false, migrationsRun: false };
}

/** The same data source with another database, created by the copy of TypeORM that the entities use. */
export function dataSourceElsewhere(source: DataSource, connection: object): DataSource {
  return dataSourceLike(
    source,
    { ...withoutConnection(source), ...connection },
    source.constructor as typeof DataSource,
  );
}

/** A data source with other options, whose files are loaded in the same way as those of the first one. */
export function dataSourceLike(source: DataSource, options: PostgresOptions, Source = DataSource): DataSource {
  const made = new Source(options);
  attachSettings(made, settingsOf(source));
  standsInFor(source, made);
  const load = loaderOf(source);
  if (load) loadThroughProject(made, load);
  return made;
}

/** A data source, or its options. */
export function asDataSource(given: DataSource | PostgresOptions): DataSource {
  // Tested by shape, since it may have been created by a different copy of TypeORM.
  return 'initialize' in given ? given : new DataSource(given);
}
