import type { SqlClient } from '../database/sql-client.js';
import { ExitCode, MigrateError } from '../errors.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
import type { CommandContext, Survey } from './context.js';

/** A table that lists pending migrations as applied, since the data source, the app or the search path once led to another one. */
export interface OtherLedger {
  readonly table: string;
  readonly count: number;
  /** The schema of the table, if it is not the one that the connection uses. */
  readonly schema: string | undefined;
}

interface Found {
  readonly sql: string;
  readonly table: string;
  /** Null if it is the schema of the connection. */
  readonly schema: string | null;
}

/**
 * The other ledger of these migrations: another table in the same schema, or the same table in another schema, where the search path leads to
 * `public`. A schema for each tenant has the same names in its own ledger. It is looked for only where nothing is applied yet.
 */
export async function otherLedgerOf(
  { state, foreign, pending }: Survey,
  client: SqlClient,
  { tables }: Pick<CommandContext, 'tables'>,
): Promise<OtherLedger | undefined> {
  if (state.applied.length + foreign.length > 0 || pending.length === 0) return undefined;
  const here = tables.schema === undefined ? 'current_schema()' : quoteLiteral(tables.schema);
  const inOthers =
    tables.schema === undefined ? `current_schema() = 'public' AND c.relname = ${quoteLiteral(tables.name)}` : 'false';
  const { rows } = await client.query(
    `SELECT c.oid::regclass::text AS sql, c.relname::text AS table, nullif(n.nspname, ${here})::text AS schema
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind = 'r' AND (n.nspname = ${here} OR ${inOthers}) AND c.oid IS DISTINCT FROM to_regclass(${quoteLiteral(tables.ledger)})
       AND has_table_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE')
     GROUP BY c.oid, n.nspname HAVING array_agg(a.attname ORDER BY a.attname) = '{id,name,timestamp}'
     ORDER BY n.nspname = ${here} DESC, c.oid`,
  );
  const names = pending.map(({ name }) => quoteLiteral(name)).join(', ');
  const counted = (rows as unknown as readonly Found[]).map(async ({ sql, table, schema }) => {
    const found = await client.query(`SELECT count(*)::int AS count FROM ${sql} WHERE name IN (${names})`);
    const count = Number(found.rows[0]?.['count']);
    return schema === null ? { table, count, schema: undefined } : { table: sql, count, schema };
  });
  return (await Promise.all(counted)).find(({ count }) => count > 0);
}

export function describeOtherLedger(
  { table, count, schema }: OtherLedger,
  { tables }: Pick<CommandContext, 'tables'>,
): string {
  const [which, are, they] = count === 1 ? ['one', 'is', 'it is'] : [String(count), 'are', 'they are'];
  const leads =
    schema === undefined
      ? `the data source names the table ${tables.name}`
      : 'the search path of this connection leads to the schema public';
  return `${which} of the pending migrations ${are} in the table ${table}, so perhaps ${they} applied already; ${leads}`;
}

/** To run them again would fail, or, if it does not, repeat what they did to the rows. */
export async function refuseOtherLedger(now: Survey, client: SqlClient, context: CommandContext): Promise<void> {
  const other = await otherLedgerOf(now, client, context);
  if (other === undefined) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `Nothing was run: ${describeOtherLedger(other, context)}.`,
    next: await nextFor(other, client),
    exitCode: ExitCode.usage,
  });
}

async function nextFor({ table, schema }: OtherLedger, client: SqlClient): Promise<string> {
  if (schema === undefined)
    return `If so, set migrationsTableName: '${table}' in the options of the connection. If that table is a leftover, drop or rename it.`;
  const { rows } = await client.query('SELECT quote_ident(current_database()) AS database');
  return `If so, set the search path again, which a dump does not contain: ALTER DATABASE ${String(rows[0]?.['database'])} SET search_path TO ${quoteName(schema)}, public
If these migrations are to run in the schema public as well, say so in the options of the connection: schema: 'public'`;
}
