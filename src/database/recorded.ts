import type { Direction } from '../events.js';
import { withClient } from './client.js';
import { askingAfterwards } from './outcome.js';
import type { ApplyContext } from './directed-migration.js';

interface Recorded {
  readonly name: string;
  readonly direction: Direction;
}

/**
 * The steps that this run has finished according to the database, read on a new connection because the server may have crashed. They are
 * read from the log, whose rows are written in the same transaction as those of the ledger. Undefined if the server cannot be asked.
 */
export async function recordedInBatch(context: ApplyContext): Promise<readonly Recorded[] | undefined> {
  return withClient(askingAfterwards(context), async (client) => {
    const { rows } = await client.query(
      `SELECT migration AS name, direction FROM ${context.tables.log} WHERE batch = ${context.batch} AND state IN ('applied', 'reverted')`,
    );
    return rows as unknown as readonly Recorded[];
  }).catch(() => undefined);
}
