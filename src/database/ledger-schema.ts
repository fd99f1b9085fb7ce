import { codeOf, MigrateError } from '../errors.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
import { quotedRole } from './role.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/**
 * Creates the schema that the data source names for the ledger if it does not exist, and then returns its name. The first migration cannot
 * create it, because its own row in the ledger would have no table. The schema is looked up first, because CREATE SCHEMA IF NOT EXISTS
 * requires the privilege to create one even if it exists.
 */
export async function createLedgerSchema(client: SqlClient, { schema }: Tables): Promise<string | undefined> {
  if (schema === undefined) return undefined;
  const name = quoteName(schema);
  const { rows } = await client.query(`SELECT to_regnamespace(${quoteLiteral(name)}) IS NULL AS missing`);
  if (!(rows[0] as { readonly missing: boolean }).missing) return undefined;
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}`).catch(async (error: unknown) => {
    throw codeOf(error) === '42501' ? mayNotCreate(name, await quotedRole(client), error) : error;
  });
  return schema;
}

/**
 * A warning if the search path names a schema that does not exist. The server then creates tables in the next one without a word. Only
 * `$user` is usually missing, as in the default search path.
 */
export async function aboutSearchPath(client: SqlClient, { schema }: Tables): Promise<string | undefined> {
  if (schema !== undefined) return undefined;
  const { rows } = await client.query(
    `WITH named AS (
       SELECT n, CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE lower(m[1]) END AS name
       FROM regexp_matches(current_setting('search_path'), '"(?:[^"]|"")*"|[^,\\s"]+', 'g') WITH ORDINALITY AS found(m, n))
     SELECT current_schema() AS used, (SELECT json_agg(name ORDER BY n) FROM named WHERE name <> '$user'
       AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = name)
       AND n < (SELECT min(n) FROM named WHERE coalesce(nullif(name, '$user'), current_user) = current_schema())) AS skipped`,
  );
  const { used, skipped } = rows[0] as { readonly used: string; readonly skipped: readonly string[] | null };
  const [first] = skipped ?? [];
  if (first === undefined) return undefined;
  return `The search path names the schema ${quoteName(first)}, which does not exist: tables without a schema are created in ${quoteName(used)}, and so is the list of applied migrations. If that is not intended, create the schema before the first run.`;
}

function mayNotCreate(name: string, role: string, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'PERMISSION_DENIED',
    message: `The schema ${name}, which the data source names, does not exist, and this role may not create it. Nothing was changed.`,
    next: `As the owner of the database: CREATE SCHEMA ${name} AUTHORIZATION ${role}; then run again.`,
    cause,
  });
}
