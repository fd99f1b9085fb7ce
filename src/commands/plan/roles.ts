import type { SqlClient } from '../../database/sql-client.js';

export async function readRoles(client: SqlClient): Promise<readonly string[]> {
  const { rows } = await client.query('SELECT rolname AS name FROM pg_roles ORDER BY 1');
  return rows.map(({ name }) => String(name));
}
