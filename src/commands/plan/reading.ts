import type { SqlClient } from '../../database/sql-client.js';
import { codeOf } from '../../errors.js';

/** Longer than a plan should take. With --deep, the full answer is awaited. */
export const quickMs = 2000;

/** Sends a query to the live database in a read-only transaction with a timeout that does not wait for locks. */
export async function reading<T>(client: SqlClient, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`SET LOCAL statement_timeout = ${timeoutMs}`);
    // A session that changes the table holds its lock, and a plan does not wait for it.
    await client.query('SET LOCAL lock_timeout = 500');
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The SQLSTATE of an error with which the server refused the query. Any other error, such as a lost connection, is thrown again. */
export function refusalOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^(?:08|57P)/.test(code)) throw error;
  return code;
}
