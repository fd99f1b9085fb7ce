import { codeOf, messageOf } from '../errors.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
import { missingExtension } from './missing-extension.js';
import type { SqlClient } from './sql-client.js';

const undefinedTable = '42P01';

/**
 * The next step if a statement did not find a table that exists in another schema: the migrations were written for a different search_path,
 * for example by an app that sets it before it migrates. Undefined if that is not the reason.
 */
export async function foundElsewhere(client: Pick<SqlClient, 'query'>, error: unknown): Promise<string | undefined> {
  if (codeOf(error) !== undefinedTable) return undefined;
  const [, schema, table] = /^relation "(?:(.+)\.)?(.+)" does not exist$/.exec(messageOf(error)) ?? [];
  if (table === undefined) return undefined;
  const found = await client
    .query(
      `SELECT n.nspname AS schema, current_setting('search_path') AS path, coalesce(n.nspname = ANY (current_schemas(false)), false) AS searched
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relname = ${quoteLiteral(table)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
       ORDER BY n.nspname`,
    )
    .catch(() => ({ rows: [] }));
  const rows = found.rows as readonly { readonly schema: string; readonly path: string; readonly searched: boolean }[];
  const there = rows.find(({ searched }) => searched === (schema !== undefined));
  if (there === undefined) return undefined;
  const first = quoteName(schema ?? there.schema);
  const is = `${quoteName(there.schema)}.${quoteName(table)} exists, and the search_path is ${there.path}.`;
  return `${is} If the migrations expect ${first} to come first, set it in the data source: extra: { options: '-c search_path=${optionValue(schema ?? there.schema)},public' }. Objects that were created elsewhere are not moved: start with an empty database, or move them (ALTER TABLE … SET SCHEMA …).`;
}

/** The next step if the catalog shows why a statement did not find something. */
export async function reasonInCatalog(client: Pick<SqlClient, 'query'>, error: unknown): Promise<string | undefined> {
  return (await foundElsewhere(client, error)) ?? (await missingExtension(client, error));
}

/** In `options`, a space separates settings, and a backslash escapes it. */
function optionValue(schema: string): string {
  return quoteName(schema)
    .replace(/^"([a-z_][a-z0-9_]*)"$/, '$1')
    .replaceAll(/[\\ ]/g, String.raw`\$&`);
}
