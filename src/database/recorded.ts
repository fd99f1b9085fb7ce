import type { Direction } from '../events.js';
import { withClient } from './client.js';
import { askingAfterwards } from './outcome.js';
import type { ApplyContext } from './directed-migration.js';

interface Recorded {
  readonly name: string;
  readonly direction: Direction;
}

/**
 * What this run has finished, as the database has it now: asked on a new connection, since the server may have crashed. The log says so,
 * each row written in one transaction with that of the ledger. Undefined when the server cannot be asked.
 */
export async function recordedInBatch(context: ApplyContext): Promise<readonly Recorded[] | undefined> {
  return withClient(askingAfterwards(context), async (client) => {
    const { rows } = await client.query(
      `SELECT migration AS name, direction FROM ${context.tables.log} WHERE batch = ${context.batch} AND state IN ('applied', 'reverted')`,
    );
    return rows as unknown as readonly Recorded[];
  }).catch(() => undefined);
}
