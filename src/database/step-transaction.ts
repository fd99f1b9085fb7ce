import type { SqlResult } from './sql-client.js';
import { rollback } from './fate.js';
import { openFenced } from './fence.js';
import type { Opened } from './fence.js';
import { setName, transactionSettings } from './transaction-settings.js';
import type { Session } from './session.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

/** How long a statement waits for a table lock: at most `lockTimeout`, or without a limit. */
export type Waits = 'briefly' | 'without a limit';

/** How the connection of a migration reaches the server. Through a pooler, session settings cannot be relied on. */
export type Reach = 'direct' | 'pooled';

/** Opens a transaction for one statement of a migration without a transaction. */
export async function begin(
  session: Session,
  step: DirectedMigration,
  context: ApplyContext,
  reach: Reach,
  expected = 'true',
  waits: Waits = 'without a limit',
): Promise<Opened> {
  const timeouts = timeoutsOf(reach, waits === 'briefly' ? context.settings.lockTimeoutMs : 0);
  session.progress.own = 'BEGIN';
  const open = async (questions: string) =>
    (await session.client.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED; ${timeouts}; ${setName(step)}; ${transactionSettings(context.lock)}; ${questions}`,
    )) as unknown as readonly SqlResult[];
  return openFenced({ steps: [step], open, giveUp: () => rollback(session), expected }, session, context);
}

/** A direct connection has no timeouts, except the ones that the migration has set. */
function timeoutsOf(reach: Reach, lockTimeoutMs: number): string {
  return reach === 'pooled'
    ? `SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL statement_timeout = 0`
    : `SELECT set_config('lock_timeout', '${lockTimeoutMs}', true) WHERE current_setting('lock_timeout') = '0'`;
}
