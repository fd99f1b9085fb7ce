import { codeOf, messageOf } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import { withReader } from './client.js';
import type { ConnectContext, SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/**
 * The columns that later versions have added to the log of 0.1. All may be null, so that a process of an earlier version can continue to
 * write: the change that a migration belongs to, the transaction that it ran in, and the progress of work in batches (since 0.2); and the
 * service that wrote the row.
 */
const added = { change: 'character varying', xid: 'xid8', progress: 'jsonb', service: 'character varying' } as const;

/** The added columns that a log has. */
export type LogColumns = ReadonlySet<keyof typeof added>;

/** Stands for a log in which only the columns of 0.1 are written. */
export const noneAdded: LogColumns = new Set();

/** What is needed to write rows to the log. */
export interface LogUse {
  readonly columns: LogColumns;
  /** The service that writes; undefined if its name is unknown. */
  readonly service: string | undefined;
  /** The change that a migration belongs to. */
  changeOf(migration: string): string;
}

/** The column definitions for CREATE TABLE. */
export const addedColumns = Object.entries(added)
  .map(([name, type]) => `"${name}" ${type}`)
  .join(',\n  ');

/** SQL that lists the added columns of the log, or NULL if there is no log. */
export function selectAddedColumns({ log }: Pick<Tables, 'log'>): string {
  const names = Object.keys(added).map(quoteLiteral).join(', ');
  return `SELECT CASE WHEN to_regclass(${quoteLiteral(log)}) IS NULL THEN NULL ELSE coalesce(json_agg(attname), '[]') END FROM pg_attribute
    WHERE attrelid = to_regclass(${quoteLiteral(log)}) AND attname IN (${names}) AND NOT attisdropped`;
}

/** Parses that result; undefined if there is no log or it was not read. */
export function columnsFrom(names: unknown): LogColumns | undefined {
  return Array.isArray(names) ? new Set(names as (keyof typeof added)[]) : undefined;
}

const all: LogColumns = new Set(Object.keys(added) as (keyof typeof added)[]);

/**
 * Adds the columns that a log of an earlier version lacks. The migration lock must be held, so that no other process writes to the log. The
 * connection that holds it must not have read the log yet, because that would lock it until the end of the transaction: it may only read the
 * catalog, and another connection adds the columns. If they cannot be added, they are not used.
 */
export async function upgradeLog(
  known: LogColumns | undefined,
  holder: SqlClient,
  context: ConnectContext & { readonly tables: Tables },
): Promise<LogColumns> {
  if (known?.size === all.size) return known;
  const { rows } = await holder.query(`SELECT (${selectAddedColumns(context.tables)}) AS names`);
  // If there is no log yet, it is created with all columns.
  const present = columnsFrom(rows[0]?.['names']) ?? all;
  return present.size === all.size ? all : withReader(context, (client) => addColumns(present, client, context));
}

async function addColumns(
  present: LogColumns,
  client: SqlClient,
  { tables, settings, onEvent }: ConnectContext & { readonly tables: Tables },
): Promise<LogColumns> {
  const columns = Object.entries(added).map(([name, type]) => `ADD COLUMN IF NOT EXISTS "${name}" ${type}`);
  const sql = `ALTER TABLE ${tables.log} ${columns.join(', ')}`;
  try {
    // One message is one transaction, which SET LOCAL requires.
    await client.query(`SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; ${sql}`);
    return all;
  } catch (error) {
    const why =
      codeOf(error) === '42501'
        ? `this role may not alter it. As its owner: ${sql};`
        : `${messageOf(error)}. The next run tries again.`;
    const message = `The log ${tables.log} is still as an earlier version of nest-migrate created it: ${why} Migrations run as before; only the data of the new columns is not recorded.`;
    onEvent({ type: 'warning', code: 'LOG_NOT_UPGRADED', message });
    return present;
  }
}
