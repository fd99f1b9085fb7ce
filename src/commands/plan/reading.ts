import type { SqlClient } from '../../database/sql-client.js';
import { codeOf } from '../../errors.js';

/** Longer than a plan should take; a full answer is asked for by --deep. */
export const quickMs = 2000;

/** A question to the live database: in a transaction that cannot write, with an end, and waiting for no lock. */
export async function reading<T>(client: SqlClient, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`SET LOCAL statement_timeout = ${timeoutMs}`);
    // A session that changes the table holds its lock: a plan does not wait for it.
    await client.query('SET LOCAL lock_timeout = 500');
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The SQLSTATE of an error that is an answer: the question was refused. What is no answer, such as a lost connection, is thrown again. */
export function refusalOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^(?:08|57P)/.test(code)) throw error;
  return code;
}
