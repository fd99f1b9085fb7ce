import { codeOf, messageOf } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import { withReader } from './client.js';
import type { ConnectContext, SqlClient } from './client.js';
import type { Tables } from './tables.js';

/**
 * What the log has had since 0.2. All may be null, so that a process of 0.1 can go on writing beside one of this version: the change that a
 * migration belongs to, the transaction that it ran in, and how far work in batches has come.
 */
const added = { change: 'character varying', xid: 'xid8', progress: 'jsonb' } as const;

/** Which columns the log has: all, or only the ones that 0.1 created, because this role may not add the others. */
export type LogColumns = 'all' | 'of 0.1';

/** What is known of the log when rows are written to it. */
export interface LogUse {
  readonly columns: LogColumns;
  /** The change that a migration belongs to. */
  changeOf(migration: string): string;
}

/** As part of CREATE TABLE. */
export const addedColumns = Object.entries(added)
  .map(([name, type]) => `"${name}" ${type}`)
  .join(',\n  ');

/** SQL of how many of these columns the log has; NULL where there is no log. */
export function countAddedColumns({ log }: Pick<Tables, 'log'>): string {
  const names = Object.keys(added).map(quoteLiteral).join(', ');
  return `SELECT CASE WHEN to_regclass(${quoteLiteral(log)}) IS NULL THEN NULL ELSE count(*) END FROM pg_attribute
    WHERE attrelid = to_regclass(${quoteLiteral(log)}) AND attname IN (${names}) AND NOT attisdropped`;
}

/** From the answer; undefined where there is no log, or where it was not asked. */
export function columnsFrom(count: unknown): LogColumns | undefined {
  if (count === null || count === undefined) return undefined;
  return Number(count) === Object.keys(added).length ? 'all' : 'of 0.1';
}

/**
 * Adds what a log of 0.1 lacks. The migration lock must be held, so that no other process writes to the log; and the connection that holds
 * it must not have read the log yet, since that would lock it until the end. Where it is not possible, the columns are done without.
 */
export async function upgradeLog(
  known: LogColumns | undefined,
  context: ConnectContext & { readonly tables: Tables },
): Promise<LogColumns> {
  if (known === 'all') return known;
  return withReader(context, async (client) => {
    const { rows } = await client.query(`SELECT (${countAddedColumns(context.tables)}) AS count`);
    if (columnsFrom(rows[0]?.['count']) !== 'of 0.1') return 'all';
    return addColumns(client, context);
  });
}

async function addColumns(
  client: SqlClient,
  { tables, settings, onEvent }: ConnectContext & { readonly tables: Tables },
): Promise<LogColumns> {
  const columns = Object.entries(added).map(([name, type]) => `ADD COLUMN IF NOT EXISTS "${name}" ${type}`);
  const sql = `ALTER TABLE ${tables.log} ${columns.join(', ')}`;
  try {
    // In one message, which is one transaction, as SET LOCAL needs it.
    await client.query(`SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; ${sql}`);
    return 'all';
  } catch (error) {
    const why =
      codeOf(error) === '42501'
        ? `this role may not alter it. As its owner: ${sql};`
        : `${messageOf(error)}. The next run tries again.`;
    const message = `The log ${tables.log} is still as version 0.1 created it: ${why} Migrations run as before; only what the new columns would hold is not recorded.`;
    onEvent({ type: 'warning', code: 'LOG_NOT_UPGRADED', message });
    return 'of 0.1';
  }
}
