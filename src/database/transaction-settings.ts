import type { Direction } from '../events.js';
import { titleIn } from '../files/change.js';
import type { MigrationName } from '../files/name.js';
import { migrationName, quoteLiteral } from '../sql/index.js';
import { everyRow } from './row-security.js';

/** Code of a migration may wait for something else between two statements, and takes longer than what an app does in a transaction. */
const shortest = '60s';

/** The server changes a timer that runs already only when it was switched off: transaction_timeout would end the transaction all the same. */
const raised = `SELECT CASE WHEN set_config(name, '0', true) = '0' THEN set_config(name, '${shortest}', true) END FROM (VALUES ('idle_in_transaction_session_timeout'), ('transaction_timeout')) AS timeout(name)
  WHERE current_setting(name, true)::interval > '0' AND current_setting(name, true)::interval < '${shortest}'`;

/** What the server does about a client that is gone without a word: after a minute, it rolls back, and the locks are free. */
export const keepalives = `SELECT set_config('tcp_keepalives_idle', '30', true), set_config('tcp_keepalives_interval', '10', true), set_config('tcp_keepalives_count', '3', true)`;

/** What holds in each transaction of a migration, whatever the role has. */
export function transactionSettings({ fence }: { readonly fence: unknown }): string {
  const settings = [everyRow, raised];
  // The embedded database is in this process.
  return [...settings, ...(fence === undefined ? [] : [keepalives])].join('; ');
}

interface Named {
  readonly migration: MigrationName;
  readonly direction: Direction;
}

/** Other sessions see it, `status` among them. In the transaction only: through a pooler, the session is also used by others. */
export function setName(step: Named | undefined): string {
  if (step === undefined) return 'SELECT';
  const { migration, direction } = step;
  const name = migrationName(direction, migration.timestamp, titleIn(migration.name));
  return `SET LOCAL application_name = ${quoteLiteral(name)}`;
}
