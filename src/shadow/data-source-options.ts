import type { DataSource } from 'typeorm';
import type { PostgresOptions } from '../data-source/define-options.js';
import { withoutConnection } from '../data-source/elsewhere.js';

/** The options that affect the schema, without those for the connection or with side effects. */
export function schemaOptionsOf(source: DataSource): PostgresOptions {
  return {
    ...withoutConnection(source),
    migrations: [],
    subscribers: [],
    installExtensions: false,
    logging: false,
    cache: false,
  };
}
