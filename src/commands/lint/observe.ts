import { countStage } from '../../events.js';
import { observeMigration } from '../../observe/observe-migration.js';
import type { ObservedMigration, WayBack } from '../../observe/observe-migration.js';
import { Observer } from '../../observe/observer.js';
import { lookAt } from '../../shadow/look.js';
import { replay } from '../../shadow/replay.js';
import type { ConnectedShadow } from '../../shadow/connected.js';
import { wayBackOf } from '../../shadow/there-and-back.js';
import type { CommandContext } from '../context.js';
import { withMigratableShadow } from '../../snapshot/migratable-shadow.js';
import type { Choice } from './choose.js';
import { families } from './families.js';
import type { LintOptions } from './types.js';

export interface Tried extends ObservedMigration {
  readonly wayBack: WayBack | undefined;
}

/** Executes the judged migrations until one fails: later ones would find a different schema than the one they were written for. */
export async function observe(
  { before, judged }: Choice,
  options: LintOptions,
  context: CommandContext,
): Promise<readonly Tried[]> {
  return withMigratableShadow(context, { url: options.shadow }, async (shadow) => {
    context.onEvent({ type: 'stage', stage: 'replaying the migrations' });
    const onReplay = countStage(context.onEvent, 'replaying the migrations', before.length);
    await replay(shadow, before, context.instantiate, onReplay);
    const onJudge = countStage(context.onEvent, 'judging the migrations', judged.length);
    const observer = await Observer.open(shadow);
    // `check` tries to revert all of them, and caches the results.
    const back = options.all === true ? undefined : await wayBackFrom(shadow, context);
    const tried: Tried[] = [];
    const firsts = new Set(families(judged).map(([first]) => first));
    for (const known of judged) {
      onJudge();
      if (options.all === true && firsts.has(known)) observer.beginBatch();
      const result = await observeMigration(shadow, await known.load(), observer, context.instantiate);
      tried.push({ ...result, wayBack: result.error === undefined ? await back?.(result) : undefined });
      if (result.error !== undefined) break;
      if (back && !result.transactional) await observer.catchUp(shadow);
    }
    return tried;
  });
}

/** Tries each way back while the shadow is in the expected state. */
async function wayBackFrom(
  shadow: ConnectedShadow,
  context: CommandContext,
): Promise<(observed: ObservedMigration) => Promise<WayBack | undefined>> {
  const state = { before: await lookAt(shadow), intact: true };
  return async ({ migration }) => {
    if (!state.intact) return undefined;
    const { after, intact, wayBack } = await wayBackOf(shadow, migration, state.before, context.instantiate);
    state.before = after;
    state.intact = intact;
    return wayBack;
  };
}
