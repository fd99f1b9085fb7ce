import { isEmbedded } from '../data-source/embedded-brand.js';
import { withReader } from '../database/client.js';
import { untilConnected } from '../database/retry.js';
import type { SqlClient } from '../database/sql-client.js';
import { refuseStaleBuild } from './built.js';
import { checkCount } from './choose.js';
import { beginList, survey } from './context.js';
import type { CommandContext, Survey } from './context.js';
import { refuseNoMigrations } from './no-migrations.js';
import { refuseLostLedger } from './lost-ledger.js';
import { isDone, nothing } from './nothing-pending.js';
import { refuseOtherLedger } from './other-ledger.js';
import { describePending, planRun } from './phases.js';
import type { PendingMigration, RunOptions, RunResult } from './types.js';

/**
 * Runs the pending migrations. If there are none, it takes one query and no lock, reads only applied SQL files, whose texts must not
 * have changed since, and loads no code for anything else: that is how most replicas start.
 */
export async function run(options: RunOptions, context: CommandContext): Promise<RunResult> {
  checkCount(options.count);
  const listing = beginList(context);
  if (isEmbedded(context.dataSource) && context.settings.initialState !== undefined)
    await (await import('./initial-state.js')).makeInitialState(context, 'if empty');
  return untilConnected(context, (watched) =>
    withReader(watched, async (client, own) => {
      const now = await survey(client, listing, watched);
      refuseStaleBuild(await listing, now);
      refuseNoMigrations(await listing, now, watched);
      if (options.mode !== 'fake') await refuseAppliedElsewhere(now, client, watched);
      const plan = planRun(now, options, watched.settings.contract);
      if (isDone(plan) && now.state.halfDone.length === 0) return nothing(plan, now, 0, watched);
      const { runLocked } = await import('./run-locked.js');
      return runLocked(await listing, options, now.state.logColumns, watched, own);
    }),
  );
}

/** Lists the pending migrations. Changes nothing. */
export async function pending(context: CommandContext): Promise<readonly PendingMigration[]> {
  const listing = beginList(context);
  const now = await untilConnected(context, () =>
    withReader(context, async (client) => {
      const found = await survey(client, listing, context);
      await refuseAppliedElsewhere(found, client, context);
      return found;
    }),
  );
  refuseStaleBuild(await listing, now);
  refuseNoMigrations(await listing, now, context);
  return describePending(now, context.settings.contract);
}

/** Of migrations that run for the first time, none is recorded as applied. */
async function refuseAppliedElsewhere(now: Survey, client: SqlClient, context: CommandContext): Promise<void> {
  await refuseOtherLedger(now, client, context);
  await refuseLostLedger(now, client, context);
}
