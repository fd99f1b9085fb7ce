import { everyRow } from './row-security.js';

/** Code of a migration may wait for something else between two statements, and takes longer than what an app does in a transaction. */
const shortest = '60s';

function atLeast(name: string): string {
  return `SELECT set_config('${name}', '${shortest}', true) WHERE current_setting('${name}', true)::interval > '0' AND current_setting('${name}', true)::interval < '${shortest}'`;
}

/** What the server does about a client that is gone without a word: after a minute, it rolls back, and the locks are free. */
export const keepalives =
  'SET LOCAL tcp_keepalives_idle = 30; SET LOCAL tcp_keepalives_interval = 10; SET LOCAL tcp_keepalives_count = 3';

/** What holds in each transaction of a migration, whatever the role has. */
export function transactionSettings({ fence }: { readonly fence: unknown }): string {
  const settings = [everyRow, atLeast('idle_in_transaction_session_timeout'), atLeast('transaction_timeout')];
  // The embedded database is in this process.
  return [...settings, ...(fence === undefined ? [] : [keepalives])].join('; ');
}
