import type pg from 'pg';
import type { SqlClient } from '../database/client.js';
import type { CatalogPool } from '../schema/read.js';

/** The connection of an open transaction as a pool: who wants a transaction of its own to read in gets a part of that one. */
export function inside(client: SqlClient): CatalogPool & SqlClient {
  const nested: readonly (readonly [RegExp, string])[] = [
    [/^BEGIN\b/i, 'SAVEPOINT reading'],
    [/^(COMMIT|ROLLBACK)\b/i, 'ROLLBACK TO SAVEPOINT reading'],
  ];
  const query = (sql: string, parameters?: readonly unknown[]): ReturnType<SqlClient['query']> => {
    const replaced = nested.find(([pattern]) => typeof sql === 'string' && pattern.test(sql));
    return client.query(replaced?.[1] ?? sql, parameters);
  };
  const lent = Object.assign(Object.create(client) as pg.PoolClient, { query, release: () => undefined });
  return { query: client.query.bind(client), connect: () => Promise.resolve(lent) };
}
