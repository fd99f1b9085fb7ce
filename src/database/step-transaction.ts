import type { SqlClient, SqlResult } from './sql-client.js';
import { rollback } from './fate.js';
import { openFenced } from './fence.js';
import type { Opened } from './fence.js';
import { setName, transactionSettings } from './transaction-settings.js';
import type { Session } from './session.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import { noReply, processIdOf, wireOf } from './wire.js';
import { backendStarted, learnBackend } from './witness.js';

/** How long a statement waits for a table lock: at most `lockTimeout`, or without a limit. */
export type Waits = 'briefly' | 'without a limit';

/** A transaction that the migration has opened itself. Its statements are counted when it is committed. */
export type OwnTransaction = 'none' | 'opened' | 'fenced';

/** How the connection of a migration reaches the server. Through a pooler, session settings cannot be relied on. */
export type Reach = 'direct' | 'pooled';

/** A pooler sends its own process id when the connection is opened. */
export async function reachOf({ client, setBackend }: Session, { lock }: ApplyContext): Promise<Reach> {
  const { rows } = await client.query(`SELECT pg_backend_pid() AS pid, ${backendStarted} AS started`);
  const backend = learnBackend(client, rows[0]);
  setBackend(backend);
  lock.assertHeld();
  return lock.fence !== undefined && processIdOf(client) !== backend.pid ? 'pooled' : 'direct';
}

/**
 * Switches off the timeouts of the role or the database, and returns a description of them; undefined if there are none, which is usual.
 * Concurrent index builds wait for other transactions by design, so a timeout would only leave an INVALID index. Through a pooler, a
 * setting would affect other clients.
 */
export async function withoutTimeouts(client: SqlClient, reach: Reach): Promise<string | undefined> {
  const { rows } = await client.query(
    `SELECT string_agg(name || ' = ' || current_setting(name), ', ') AS timeouts
       FROM (VALUES ('lock_timeout'), ('statement_timeout')) AS timeout(name) WHERE current_setting(name) <> '0'`,
  );
  const timeouts = rows[0]?.['timeouts'] as string | null;
  if (timeouts !== null && reach === 'direct') await client.query('SET lock_timeout = 0; SET statement_timeout = 0');
  return timeouts ?? undefined;
}

/** If the reset is not acknowledged, as in a failed transaction, the session must not go back to its pool. */
export async function putBackTimeouts(client: SqlClient): Promise<void> {
  await client
    .query('RESET lock_timeout; RESET statement_timeout')
    .catch(() => wireOf(client)?.cut(noReply('The timeouts could not be reset')));
}

/** Opens a transaction for one statement of a migration without a transaction. */
export async function begin(
  session: Session,
  step: DirectedMigration,
  context: ApplyContext,
  reach: Reach,
  expected = 'true',
  waits: Waits = 'without a limit',
): Promise<Opened> {
  session.progress.own = 'BEGIN';
  const settings = stepSettings(step, context, reach, waits);
  const open = async (questions: string) =>
    (await session.client.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED; ${settings}; ${questions}`,
    )) as unknown as readonly SqlResult[];
  return openFenced({ steps: [step], open, giveUp: () => rollback(session), expected }, session, context);
}

/** The settings of such a transaction, or of one that the migration has opened itself. */
export function stepSettings(step: DirectedMigration, context: ApplyContext, reach: Reach, waits: Waits): string {
  const timeouts = timeoutsOf(reach, waits === 'briefly' ? context.settings.lockTimeoutMs : 0);
  return `${timeouts}; ${setName(step)}; ${transactionSettings(context.lock)}`;
}

/** A direct connection has no timeouts, except the ones that the migration has set. */
function timeoutsOf(reach: Reach, lockTimeoutMs: number): string {
  return reach === 'pooled'
    ? `SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL statement_timeout = 0`
    : `SELECT set_config('lock_timeout', '${lockTimeoutMs}', true) WHERE current_setting('lock_timeout') = '0'`;
}
