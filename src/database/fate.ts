import { isMigrateError, MigrateError } from '../errors.js';
import type { Direction } from '../events.js';
import { quoteLiteral } from '../sql/index.js';
import { believe } from '../typeorm/query-runner.js';
import type { SqlClient } from './sql-client.js';
import { cancelled } from './cancel.js';
import { isConnectionLost } from './client.js';
import { showPlace } from './connection-config.js';
import { connectionError } from './connection-error.js';
import type { Fenced } from './fence.js';
import { untilQuiet } from './wire.js';
import { afterLostReply } from './outcome.js';
import type { Session } from './session.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

/** The outcome of a transaction in which something failed, as far as the server has reported it. */
export type Fate =
  | 'committed'
  | 'rolled back'
  /** The connection was lost before COMMIT was sent, so the server rolls back. */
  | 'never committed'
  /** The reply to COMMIT was lost, and the ledger does not contain the row of the transaction. */
  | 'not recorded'
  /** The migration committed a part of its work itself. */
  | 'ended early'
  | 'unknown';

/** Rolls back the open transaction and finds out its outcome. */
export async function fateOf(
  session: Session,
  transaction: Fenced | undefined,
  steps: readonly DirectedMigration[],
  context: ApplyContext,
): Promise<Fate> {
  const answered = await rollback(session);
  if (transaction?.commit === 'acknowledged') return 'committed';
  if (answered) return transaction && (await hasCommitted(session.client, transaction)) ? 'ended early' : 'rolled back';
  if (transaction?.commit !== 'sent') return 'never committed';
  const name = steps.at(-1)?.migration.name ?? '';
  const answer = await afterLostReply(name, transaction.xid, context, async (client) => ({
    isRecorded: await isRecorded(client, steps, context),
  }));
  if (answer === undefined) return 'unknown';
  if (!answer.isRecorded) return 'not recorded';
  tellReplyLost(name, context);
  return 'committed';
}

export function tellReplyLost(migration: string, { onEvent }: Pick<ApplyContext, 'onEvent'>): void {
  const message = `The reply to the COMMIT of ${migration} was lost with the connection. The database, read again on a new connection, shows that it was committed.`;
  onEvent({ type: 'warning', code: 'REPLY_LOST', message });
}

/** Returns whether the server has confirmed the rollback. A lost connection confirms nothing. */
export async function rollback(session: Session): Promise<boolean> {
  believe(session.queryRunner, 'none');
  session.progress.own = 'ROLLBACK';
  await untilQuiet(session.client);
  // A migration may have opened savepoints; a plain ROLLBACK ends them all.
  return session.client.query('ROLLBACK').then(
    () => true,
    () => false,
  );
}

async function hasCommitted(client: SqlClient, { xid }: Fenced): Promise<boolean> {
  const result = await client.query(`SELECT pg_xact_status('${xid}') AS status`).catch(() => undefined);
  return result?.rows[0]?.['status'] === 'committed';
}

/** Whether the ledger shows the last change of the transaction for each migration. */
async function isRecorded(
  client: SqlClient,
  steps: readonly DirectedMigration[],
  { tables }: ApplyContext,
): Promise<boolean> {
  const last = new Map(steps.map(({ migration, direction }) => [migration.name, direction]));
  const { rows: found } = await client.query(
    `SELECT to_regclass(${quoteLiteral(tables.ledger)}) IS NOT NULL AS is_there`,
  );
  if (found[0]?.['is_there'] !== true) return false;
  const { rows } = await client.query(
    `SELECT DISTINCT name FROM ${tables.ledger} WHERE name IN (${[...last.keys()].map(quoteLiteral).join(', ')})`,
  );
  const names = new Set(rows.map(({ name }) => name));
  return [...last].every(([name, direction]) => names.has(name) === (direction === 'up'));
}

/** Describes the outcome to the user in one sentence. */
export function stateAfter(fate: Exclude<Fate, 'unknown'>, steps: readonly DirectedMigration[]): string {
  const what = steps.length > 1 ? `these ${steps.length} migrations` : 'this migration';
  switch (fate) {
    case 'committed':
      return `The transaction of ${what} was committed.`;
    case 'rolled back':
      return `The database is as it was before ${what}: the transaction was rolled back.`;
    case 'never committed':
      return `The connection was lost before COMMIT was sent, so the server rolls the transaction back: nothing of ${what} remains.`;
    case 'not recorded':
      return `The connection was lost during COMMIT. The ledger, read again on a new connection, does not contain ${what}: the transaction was rolled back.`;
    case 'ended early':
      return `A COMMIT of the migration itself ended the transaction early: its effects up to then are in the database, but not recorded.`;
  }
}

/** The next step, if the outcome determines it. */
export function nextAfter(fate: Fate, direction: Direction): { readonly next?: string } {
  if (fate !== 'never committed' && fate !== 'not recorded') return {};
  return { next: `When the server answers again: nest-migrate ${direction === 'up' ? 'run' : 'revert'}` };
}

/** The error if there was no connection on which migrations could begin; undefined if something else failed. */
export function notConnected(
  error: unknown,
  [first, ...others]: readonly DirectedMigration[],
  context: ApplyContext,
): MigrateError | undefined {
  if (isMigrateError(error) || !isConnectionLost(error)) return undefined;
  const name = first?.migration.name ?? '';
  const state =
    others.length > 0
      ? `None of these ${others.length + 1} migrations was begun.`
      : `Nothing of ${name} was executed by this process.`;
  if (context.signal.aborted) return cancelled(context.signal, state);
  const lost = connectionError(error, { shown: showPlace(context), state: '' });
  return lost.with({ message: `${lost.message}\n${state}`, migration: name });
}

export function outcomeUnknown(error: unknown, steps: readonly DirectedMigration[]): MigrateError {
  const names = steps.map(({ migration }) => migration.name);
  const done = steps[0]?.direction === 'down' ? 'reverted' : 'applied';
  return new MigrateError({
    code: 'OUTCOME_UNKNOWN',
    message: `The connection was lost during the COMMIT of ${names.join(', ')}, and the server did not answer when it was asked again. It is not known whether that was ${done}: either all of it or nothing.`,
    next: `When the server answers again, \`nest-migrate status\` shows whether it is ${done}. Running the command again is safe.`,
    migration: names.at(-1) ?? '',
    cause: error,
  });
}
