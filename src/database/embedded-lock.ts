import { takeLockFile } from '../data-source/lock-file.js';
import { MigrateError } from '../errors.js';
import { setTo } from '../options.js';
import { poll } from './poll.js';
import type { ConnectContext, OwnClient, SqlClient } from './sql-client.js';

/**
 * The migration lock of an embedded database. Its clients share one session, so an advisory lock of one would belong to all of them.
 * Instead, the lock is a file beside the database, which also becomes free when its process dies. Returns undefined if nothing was left to
 * do before the lock was free.
 */
export async function takeEmbeddedLock(
  context: ConnectContext,
  dir: string,
  stillNeeded: (client: SqlClient) => Promise<boolean>,
  client: OwnClient,
): Promise<{ readonly waitedMs: number; readonly release: (() => void) | undefined }> {
  const file = `${dir}.migrating`;
  let holder = 0;
  return poll(context, {
    state: 'It was still waiting for the lock: nothing was changed.',
    ask: async (attempt, waitedMs) => {
      const lock = await takeLockFile(file);
      if (lock.owner === undefined) {
        if (attempt > 0) context.onEvent({ type: 'lock-acquired', waitedMs });
        return { waitedMs: attempt === 0 ? 0 : waitedMs, release: lock.release };
      }
      holder = lock.owner.pid;
      return attempt > 0 && !(await stillNeeded(client)) ? { waitedMs, release: undefined } : undefined;
    },
    tell: async (waitedMs) => context.onEvent({ type: 'waiting-for-lock', waitedMs, holder: undefined }),
    tooLong: async (waitedMs) => notAcquired(waitedMs, holder, file),
  });
}

function notAcquired(waitedMs: number, holder: number, file: string): MigrateError {
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `Process ${holder} was still migrating the embedded database after ${Math.round(waitedMs / 1000)} s (${file}). This process changed nothing.`,
    next: `Wait longer (${setTo('waitForOthers', '10min')}), or stop process ${holder}.`,
  });
}
