import { isMigrateError } from '../../errors.js';
import { compiledPostgres } from '../../data-source/pglite.js';
import { forgetProject } from '../../typescript/forget.js';
import { withPostgresAhead } from '../generate.js';
import type { GenerateFlags } from '../generate.js';
import { tell, waitForSave } from './standby.js';
import type { Save } from './standby.js';

/** A process does not grow without limit, whatever the project leaves behind when it is loaded again. */
const mostSaves = 40;

interface Follow {
  readonly flags: Pick<GenerateFlags, 'shadow'>;
  readonly signal: AbortSignal;
  /** Whether the files of the project can be loaded again in this process. */
  readonly isReloadable: boolean;
  perform(save: Save): Promise<void>;
  /** Whether a question was asked since the save. */
  wasAsked(): boolean;
}

/**
 * Performs one save after the other, as the process that watches says. What does not depend on the project stays loaded and compiled from one
 * save to the next. If the project has left something running, or cannot be loaded again, the process ends, and the next save has a new one.
 */
export async function followSaves({ flags, signal, isReloadable, perform, wasAsked }: Follow): Promise<void> {
  const { keepCacheInMemory } = await import('../../shadow/cache.js');
  keepCacheInMemory();
  const idle = running();
  for (let saves = 0; saves < mostSaves; saves++) {
    try {
      await withPostgresAhead(flags, async () => perform(await waitForSave(signal)), compiledPostgres);
    } catch (error) {
      if (saves === 0 || wasAsked() || isCertain(error)) throw error;
      return tell({ type: 'again' });
    }
    if (!isReloadable || !(await isIdle(idle)) || !forgetProject()) return;
  }
}

/** What does not depend on whether something was loaded before. */
function isCertain(error: unknown): boolean {
  return isMigrateError(error) && (error.code === 'TYPESCRIPT_SYNTAX' || error.code === 'DECISION_NEEDED');
}

/** What keeps the process alive: sockets, timers, watched files. */
function running(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Whether nothing more is running than before. What is closed needs a moment. */
async function isIdle(before: ReadonlyMap<string, number>): Promise<boolean> {
  for (let attempts = 0; attempts < 20; attempts++) {
    if ([...running()].every(([kind, count]) => count <= (before.get(kind) ?? 0))) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
