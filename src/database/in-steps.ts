import { isMigrateError, MigrateError, messageOf } from '../errors.js';
import type { KeptDown } from '../files/kept-down.js';
import type { Alone } from './alone.js';
import { cancelled } from './cancel.js';
import { notRecorded } from './denied.js';
import { endingOf, reasonForEnding } from './ending.js';
import { correctionOf, migrationFailed } from './failure.js';
import { rollback, tellReplyLost } from './fate.js';
import { classify } from '../sql/index.js';
import type { StepProgress } from './progress.js';
import type { HalfDone } from './log.js';
import { afterLostReply } from './outcome.js';
import { describeLeft, traceOf } from './repair.js';
import type { Execute, Session } from './session.js';
import { stateInSteps, stepping } from './stepping.js';

/** A migration of which each step is committed together with the number of finished statements. */
export interface InSteps {
  readonly execute: Execute;
  /** Records the migration, together with the transaction that it has left open. */
  finish(down: KeptDown | undefined): Promise<void>;
  /** Throws the error with what is known of the database. Returns if only the reply to the last COMMIT was lost. */
  stop(error: unknown): Promise<void>;
}

export function inSteps(at: Alone, halfDone?: HalfDone): InSteps {
  const stepper = stepping(at);
  return {
    execute: stepper.execute,
    finish: (down) => at.progress.finish(down, at.progress.begins === 'in a transaction' ? stepper.own() : 'none'),
    stop: (error) => stop(error, at, halfDone),
  };
}

async function stop(error: unknown, at: Alone, halfDone: HalfDone | undefined): Promise<void> {
  const { session, progress, step, context } = at;
  const { name } = step.migration;
  const answered = await rollback(session);
  const { transaction } = progress;
  let about = '';
  if (!answered && transaction?.commit === 'sent') {
    const now = await afterLostReply(name, transaction.xid, context, (client) => progress.read(client));
    if (now === undefined) throw endUnknown(error, at);
    if (now.state === 'finished') return tellReplyLost(name, context);
    progress.learn(now.statementsDone);
    about = ' The connection was lost during a COMMIT; the log was read again on a new connection.';
  } else if (!answered) {
    about = transaction
      ? ' The connection was lost before the next COMMIT was sent, so the server rolls back what was not committed.'
      : ' The connection was lost. If a statement was running, the next run finds out whether it was finished.';
  }
  if (isMigrateError(error) && error.code === 'MIGRATION_HALF_DONE' && halfDone) {
    await progress.putBack(halfDone);
    throw error;
  }
  await progress.failed(messageOf(error));
  throw await failure(error, about, at);
}

async function failure(
  error: unknown,
  about: string,
  { session, progress, step, context }: Alone,
): Promise<MigrateError> {
  const { name } = step.migration;
  const again = `nest-migrate ${step.direction === 'up' ? 'run' : 'revert'}`;
  const rows = progress.savedBatch?.rows ?? 0;
  const batches = rows === 0 ? '' : ` Of the next one, the batches up to row ${rows} are committed and stay.`;
  const left = about === '' ? await leftBy(session) : '';
  const state = `${stateInSteps(progress)}${batches}${ofInterrupted(progress)}${left}${about}`;
  if (context.signal.aborted) return cancelled(context.signal, `Migration ${name}: ${state}`);
  const first =
    about === '' ? `${correctionOf(error, 'Correct what is wrong')}, then` : 'When the server answers again,';
  const undo =
    progress.kept === 0
      ? ''
      : ` If you undo the done statements by hand instead: nest-migrate resolve ${name} --not-started`;
  const at = {
    migration: name,
    direction: step.direction,
    sql: session.progress.sql,
    statement: session.progress.statement,
    state,
    hint: about === '' ? endingOf(error) : reasonForEnding(error),
    next: `${first} \`${again}\`: it continues at statement ${progress.kept + 1}.${undo}`,
  };
  const denied = await notRecorded(error, at, { tables: context.tables, client: session.client });
  return denied ?? migrationFailed(error, at);
}

/** A failed or cancelled concurrent build leaves its index. */
async function leftBy({ client, progress: { sql } }: Session): Promise<string> {
  const trace = sql === undefined ? undefined : traceOf(sql);
  const ask = async (): Promise<readonly string[]> => (await trace?.left?.(client)) ?? [];
  // The cancellation of the statement may arrive late, and meet this query.
  const left = await ask()
    .catch(ask)
    .catch(() => []);
  return left.map((index) => ` ${describeLeft(index)}`).join('');
}

const mayCommit = new Set(['DO', 'CALL']);

/** A procedure or a block that runs outside of a transaction may have committed a part of its work, as backfills do. */
function ofInterrupted({ interrupted, kept }: StepProgress): string {
  const commits = interrupted !== undefined && classify(interrupted).some(({ command }) => mayCommit.has(command));
  return commits ? ` What statement ${kept + 1} has committed by itself stays.` : '';
}

function endUnknown(error: unknown, { progress, step }: Alone): MigrateError {
  const { name } = step.migration;
  const which = progress.begins === 'in a transaction' ? 'which commits by itself' : 'which runs without a transaction';
  return new MigrateError({
    code: 'OUTCOME_UNKNOWN',
    message: `The connection was lost during a COMMIT of migration ${name}, ${which}, and the server did not answer when it was asked again. ${progress.kept} of its statements ${progress.kept === 1 ? 'is' : 'are'} done; whether this COMMIT was executed is not known.`,
    next: 'When the server answers again, `nest-migrate status` shows how far it is. Running the command again is safe: it continues from there.',
    migration: name,
    cause: error,
  });
}
