import { join } from 'node:path';
import { loadPg } from '../../data-source/load-pg.js';
import { requireFrom } from '../../require-from.js';

/** Set in a process that waits for the next save. */
export const standbyVariable = 'NEST_MIGRATE_STANDBY';

/** The messages to and from a waiting process. */
export type Message =
  | { readonly type: 'ready' }
  | { readonly type: 'go'; readonly isFirst: boolean }
  | Written
  /** A process that was used before has failed, perhaps because it was: a new one does the same again. */
  | { readonly type: 'again' };

/** What a process says when it has finished. */
export interface Written {
  readonly type: 'written';
  /** Files that it has written or removed itself, which do not count as saves. */
  readonly files: readonly string[];
  /** The folders of the embedded databases that it has used. */
  readonly embedded: readonly string[];
}

export function isStandby(): boolean {
  return process.env[standbyVariable] === '1' && process.send !== undefined;
}

export async function tellWritten(files: readonly string[]): Promise<void> {
  const { sharedFolders } = await import('../../data-source/embedded.js');
  tell({ type: 'written', files, embedded: sharedFolders() });
}

/** A process that is gone need not be told. */
export function tell(message: Message): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

/** What a waiting process is told. */
export interface Save {
  /** How long the process has been running by then. */
  readonly waitedMs: number;
  /** Whether this is the first time in this `dev --watch`. */
  readonly isFirst: boolean;
}

/**
 * A process that `dev --watch` has started in advance: it loads everything that does not depend on the files of the project, which may
 * still change, and continues when it is told to.
 */
export async function waitForSave(signal: AbortSignal): Promise<Save> {
  // Ctrl-C reaches every process of the terminal. A process that has not begun has nothing to end.
  const quit = (): never => process.exit(0);
  process.on('disconnect', quit).prependListener('SIGINT', quit).prependListener('SIGTERM', quit);
  // Both may have happened before this process could notice.
  if (!process.connected || signal.aborted) quit();
  const told = new Promise<Message>((resolve) => process.once('message', resolve));
  await preload();
  tell({ type: 'ready' });
  const go = await told;
  process.off('disconnect', quit).off('SIGINT', quit).off('SIGTERM', quit);
  return { waitedMs: performance.now(), isFirst: go.type === 'go' && go.isFirst };
}

/** If something cannot be loaded, the code that needs it reports that. */
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
