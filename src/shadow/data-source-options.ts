import type { DataSource } from 'typeorm';
import type { PostgresOptions } from '../data-source/define-options.js';
import { withoutConnection } from '../data-source/elsewhere.js';

/** What decides about the schema, without what decides about the connection or has effects of its own. */
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
