import { codeOf, isMigrateError } from '../errors.js';
import { transactionHolder } from './blockers.js';
import { deadline, pause, stoppedFor } from './cancel.js';
import { boundsOf } from './replies.js';
import { withClient } from './client.js';
import type { SqlClient } from './sql-client.js';
import { waitForSession } from './earlier-session.js';
import type { ApplyContext } from './directed-migration.js';

/** After a signal, the outcome is queried only for a short time. */
export function askingAfterwards(context: ApplyContext): ApplyContext {
  const stopped = stoppedFor(context.signal);
  if (stopped === undefined) return context;
  return { ...context, signal: deadline(boundsOf(context.settings).askingMs - stopped) };
}

/**
 * Finds out the outcome after the reply to a COMMIT was lost. Waits on a new connection until the transaction has ended, and then reads
 * what it wrote to the ledger or the log. The answer of `pg_xact_status` is not enough: after a failover, the id may belong to another
 * transaction. Undefined if the server cannot be asked.
 */
export async function afterLostReply<T extends object>(
  migration: string,
  xid: string,
  context: ApplyContext,
  look: (client: SqlClient) => Promise<T>,
): Promise<T | undefined> {
  const asking = askingAfterwards(context);
  const { timeoutMs, retryEveryMs } = context.settings.connect;
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await withClient(asking, async (client) => {
        const ask = async (): Promise<{ readonly found: T | undefined } | undefined> => {
          if (await isStandby(client)) return performance.now() < end ? undefined : { found: undefined };
          return (await hasEnded(client, xid)) ? { found: await look(client) } : undefined;
        };
        return (await waitForSession(migration, asking, ask, () => transactionHolder(client, xid))).found;
      });
    } catch (error) {
      if (isMigrateError(error) || asking.signal.aborted || performance.now() >= end) return undefined;
      await pause(retryEveryMs, asking.signal);
    }
  }
}

/** A standby that is about to become the new primary may not have all transactions of the old one yet. */
async function isStandby(client: SqlClient): Promise<boolean> {
  const { rows } = await client.query('SELECT pg_is_in_recovery() AS standby');
  return rows[0]?.['standby'] === true;
}

async function hasEnded(client: SqlClient, xid: string): Promise<boolean> {
  try {
    const { rows } = await client.query(`SELECT pg_xact_status('${xid}') AS status`);
    return rows[0]?.['status'] !== 'in progress';
  } catch (error) {
    // This server has not reached that transaction id, so it is a different server.
    if (codeOf(error) === '22023') return true;
    throw error;
  }
}
