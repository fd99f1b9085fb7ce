import { codeOf, messageOf } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import { withReader } from './client.js';
import type { ConnectContext, SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/**
 * What later versions have added to the log of 0.1. All may be null, so that a process of an earlier version can go on writing beside one of
 * this version: the change that a migration belongs to, the transaction that it ran in, and how far work in batches has come (since 0.2);
 * and the service that has written the row.
 */
const added = { change: 'character varying', xid: 'xid8', progress: 'jsonb', service: 'character varying' } as const;

/** Which of them a log has. */
export type LogColumns = ReadonlySet<keyof typeof added>;

/** Of a log of which only what 0.1 created is written to. */
export const noneAdded: LogColumns = new Set();

/** What is known of the log when rows are written to it. */
export interface LogUse {
  readonly columns: LogColumns;
  /** The service that writes; undefined where nothing says its name. */
  readonly service: string | undefined;
  /** The change that a migration belongs to. */
  changeOf(migration: string): string;
}

/** As part of CREATE TABLE. */
export const addedColumns = Object.entries(added)
  .map(([name, type]) => `"${name}" ${type}`)
  .join(',\n  ');

/** SQL of the names of the added columns that the log has; NULL where there is no log. */
export function selectAddedColumns({ log }: Pick<Tables, 'log'>): string {
  const names = Object.keys(added).map(quoteLiteral).join(', ');
  return `SELECT CASE WHEN to_regclass(${quoteLiteral(log)}) IS NULL THEN NULL ELSE coalesce(json_agg(attname), '[]') END FROM pg_attribute
    WHERE attrelid = to_regclass(${quoteLiteral(log)}) AND attname IN (${names}) AND NOT attisdropped`;
}

/** From the answer; undefined where there is no log, or where it was not asked. */
export function columnsFrom(names: unknown): LogColumns | undefined {
  return Array.isArray(names) ? new Set(names as (keyof typeof added)[]) : undefined;
}

const all: LogColumns = new Set(Object.keys(added) as (keyof typeof added)[]);

/**
 * Adds what a log of an earlier version lacks. The migration lock must be held, so that no other process writes to the log; and the connection that holds
 * it must not have read the log yet, since that would lock it until the end. Where it is not possible, the columns are done without.
 */
export async function upgradeLog(
  known: LogColumns | undefined,
  context: ConnectContext & { readonly tables: Tables },
): Promise<LogColumns> {
  if (known?.size === all.size) return known;
  return withReader(context, async (client) => {
    const { rows } = await client.query(`SELECT (${selectAddedColumns(context.tables)}) AS names`);
    // Where there is no log yet, it is created with all of them.
    const present = columnsFrom(rows[0]?.['names']) ?? all;
    return present.size === all.size ? all : addColumns(present, client, context);
  });
}

async function addColumns(
  present: LogColumns,
  client: SqlClient,
  { tables, settings, onEvent }: ConnectContext & { readonly tables: Tables },
): Promise<LogColumns> {
  const columns = Object.entries(added).map(([name, type]) => `ADD COLUMN IF NOT EXISTS "${name}" ${type}`);
  const sql = `ALTER TABLE ${tables.log} ${columns.join(', ')}`;
  try {
    // In one message, which is one transaction, as SET LOCAL needs it.
    await client.query(`SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; ${sql}`);
    return all;
  } catch (error) {
    const why =
      codeOf(error) === '42501'
        ? `this role may not alter it. As its owner: ${sql};`
        : `${messageOf(error)}. The next run tries again.`;
    const message = `The log ${tables.log} is still as an earlier version of nest-migrate created it: ${why} Migrations run as before; only what the new columns would hold is not recorded.`;
    onEvent({ type: 'warning', code: 'LOG_NOT_UPGRADED', message });
    return present;
  }
}
