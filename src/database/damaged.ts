import { messageOf, MigrateError } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import { serverErrorOf } from './failure.js';
import type { FailedAt } from './failure.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

interface Where {
  readonly tables: Tables;
  readonly client: SqlClient;
}

/** What is wrong with our tables, and what to type. */
interface Damage {
  readonly table: string;
  readonly what: string;
  readonly repair: readonly string[];
  readonly besides?: string;
}

/** The error for a failure in a table of our own, as after a restore that left something out, rather than in the migration. */
export async function ownTablesDamaged(
  error: unknown,
  { migration, state, sql }: Pick<FailedAt, 'migration' | 'state' | 'sql'>,
  where: Where,
): Promise<MigrateError | undefined> {
  const damage = (await sequencesBehind(error, sql, where)) ?? (await keyMissing(error, sql, where));
  if (damage === undefined) return undefined;
  const { table, what, repair, besides = '' } = damage;
  return new MigrateError({
    code: 'LEDGER_DAMAGED',
    message: `${migration} could not be recorded in ${table}, a table of nest-migrate: ${messageOf(error)} (${serverErrorOf(error)?.code ?? ''}). ${what} The migration is not the cause.\n${state}`,
    next: `As the owner of the table: ${repair.join(' ')}\nThen run the same command again.${besides}`,
    migration,
    cause: error,
  });
}

/** Neither logical replication nor a restore of rows alone sets the sequences. */
async function sequencesBehind(
  error: unknown,
  sql: string | undefined,
  { tables, client }: Where,
): Promise<Damage | undefined> {
  const server = serverErrorOf(error);
  if (server?.code !== '23505' || server.detail?.includes('(id)=(') !== true) return undefined;
  if (tables.schema !== undefined && server.schema !== tables.schema) return undefined;
  // A statement of a migration may write to the ledger itself.
  const own = server.table === tables.logName ? tables.log : server.table === tables.name ? tables.ledger : undefined;
  if (own === undefined || (own === tables.ledger && sql !== undefined)) return undefined;
  const other = own === tables.log ? tables.ledger : tables.log;
  const behind = (await isBehind(other, client)) ? [own, other] : [own];
  return {
    table: own,
    what: 'The sequence of its ids is behind its rows, as after a restore of rows alone, or a failover with logical replication.',
    repair: behind.map((table) => `SELECT setval(${sequenceOf(table)}, (SELECT max(id) FROM ${table}));`),
    besides: ' The sequences of other tables may be behind, too.',
  };
}

function sequenceOf(table: string): string {
  return `pg_get_serial_sequence(${quoteLiteral(table)}, 'id')`;
}

async function isBehind(table: string, client: SqlClient): Promise<boolean> {
  const { rows } = await client
    .query(
      `SELECT coalesce(max(id), 0) > coalesce(pg_sequence_last_value(${sequenceOf(table)}::regclass), 0) AS behind FROM ${table}`,
    )
    .catch(() => ({ rows: [] }));
  return (rows[0] as { readonly behind?: unknown } | undefined)?.behind === true;
}

/** A restore may also have left out the constraints. */
async function keyMissing(
  error: unknown,
  sql: string | undefined,
  { tables: { downs }, client }: Where,
): Promise<Damage | undefined> {
  if (serverErrorOf(error)?.code !== '42P10' || sql !== undefined) return undefined;
  const { rows } = await client
    .query(
      `SELECT NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND indisprimary) AS missing FROM pg_class c WHERE oid = to_regclass(${quoteLiteral(downs)})`,
    )
    .catch(() => ({ rows: [] }));
  if ((rows[0] as { readonly missing?: unknown } | undefined)?.missing !== true) return undefined;
  const what = 'Its primary key is missing, as after a restore that left out the constraints.';
  return { table: downs, what, repair: [`ALTER TABLE ${downs} ADD PRIMARY KEY (migration);`] };
}
