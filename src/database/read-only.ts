import { showPlace } from './connection-config.js';
import { setBy } from './set-by.js';
import type { ConnectContext, SqlClient } from './sql-client.js';

/** Why migrations cannot run through this connection, and what to do. */
export interface ReadOnlyReason {
  /** True for a standby; false if `default_transaction_read_only` is set. */
  readonly standby: boolean;
  readonly message: string;
  readonly next: string;
}

export const selectReadOnly = `pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only`;

/** Undefined if the connection can write. Outside a transaction, or before anything has set it there. */
export async function readOnlyReason(client: SqlClient, context: ConnectContext): Promise<ReadOnlyReason | undefined> {
  return readOnlyIn((await client.query(`SELECT ${selectReadOnly}`)).rows[0], context);
}

/** The same from the columns that were selected. */
export function readOnlyIn(
  row: Readonly<Record<string, unknown>> | undefined,
  context: Pick<ConnectContext, 'dataSource' | 'settings'>,
): ReadOnlyReason | undefined {
  const standby = row?.['standby'] === true;
  if (!standby && row?.['read_only'] !== 'on') return undefined;
  const wait = 'a read-only connection can only wait: `nest-migrate wait --migrated`.';
  if (standby) {
    const message = 'This server is a read-only standby: migrations cannot run on it.';
    const where = setBy(showPlace(context) ?? '', ['host', 'port']);
    return { standby, message, next: `Use the address of the primary, in ${where}; ${wait}` };
  }
  return {
    standby,
    message: 'This connection is read-only (default_transaction_read_only): migrations cannot run on it.',
    next: `Use a role that may write; or turn the setting off where it is on: for the role or the database (\\drds in psql lists both), in the configuration of the server, or in the options of the connection. Some providers turn it on when the disk is almost full. Meanwhile, ${wait}`,
  };
}
