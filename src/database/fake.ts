import { cancelled } from './cancel.js';
import { notRecorded } from './denied.js';
import { migrationFailed } from './failure.js';
import { fateOf, nextAfter, outcomeUnknown, stateAfter } from './fate.js';
import type { Fenced } from './fence.js';
import { recordAndCommit, recordStep } from './record.js';
import { withSession } from './session.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import { begin } from './transaction.js';

/**
 * Records migrations as applied or reverted without executing them. Returns false if the session of an earlier process has recorded them in
 * the meantime.
 */
export async function recordOnly(steps: readonly DirectedMigration[], context: ApplyContext): Promise<boolean> {
  return withSession({ ...context, migration: () => '' }, async (session) => {
    let transaction: Fenced | undefined;
    try {
      transaction = await begin(session, steps, context);
      if (transaction === undefined) return false;
      for (const step of steps) {
        if (step === steps.at(-1))
          await recordAndCommit(session, transaction, { step, durationMs: undefined }, context);
        else await recordStep(session, transaction, { step, durationMs: undefined }, context);
      }
      return true;
    } catch (error) {
      const fate = await fateOf(session, transaction, steps, context);
      if (fate === 'committed' && transaction?.commit === 'sent') return true;
      if (fate === 'unknown') throw outcomeUnknown(error, steps);
      const state = stateAfter(fate, steps);
      if (context.signal.aborted) throw cancelled(context.signal, state);
      const { migration, direction = 'up' } = steps[0] ?? {};
      const at = { migration: migration?.name ?? '', direction, sql: undefined, statement: 0, state };
      const denied = await notRecorded(error, at, { tables: context.tables, client: session.client });
      throw denied ?? migrationFailed(error, { ...at, ...nextAfter(fate, direction) });
    }
  });
}
