import { createHash } from 'node:crypto';
import type { SqlClient, SqlResult } from '../database/sql-client.js';

/** A connection of `pg` that can also prepare statements, and that collects the server's notices. */
export interface ObservedClient extends SqlClient {
  query(sql: string | PreparedQuery, parameters?: readonly unknown[]): Promise<SqlResult>;
  on(
    event: 'notice',
    listener: (notice: { readonly severity?: string; readonly message?: string; readonly detail?: string }) => void,
  ): unknown;
}

interface PreparedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

const names = new Map<string, string>();

/** Prepares a query that runs often, since planning takes ten times as long as executing it. */
export async function ask(
  client: ObservedClient,
  text: string,
  values: readonly unknown[],
): Promise<SqlResult['rows']> {
  const name = names.get(text) ?? `nest_migrate_${createHash('md5').update(text).digest('hex').slice(0, 12)}`;
  names.set(text, name);
  const { rows } = await client.query({ name, text, values });
  return rows;
}

/** The objects that a CASCADE has dropped, from the server's notices. */
export function cascadesIn(notice: string): readonly string[] {
  return [...notice.matchAll(/^drop cascades to (?!\d+ other objects?$)(.+)$/gm)].map(([, what = '']) => what);
}
