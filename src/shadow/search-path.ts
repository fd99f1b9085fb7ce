import type { SqlClient } from '../database/sql-client.js';
import { quoteName, sqlTokens } from '../sql/index.js';
import type { Configured } from './initial-session.js';
import type { InitialState } from './initial-state.js';

/** The search path of a session, in a form that another role can set. */
export async function searchPathOf(client: SqlClient): Promise<string> {
  const { rows } = await client.query(`SELECT current_setting('search_path') AS path, current_user AS role`);
  const { path = '', role = '' } = (rows[0] ?? {}) as { readonly path?: string; readonly role?: string };
  return [...sqlTokens(path)].map(({ text }) => (text === '"$user"' ? quoteName(role) : text)).join('');
}

/** A project whose session begins with the schemas that a live one has found, where its data source says nothing of a search path. */
export function withFoundSchemas<T extends Configured>(project: T, found: readonly string[]): T {
  // Other schemas besides public, and the schemas of extensions, depend on the server.
  if (found[0] === undefined || found[0] === 'public') return project;
  return { ...project, searchPath: found.map(quoteName).join(', ') };
}

/** The schemas of the search path that exist, in their order. */
export async function foundSchemas(client: SqlClient): Promise<readonly string[]> {
  const { rows } = await client.query('SELECT to_json(current_schemas(false)) AS found');
  return (rows[0] as { readonly found: readonly string[] } | undefined)?.found ?? [];
}

/** A copy of a database is made of texts that were read there: it must find what they name, where they do not say in which schema. */
export function withSearchPath(initial: InitialState, path: string): InitialState {
  const settings = [...initial.settings.filter(([name]) => name !== 'search_path'), ['search_path', path] as const];
  return { ...initial, settings };
}
