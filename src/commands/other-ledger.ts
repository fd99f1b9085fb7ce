import type { SqlClient } from '../database/sql-client.js';
import { ExitCode, MigrateError } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import type { CommandContext, Survey } from './context.js';

/** A table that lists pending migrations as applied, since the data source or the app once named another one. */
export interface OtherLedger {
  readonly table: string;
  readonly count: number;
}

/**
 * The other ledger of these migrations in the same schema. A schema for each tenant has the same names in its own ledger. It is looked for
 * only where nothing is applied yet.
 */
export async function otherLedgerOf(
  { state, foreign, pending }: Survey,
  client: SqlClient,
  { tables }: Pick<CommandContext, 'tables'>,
): Promise<OtherLedger | undefined> {
  if (state.applied.length + foreign.length > 0 || pending.length === 0) return undefined;
  const schema = tables.schema === undefined ? 'current_schema()' : quoteLiteral(tables.schema);
  const { rows } = await client.query(
    `SELECT c.oid::regclass::text AS sql, c.relname::text AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind = 'r' AND n.nspname = ${schema} AND c.oid IS DISTINCT FROM to_regclass(${quoteLiteral(tables.ledger)})
       AND has_table_privilege(c.oid, 'SELECT')
     GROUP BY c.oid HAVING array_agg(a.attname ORDER BY a.attname) = '{id,name,timestamp}'`,
  );
  const names = pending.map(({ name }) => quoteLiteral(name)).join(', ');
  const counted = rows.map(async ({ sql, table }) => {
    const found = await client.query(`SELECT count(*)::int AS count FROM ${String(sql)} WHERE name IN (${names})`);
    return { table: String(table), count: Number(found.rows[0]?.['count']) };
  });
  return (await Promise.all(counted)).find(({ count }) => count > 0);
}

export function describeOtherLedger({ table, count }: OtherLedger, { tables }: Pick<CommandContext, 'tables'>): string {
  const [which, are, they] = count === 1 ? ['one', 'is', 'it is'] : [String(count), 'are', 'they are'];
  return `${which} of the pending migrations ${are} in the table ${table}, so perhaps ${they} applied already; the data source names the table ${tables.name}`;
}

/** To run them again would fail, or, if it does not, repeat what they did to the rows. */
export async function refuseOtherLedger(now: Survey, client: SqlClient, context: CommandContext): Promise<void> {
  const other = await otherLedgerOf(now, client, context);
  if (other === undefined) return;
  throw new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `Nothing was run: ${describeOtherLedger(other, context)}.`,
    next: `If so, set migrationsTableName: '${other.table}' in the options of the connection. If that table is a leftover, drop or rename it.`,
    exitCode: ExitCode.usage,
  });
}
