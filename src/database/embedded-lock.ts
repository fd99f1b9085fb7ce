import { takeLockFile } from '../data-source/lock-file.js';
import { MigrateError } from '../errors.js';
import { poll } from './poll.js';
import type { ConnectContext, OwnClient, SqlClient } from './sql-client.js';

/**
 * The migration lock of an embedded database. There, every client would have an advisory lock that one of them has, since they share a
 * session: so it is a file beside the database, which is free too at the moment its process dies. Nothing is released where nothing was left
 * to do before it was free.
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
    message: `The process ${holder} was still migrating the embedded database after ${Math.round(waitedMs / 1000)} s (${file}). This process changed nothing.`,
    next: `Wait longer (--wait-for-others 10min), or stop the process ${holder}.`,
  });
}
