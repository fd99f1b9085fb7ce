import type { SqlClient } from '../database/sql-client.js';

/** The error of a statement, after which the transaction goes on; undefined when it succeeded. */
export async function attempt(sql: string, client: SqlClient): Promise<unknown> {
  await client.query('SAVEPOINT row');
  try {
    await client.query(sql);
    return undefined;
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT row');
    return error;
  } finally {
    await client.query('RELEASE SAVEPOINT row');
  }
}
