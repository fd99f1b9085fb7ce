import { quoteName } from '../sql/index.js';
import type { SqlResult } from './sql-client.js';

interface Asked {
  query(sql: string): Promise<Pick<SqlResult, 'rows'>>;
}

/**
 * The role of a connection, quoted, for statements that a message suggests. The server is asked, because an address may leave out the user, and
 * another role may be set for the session. In a failed transaction, or without a connection, it cannot answer.
 */
export async function quotedRole(client: Asked): Promise<string> {
  const { rows } = await client.query('SELECT current_user AS role').catch(() => ({ rows: [] }));
  const role = rows[0]?.['role'];
  return typeof role === 'string' ? quoteName(role) : '<role>';
}
