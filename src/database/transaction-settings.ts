import type { Direction } from '../events.js';
import { titleIn } from '../files/change.js';
import type { MigrationName } from '../files/name.js';
import { migrationName, quoteLiteral } from '../sql/index.js';
import { everyRow } from './row-security.js';

/** A migration may wait for something between two statements, and takes longer than a transaction of an app. */
const shortest = '60s';

/** Whether there may be something to raise. Most roles have no such timeouts, and the answer is cheaper than raising them. */
export const hasTimeouts = `(current_setting('idle_in_transaction_session_timeout') <> '0' OR current_setting('transaction_timeout', true) <> '0')`;

/** The server resets a running timer only if it was switched off first; otherwise transaction_timeout would still end the transaction. */
export const raiseTimeouts = `SELECT CASE WHEN set_config(name, '0', true) = '0' THEN set_config(name, '${shortest}', true) END FROM (VALUES ('idle_in_transaction_session_timeout'), ('transaction_timeout')) AS timeout(name)
  WHERE current_setting(name, true)::interval > '0' AND current_setting(name, true)::interval < '${shortest}'`;

/** If a client disappears, the server notices after a minute, rolls back, and releases the locks. */
export const keepalives = `SELECT set_config('tcp_keepalives_idle', '30', true), set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '3', true)`;

/** The settings of each transaction of a migration, whatever the role has, except for the timeouts to raise. */
export function transactionSettings({ fence }: { readonly fence: unknown }): string {
  // The embedded database is in this process and needs no keepalives.
  return fence === undefined ? everyRow : `${everyRow}; ${keepalives}`;
}

interface Named {
  readonly migration: MigrationName;
  readonly direction: Direction;
}

/**
 * Other sessions see this name, for example `status`. It applies only to the transaction: through a pooler, other clients use the session
 * too.
 */
export function setName(step: Named | undefined): string {
  if (step === undefined) return 'SELECT';
  const { migration, direction } = step;
  const name = migrationName(direction, migration.timestamp, titleIn(migration.name));
  return `SET LOCAL application_name = ${quoteLiteral(name)}`;
}
