import type { DataSource } from 'typeorm';
import type { PostgresOptions } from '../data-source/define-options.js';

/** What decides about the schema, without what decides about the connection or has effects of its own. */
export function schemaOptionsOf(source: DataSource): PostgresOptions {
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
  } = source.options as unknown as Record<string, unknown>;
  return {
    ...rest,
    type: 'postgres',
    migrations: [],
    subscribers: [],
    synchronize: false,
    dropSchema: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    cache: false,
  };
}
