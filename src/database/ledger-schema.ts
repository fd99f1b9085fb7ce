import { codeOf, MigrateError } from '../errors.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
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
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${name}`).catch((error: unknown) => {
    throw codeOf(error) === '42501' ? mayNotCreate(name, error) : error;
  });
  return schema;
}

function mayNotCreate(name: string, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'PERMISSION_DENIED',
    message: `The schema ${name}, which the data source names, does not exist, and this role may not create it. Nothing was changed.`,
    next: `As the owner of the database: CREATE SCHEMA ${name} AUTHORIZATION <role>; then run again.`,
    cause,
  });
}
