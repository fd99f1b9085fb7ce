import type { SqlClient } from '../database/sql-client.js';

/** Executes a statement in a savepoint, so that the transaction can continue. Returns its error, or undefined if it succeeded. */
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
