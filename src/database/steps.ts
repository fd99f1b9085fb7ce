import { isMigrateError, messageOf } from '../errors.js';
import type { MigrateError } from '../errors.js';
import { believe } from '../typeorm/query-runner.js';
import { abortable, cancelled } from './cancel.js';
import { isConnectionLost } from './client.js';
import { notRecorded } from './denied.js';
import { executeMigration } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import { downOf } from './downs.js';
import { isLockFailure, migrationFailed } from './failure.js';
import { nextAfter, notConnected, rollback } from './fate.js';
import { inSteps } from './in-steps.js';
import { openProgress } from './open-progress.js';
import type { Begins, How } from './progress.js';
import { diverged, hasFewer, resuming } from './resume.js';
import { withSession } from './session.js';
import type { Execute, Session } from './session.js';
import type { SqlClient } from './sql-client.js';
import { putBackTimeouts, reachOf, withoutTimeouts } from './step-transaction.js';
import type { Reach } from './step-transaction.js';
import { untilGranted } from './until-granted.js';

/**
 * Runs a migration without a transaction around it, or the rest of one that has committed its transaction itself. Each statement is
 * committed together with the number of finished statements, so that after any interruption (an error, a signal, a kill) the next run
 * continues exactly there. Returns how long it took; undefined if a session of an earlier process has finished it in the meantime.
 */
export async function applyInSteps(
  step: DirectedMigration,
  context: ApplyContext,
  begins: Begins,
): Promise<number | undefined> {
  const { name } = step.migration;
  const stepper: { execute: Execute } = { execute: (_sql, _parameters, run) => run() };
  const execute: Execute = (sql, parameters, run) => stepper.execute(sql, parameters, run);
  const observed = {
    ...context,
    migration: () => name,
    execute: () => execute,
    unconnected: (error: unknown) => notConnected(error, [step], context),
    waitsForSnapshots: () => true,
  };
  return withSession(observed, async (session) => {
    const started = performance.now();
    const notYet = async (error: unknown): Promise<never> => {
      throw await notBegun(session.causeOf(error), step, context, session.client);
    };
    const { reach, timeouts } = await reached(session, context).catch(notYet);
    try {
      const runnable = await step.migration.prepare(session.queryRunner, context.instantiate, 'run');
      const opened = await beginSteps(session, step, context, { reach, begins });
      if (opened === undefined) return undefined;
      const { progress, halfDone } = opened;
      const steps = inSteps({ session, progress, step, context, reach, timeouts }, halfDone);
      try {
        stepper.execute = halfDone
          ? await resuming(halfDone, steps.execute, session, progress, step, context)
          : steps.execute;
        // TypeORM commits only a transaction of which it knows, also where the COMMIT is skipped.
        if (begins === 'in a transaction') believe(session.queryRunner, 'open');
        await abortable(context.signal, () => executeMigration(runnable, step, session, context));
        if (halfDone && progress.done < halfDone.statements_done)
          throw halfDone.statements_hash === null
            ? hasFewer(step, halfDone.statements_done, progress.done)
            : diverged(step, halfDone.statements_done);
        session.progress.sql = undefined;
        await steps.finish(await downOf(step, runnable, 'in steps', context.downs));
      } catch (thrown) {
        await steps.stop(session.causeOf(thrown));
      }
      return performance.now() - started;
    } finally {
      if (reach === 'direct' && timeouts !== undefined) await putBackTimeouts(session.client);
    }
  });
}

async function reached(
  session: Session,
  context: ApplyContext,
): Promise<{ readonly reach: Reach; readonly timeouts: string | undefined }> {
  const reach = await reachOf(session, context);
  return { reach, timeouts: await withoutTimeouts(session.client, reach) };
}

const notBegunState = 'It runs without a transaction. None of its statements was executed now.';

/** As for the locks of a migration, waits for those on ledger and log only briefly, again and again. Later, giving up would leave doubt. */
async function beginSteps(session: Session, step: DirectedMigration, context: ApplyContext, how: How) {
  const attempt = async () => {
    try {
      return { opened: await openProgress(session, step, context, how) };
    } catch (thrown) {
      const isRolledBack = await rollback(session);
      const error = session.causeOf(thrown);
      const { blockers } = session.progress;
      if (isRolledBack && !context.signal.aborted && isLockFailure(error))
        return { migration: step.migration.name, sql: undefined, reason: messageOf(error), blockers, error };
      throw await notBegun(error, step, context, session.client);
    }
  };
  return (await untilGranted(context, () => notBegunState, attempt)).opened;
}

async function notBegun(
  error: unknown,
  { migration, direction }: DirectedMigration,
  { tables, signal }: ApplyContext,
  client: SqlClient,
): Promise<MigrateError> {
  const state = notBegunState;
  if (signal.aborted && !isMigrateError(error)) return cancelled(signal, `Migration ${migration.name}: ${state}`);
  const next = isConnectionLost(error) ? nextAfter('never committed', direction) : {};
  const at = { migration: migration.name, direction, sql: undefined, statement: 0, state, ...next };
  return (await notRecorded(error, at, { tables, client })) ?? migrationFailed(error, at);
}
