import { ExitCode, isMigrateError, MigrateError } from '../errors.js';
import type { OwnClient, SqlClient } from '../database/sql-client.js';
import { holdLock } from '../database/lock.js';
import type { Lock } from '../database/lock.js';
import { noneAdded, upgradeLog } from '../database/log-columns.js';
import type { LogColumns, LogUse } from '../database/log-columns.js';
import { halfDoneError } from '../database/resume.js';
import type { KnownMigration, MigrationList } from '../files/migration.js';
import { setTo } from '../options.js';
import { judgeFiles, newerHalfDone } from './applied-files.js';
import { tellOutdated } from './outdated.js';
import { logUse } from './changes.js';
import { surveyInside } from './context.js';
import type { CommandContext, Survey } from './context.js';
import type { RunOptions, RunResult } from './types.js';
import { execute } from './execute.js';
import type { Execution } from './execute.js';
import { isDone, nothing, reported } from './nothing-pending.js';
import {
  blameDeferred,
  isMeantToBeLate,
  recordAwaited,
  recordDeferrals,
  planRun,
  refuseContractFirst,
  tellDeferred,
  withLoadedPhases,
} from './phases.js';
import type { RunPlan } from './phases.js';

/** Runs what is pending once the lock is held, unless another process has done it in the meantime. */
export async function runLocked(
  found: MigrationList,
  options: RunOptions,
  logColumns: LogColumns | undefined,
  context: CommandContext,
  own: OwnClient | undefined,
): Promise<RunResult> {
  const plan = (now: Survey): RunPlan => planRun(now, options, context.settings.contract);
  let left: Survey | undefined;
  const locked = await holdLock(
    context,
    async (client) => {
      left = await surveyInside(client, found, context);
      return !isDone(plan(left));
    },
    async (lock, client) => {
      const columns = options.mode === 'dry' ? noneAdded : await upgradeLog(logColumns, client, context);
      // Only now is it certain what is pending, because another process may have run some of it during the wait for the lock.
      let now = await surveyInside(client, found, context);
      refuseUnfinishedBusiness(now);
      const problems = judgeFiles(now, context);
      now = await withLoadedPhases(now, plan(now));
      if (isDone(plan(now))) return nothing(plan(now), now, lock.waitedMs, context);
      tellOutdated(
        now.pending.flatMap(({ file }) => file ?? []),
        context,
      );
      const { finished, statements } = await carryOut(
        plan(now),
        now,
        { ...options, log: logUse(columns, now, context) },
        found,
        lock,
        client,
        context,
      );
      return {
        applied: finished.map(({ name, durationMs }) => ({ name, durationMs })),
        deferred: tellDeferred(plan(now), context),
        waitedForLockMs: lock.waitedMs,
        ...reported(problems),
        ...(statements && { statements }),
      };
    },
    own,
  );
  if (locked.held) return locked.value;
  if (left === undefined) return { applied: [], deferred: [], waitedForLockMs: locked.waitedMs };
  return nothing(plan(left), left, locked.waitedMs, context);
}

async function carryOut(
  plan: RunPlan,
  now: Survey,
  options: RunOptions & { readonly log: LogUse },
  found: MigrationList,
  lock: Lock,
  client: SqlClient,
  context: CommandContext,
): Promise<Execution> {
  refuseContractFirst(plan, options, now);
  judgeOrder(plan.chosen, now, context);
  const steps = plan.chosen.map((migration) => ({ migration, direction: 'up' as const }));
  const transaction = options.transaction ?? context.settings.transaction;
  const how = { transaction, mode: options.mode ?? 'real', halfDone: now.state.halfDone, log: options.log };
  if (how.mode !== 'dry') await recordAwaited(plan, now, options.log, context);
  try {
    const execution = steps.length > 0 ? await execute(steps, how, lock, client, context) : { finished: [] };
    if (plan.unnoted.length > 0) lock.assertHeld();
    await recordDeferrals(plan, now, options.log, context);
    return execution;
  } catch (error) {
    throw await advised(blameDeferred(error, plan, now), now, found);
  }
}

/** Loaded only then: a run that succeeds needs none of it. */
async function advised(error: unknown, now: Survey, found: MigrationList): Promise<unknown> {
  return isMigrateError(error) ? (await import('./after-failure.js')).withAdvice(error, now, found) : error;
}

/**
 * A half-done migration continues when its turn comes. One that is being reverted, or whose file is gone, cannot. One of a newer version
 * does not keep this version from starting.
 */
function refuseUnfinishedBusiness(now: Survey): void {
  const newer = new Set(newerHalfDone(now));
  const stuck = now.state.halfDone.find(
    (row) => !newer.has(row) && (row.direction === 'down' || !now.pending.some(({ name }) => name === row.migration)),
  );
  if (stuck === undefined) return;
  const isHere = now.known.some(({ name }) => name === stuck.migration);
  const error = halfDoneError(stuck.migration, stuck, isHere ? 'here' : 'not here');
  if (stuck.direction === 'up' || !isHere) throw error;
  throw error.with({ next: `Finish reverting it first: nest-migrate revert\nOr decide by hand:\n${error.next}` });
}

/** A migration older than an applied one is usually the result of a merge, and this order is untested. */
function judgeOrder(chosen: readonly KnownMigration[], now: Survey, context: CommandContext): void {
  const newest = Math.max(0, ...now.state.applied.map((row) => row.timestamp));
  const late = chosen
    .filter((migration) => migration.timestamp < newest && !isMeantToBeLate(migration, now, context.settings.contract))
    .map((migration) => migration.name);
  if (late.length === 0 || context.settings.outOfOrder === 'run') return;
  const names = late.join(', ');
  if (context.settings.outOfOrder === 'refuse') {
    throw new MigrateError({
      code: 'OUT_OF_ORDER',
      message: `Older than an applied migration, and outOfOrder is 'refuse': ${names}. Nothing was changed.`,
      next: `Give the file a new timestamp (rename the file and the class), or accept the order: ${setTo('outOfOrder', 'run')}`,
      exitCode: ExitCode.failed,
    });
  }
  context.onEvent({
    type: 'warning',
    code: 'OUT_OF_ORDER',
    message: `Running out of order (older than an applied migration): ${names}.`,
  });
}
