import { isMigrateError, MigrateError, messageOf } from '../errors.js';
import { withoutPasswords } from '../passwords.js';
import { classify } from '../sql/index.js';
import { untilFinishedElsewhere } from './alone.js';
import { abortable, cancelled } from './cancel.js';
import type { SqlClient } from './sql-client.js';
import { endingOf } from './ending.js';
import { mayNotRecord } from './denied.js';
import { downOf } from './downs.js';
import { migrationFailed } from './failure.js';
import { rollback, tellReplyLost } from './fate.js';
import type { HalfDone } from './log.js';
import { afterLostReply } from './outcome.js';
import { StepProgress } from './progress.js';
import type { Reach } from './step-transaction.js';
import { traceOf } from './repair.js';
import { backendStarted, learnBackend } from './witness.js';
import { noReply, processIdOf, wireOf } from './wire.js';
import { withSession } from './session.js';
import type { Execute, Session } from './session.js';
import { executeMigration } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import { stateInSteps, stepping } from './stepping.js';

/**
 * Runs a migration without a transaction around it. Each statement is committed together with the number of finished statements, so that
 * after any interruption (an error, a signal, a kill) the next run continues exactly there. Returns how long it took; undefined if a
 * session of an earlier process has finished it in the meantime.
 */
export async function applyInSteps(step: DirectedMigration, context: ApplyContext): Promise<number | undefined> {
  const { name } = step.migration;
  const stepper: { execute: Execute } = { execute: (_sql, _parameters, run) => run() };
  const execute: Execute = (sql, parameters, run) => stepper.execute(sql, parameters, run);
  const observed = { ...context, migration: () => name, execute: () => execute, waitsForSnapshots: true as const };
  return withSession(observed, async (session) => {
    const started = performance.now();
    const { reach, timeouts } = await reachOf(session, context);
    try {
      const runnable = await step.migration.prepare(session.queryRunner, context.instantiate, 'run');
      const opened = await StepProgress.open(session, step, context, reach).catch(async (error: unknown) => {
        await rollback(session);
        throw await notBegun(error, step, context, session.client);
      });
      if (opened === undefined) return undefined;
      const { progress, halfDone } = opened;
      try {
        const next = stepping({ session, progress, step, context, reach, timeouts });
        stepper.execute = halfDone ? await resuming(halfDone, next, session, progress, step, context) : next;
        await abortable(context.signal, () => executeMigration(runnable, step, session, context.onEvent));
        if (halfDone && progress.done < halfDone.statements_done)
          throw halfDone.statements_hash === null
            ? hasFewer(step, halfDone.statements_done, progress.done)
            : diverged(step, halfDone.statements_done);
        session.progress.sql = undefined;
        await progress.finish(await downOf(step, runnable, 'in steps', context.downs));
      } catch (thrown) {
        const error = session.causeOf(thrown);
        await stop(error, { session, progress, halfDone, step, context });
      }
      return performance.now() - started;
    } finally {
      if (reach === 'direct' && timeouts !== undefined) await putBackTimeouts(session.client);
    }
  });
}

interface Reached {
  readonly reach: Reach;
  /** A description of the timeouts of the role or the database that are not 0. */
  readonly timeouts: string | undefined;
}

/**
 * Concurrent index builds wait for other transactions by design, so a timeout would only leave an INVALID index. If there are no timeouts,
 * which is usual, nothing has to be set. Through a pooler, a setting would affect other clients.
 */
async function reachOf({ client, setBackend }: Session, { lock }: ApplyContext): Promise<Reached> {
  const { rows } = await client.query(
    `SELECT pg_backend_pid() AS pid, ${backendStarted} AS started, (SELECT string_agg(name || ' = ' || current_setting(name), ', ')
       FROM (VALUES ('lock_timeout'), ('statement_timeout')) AS timeout(name) WHERE current_setting(name) <> '0') AS timeouts`,
  );
  const backend = learnBackend(client, rows[0]);
  const timeouts = rows[0]?.['timeouts'] as string | null;
  setBackend(backend);
  lock.assertHeld();
  // A pooler sends its own process id when the connection is opened.
  const reach = lock.fence !== undefined && processIdOf(client) !== backend.pid ? 'pooled' : 'direct';
  if (timeouts !== null && reach === 'direct') await client.query('SET lock_timeout = 0; SET statement_timeout = 0');
  return { reach, timeouts: timeouts ?? undefined };
}

/** If the reset is not acknowledged, as in a failed transaction, the session must not go back to its pool. */
async function putBackTimeouts(client: SqlClient): Promise<void> {
  await client
    .query('RESET lock_timeout; RESET statement_timeout')
    .catch(() => wireOf(client)?.cut(noReply('The timeouts could not be reset')));
}

/** Skips the statements that are done, and executes the others. */
async function resuming(
  halfDone: HalfDone,
  next: Execute,
  session: Session,
  progress: StepProgress,
  step: DirectedMigration,
  context: ApplyContext,
): Promise<Execute> {
  const { statements_done: statements, statements_hash: hash, in_doubt: inDoubt } = halfDone;
  context.onEvent({ type: 'resuming', migration: step.migration.name, statementsDone: statements });
  const isDone = inDoubt !== null && (await isDoneInDoubt(inDoubt, halfDone, session.client, step, context));
  return async (sql, parameters, run) => {
    if (progress.done < statements) {
      progress.pass(sql, parameters);
      if (progress.done === statements && hash !== null && progress.chain !== hash) throw diverged(step, statements);
      return resultAgain(session.client, sql, run);
    }
    if (progress.done > statements || !isDone || withoutPasswords(sql) !== inDoubt) return next(sql, parameters, run);
    await progress.counts(sql, parameters);
    return [];
  };
}

async function isDoneInDoubt(
  sql: string,
  halfDone: HalfDone,
  client: SqlClient,
  step: DirectedMigration,
  context: ApplyContext,
): Promise<boolean> {
  const trace = traceOf(sql);
  await untilFinishedElsewhere(client, sql, trace, step, context);
  const verdict = (await trace?.judge(client)) ?? 'unknown';
  if (verdict === 'unknown') throw halfDoneError(step.migration.name, halfDone);
  return verdict === 'done';
}

/**
 * A skipped query that only reads is executed again, because the migration may need its result. A query that may write is not executed, and
 * a query that fails (its objects may be gone by now) has no result. If that changes the course of the migration, the hash chain detects
 * it.
 */
async function resultAgain(client: SqlClient, sql: string, run: () => Promise<unknown>): Promise<unknown> {
  const statements = classify(sql);
  // Session settings are gone with their session, so they are set again.
  if (statements.every(({ setting }) => setting?.until === 'session')) return run();
  if (!statements.every(({ onlyReads }) => onlyReads)) return [];
  await client.query('BEGIN READ ONLY');
  try {
    return await run();
  } catch {
    return [];
  } finally {
    await client.query('ROLLBACK');
  }
}

async function notBegun(
  error: unknown,
  { migration, direction }: DirectedMigration,
  { tables }: ApplyContext,
  client: SqlClient,
): Promise<MigrateError> {
  const state = 'It runs without a transaction. None of its statements was executed now.';
  const at = { migration: migration.name, direction, sql: undefined, statement: 0, state };
  return (await mayNotRecord(error, at, { tables, client })) ?? migrationFailed(error, at);
}

interface Stopped {
  readonly session: Session;
  readonly progress: StepProgress;
  readonly halfDone: HalfDone | undefined;
  readonly step: DirectedMigration;
  readonly context: ApplyContext;
}

/** Throws the error with what is known of the database. Returns if only the reply to the last COMMIT was lost. */
async function stop(error: unknown, stopped: Stopped): Promise<void> {
  const { session, progress, halfDone, step, context } = stopped;
  const { name } = step.migration;
  const answered = await rollback(session);
  const { transaction } = progress;
  let about = '';
  if (!answered && transaction?.commit === 'sent') {
    const now = await afterLostReply(name, transaction.xid, context, (client) => progress.read(client));
    if (now === undefined) throw endUnknown(error, step, progress.kept);
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
  throw await failure(error, about, stopped);
}

async function failure(
  error: unknown,
  about: string,
  { session, progress, step, context }: Stopped,
): Promise<MigrateError> {
  const { name } = step.migration;
  const again = `nest-migrate ${step.direction === 'up' ? 'run' : 'revert'}`;
  const rows = progress.savedBatch?.rows ?? 0;
  const batches = rows === 0 ? '' : ` Of the next one, the batches up to row ${rows} are committed and stay.`;
  const state = `${stateInSteps(progress.kept)}${batches}${about}`;
  if (context.signal.aborted) return cancelled(context.signal, `Migration ${name}: ${state}`);
  const at = {
    migration: name,
    direction: step.direction,
    sql: session.progress.sql,
    statement: session.progress.statement,
    state,
    hint: endingOf(error),
    next: `${about === '' ? 'Correct what is wrong, then' : 'When the server answers again,'} \`${again}\`: it continues at statement ${progress.kept + 1}. If you undo the done statements by hand instead: nest-migrate resolve ${name} --not-started`,
  };
  const denied = await mayNotRecord(error, at, { tables: context.tables, client: session.client });
  return denied ?? migrationFailed(error, at);
}

function endUnknown(error: unknown, { migration: { name } }: DirectedMigration, kept: number): MigrateError {
  return new MigrateError({
    code: 'OUTCOME_UNKNOWN',
    message: `The connection was lost during a COMMIT of migration ${name}, which runs without a transaction, and the server did not answer when it was asked again. ${kept} of its statements ${kept === 1 ? 'is' : 'are'} done; whether this COMMIT was executed is not known.`,
    next: 'When the server answers again, `nest-migrate status` shows how far it is. Running the command again is safe: it continues from there.',
    migration: name,
    cause: error,
  });
}

/** The decision that a user has to make about a migration that stopped in the middle. */
export function halfDoneError(name: string, halfDone: HalfDone): MigrateError {
  const n = halfDone.statements_done;
  const doubt =
    halfDone.in_doubt === null || halfDone.state === 'failed'
      ? ''
      : `\nIt is not known whether its statement ${n + 1} was finished:\n  ${halfDone.in_doubt.trim().slice(0, 500)}`;
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} stopped in the middle of its ${halfDone.direction} part (started ${halfDone.started_at}), after ${n} finished statement${n === 1 ? '' : 's'}.${doubt}${halfDone.error ? `\nIts error was: ${halfDone.error}` : ''}`,
    next: `Check the database, then record what you found:
  nest-migrate resolve ${name} --done-until ${n + 1}   statement ${n + 1} is done: continue after it
  nest-migrate resolve ${name} --done-until ${n}   it is not done: continue with it
  nest-migrate resolve ${name} --not-started   all of it was undone by hand: start again
  nest-migrate resolve ${name} --finished   all of it was finished by hand: record that`,
    migration: name,
  });
}

/** A user has set the number of statements and counted wrongly. */
function hasFewer({ migration: { name } }: DirectedMigration, given: number, has: number): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} has ${has} statements, but it was recorded by hand (nest-migrate resolve) that ${given} of them are done. Nothing was executed now.`,
    next: `Say how many are done: nest-migrate resolve ${name} --done-until <n>. If all of it is done: nest-migrate resolve ${name} --finished`,
    migration: name,
  });
}

function diverged(step: DirectedMigration, statements: number): MigrateError {
  const { name } = step.migration;
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} stopped earlier after ${statements} statements, and the statements that it executes now are not the same ones: it was edited, or they depend on what is in the database. Nothing was executed now.`,
    next: `If it may run again from its first statement: nest-migrate resolve ${name} --not-started. If it was finished by hand: nest-migrate resolve ${name} --finished`,
    migration: name,
  });
}
