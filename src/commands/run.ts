import { ExitCode, MigrateError } from '../errors.js';
import { withReader } from '../database/client.js';
import type { SqlClient } from '../database/client.js';
import { holdLock } from '../database/lock.js';
import type { HalfDone } from '../database/log.js';
import { halfDoneError } from '../database/steps.js';
import type { KnownMigration, MigrationList } from '../files/migration.js';
import { checkCount, findByReference } from './choose.js';
import { list, survey, surveyInside } from './context.js';
import type { CommandContext, Survey } from './context.js';
import type { RunOptions, RunResult } from './contract.js';
import { refuseEdited } from './edited.js';
import { execute } from './execute.js';

/** Runs what is pending. Where nothing is, that costs one question to the database: no lock, no file but its name. */
export async function run(options: RunOptions, context: CommandContext): Promise<RunResult> {
  checkCount(options.count);
  const found = await list(context);
  const before = await withReader(context, (client) => survey(client, found, context));
  if (choose(before, options).length === 0 && before.state.halfDone.length === 0)
    return { applied: [], waitedForLockMs: 0 };
  const locked = await holdLock(
    context,
    async (client) => (await surveyInside(client, found, context)).pending.length > 0,
    async (lock, client) => {
      // Only now is it certain what is pending: another process may have done some of it while we waited.
      const now = await surveyInside(client, found, context);
      refuseUnfinishedBusiness(now);
      await refuseEdited(now, client, context);
      const chosen = choose(now, options);
      if (chosen.length === 0) return { applied: [], waitedForLockMs: lock.waitedMs };
      judgeOrder(chosen, now, context);
      const steps = chosen.map((migration) => ({ migration, direction: 'up' as const }));
      const transaction = options.transaction ?? context.settings.transaction;
      const mode = options.mode ?? 'real';
      const { finished, statements } = await execute(
        steps,
        { transaction, mode, halfDone: now.state.halfDone },
        lock,
        client,
        context,
      );
      return {
        applied: finished.map(({ name, durationMs }) => ({ name, durationMs })),
        waitedForLockMs: lock.waitedMs,
        ...(statements && { statements }),
      };
    },
  );
  return locked.held ? locked.value : { applied: [], waitedForLockMs: locked.waitedMs };
}

/** The names of what is pending, for whoever only wants to know. */
export async function pending(context: CommandContext): Promise<readonly KnownMigration[]> {
  const found: MigrationList = await list(context);
  return withReader(context, async (client: SqlClient) => (await survey(client, found, context)).pending);
}

function choose(now: Survey, options: RunOptions): readonly KnownMigration[] {
  let chosen = now.pending;
  if (options.to !== undefined) {
    const last = findByReference(options.to, now.known);
    const position = now.known.indexOf(last);
    chosen = chosen.filter((migration) => now.known.indexOf(migration) <= position);
  }
  return options.count === undefined ? chosen : chosen.slice(0, options.count);
}

/** A half-done migration goes on when its turn comes; one that is being reverted, or whose file is gone, cannot. */
function refuseUnfinishedBusiness(now: Survey): void {
  const stuck = now.state.halfDone.find(
    (row: HalfDone) => row.direction === 'down' || !now.pending.some((migration) => migration.name === row.migration),
  );
  if (stuck === undefined) return;
  const error = halfDoneError(stuck.migration, stuck);
  if (stuck.direction === 'up') throw error;
  throw error.with({ next: `Finish reverting it first: nest-migrate revert\nOr decide by hand:\n${error.next}` });
}

/** A migration older than one already applied came with a merge: nobody has tried this order. */
function judgeOrder(chosen: readonly KnownMigration[], now: Survey, context: CommandContext): void {
  const newest = Math.max(0, ...now.state.applied.map((row) => row.timestamp));
  const late = chosen.filter((migration) => migration.timestamp < newest).map((migration) => migration.name);
  if (late.length === 0 || context.settings.outOfOrder === 'run') return;
  const names = late.join(', ');
  if (context.settings.outOfOrder === 'refuse') {
    throw new MigrateError({
      code: 'OUT_OF_ORDER',
      message: `Older than a migration that is applied already, and outOfOrder is 'refuse': ${names}. Nothing was changed.`,
      next: 'Give the file a new timestamp (rename the file and the class), or run with --out-of-order run.',
      exitCode: ExitCode.failed,
    });
  }
  context.onEvent({
    type: 'warning',
    code: 'OUT_OF_ORDER',
    message: `Running out of order, older than a migration that is applied already: ${names}.`,
  });
}
