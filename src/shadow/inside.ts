import type pg from 'pg';
import type { SqlClient } from '../database/sql-client.js';
import type { CatalogPool } from '../schema/read.js';
import { classify } from '../sql/index.js';

/** The connection of an open transaction as a pool: a transaction for reading becomes a part of the open one. */
export function inside(client: SqlClient): CatalogPool & SqlClient {
  const query = (sql: string, parameters?: readonly unknown[]): ReturnType<SqlClient['query']> =>
    client.query(typeof sql === 'string' ? nested(sql) : sql, parameters);
  const lent = Object.assign(Object.create(client) as pg.PoolClient, { query, release: () => undefined });
  return { query: client.query.bind(client), connect: () => Promise.resolve(lent) };
}

function nested(sql: string): string {
  const [statement] = classify(sql);
  if (statement?.opens) return 'SAVEPOINT reading';
  return statement?.closes ? 'ROLLBACK TO SAVEPOINT reading' : sql;
}
