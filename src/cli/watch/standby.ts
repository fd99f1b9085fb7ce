import { join } from 'node:path';
import { loadPg } from '../../data-source/load-pg.js';
import { requireFrom } from '../../require-from.js';

/** Set in a process that waits for the next save. */
export const standbyVariable = 'NEST_MIGRATE_STANDBY';

/** What a process in waiting is told, and what it says. */
export type Message =
  | { readonly type: 'ready' }
  | { readonly type: 'go' }
  /** What it has written or removed itself is no save. */
  | { readonly type: 'written'; readonly files: readonly string[] };

export function isStandby(): boolean {
  return process.env[standbyVariable] === '1' && process.send !== undefined;
}

export function tellWritten(files: readonly string[]): void {
  tell({ type: 'written', files });
}

/** A process that is gone needs not be told. */
function tell(message: Message): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

/**
 * A process that `dev --watch` has started ahead: it loads all that does not depend on the files of the project, which may still change, and
 * begins when it is told to. Returns how long it has been running by then.
 */
export async function waitForSave(): Promise<number> {
  // Ctrl-C reaches every process of the terminal: one that has not begun has nothing to end.
  const quit = (): never => process.exit(0);
  process.on('disconnect', quit).prependListener('SIGINT', quit).prependListener('SIGTERM', quit);
  const told = new Promise<void>((resolve) => process.once('message', () => resolve()));
  await preload();
  tell({ type: 'ready' });
  await told;
  process.off('disconnect', quit).off('SIGINT', quit).off('SIGTERM', quit);
  return performance.now();
}

/** What cannot be loaded is missed, and said, by what needs it. */
async function preload(): Promise<void> {
  const ours = [
    () => loadPg(),
    () => import('../../migrator.js'),
    () => import('../../commands/dev/dev.js'),
    () => import('../../typescript/register.js'),
    async () => (await import('../../schema/compare.js')).prepareToCompare(),
  ];
  for (const load of ours) await load().catch(() => undefined);
  const project = requireFrom(join(process.cwd(), 'package.json'));
  for (const name of ['reflect-metadata', 'typeorm', 'typescript'])
    try {
      project(name);
    } catch {
      // Native compilers have nothing to load.
    }
}
