import { MigrateError } from '../errors.js';
import { describeBlocker, endOf } from '../events.js';
import type { Blocker } from '../events.js';
import { setTo } from '../options.js';
import type { ConnectContext } from './sql-client.js';
import { poll } from './poll.js';

/**
 * Waits for a session that an earlier process has left on the server, because the server finishes the statement of a killed client, and the
 * COMMIT of a client that is gone.
 */
export async function waitForSession<T extends object>(
  migration: string,
  context: Pick<ConnectContext, 'settings' | 'signal' | 'onEvent'>,
  ask: () => Promise<T | undefined>,
  who: () => Promise<Blocker | undefined>,
): Promise<T> {
  const session = (): Promise<Blocker | undefined> => who().catch(() => undefined);
  return poll(context, {
    state: 'It was waiting for a session of an earlier migration process, and changed nothing.',
    ask,
    tell: async (waitedMs) =>
      context.onEvent({ type: 'waiting-for-session', migration, waitedMs, session: await session() }),
    tooLong: async (waitedMs) => stillAtWork(waitedMs, await session()),
  });
}

function stillAtWork(waitedMs: number, session: Blocker | undefined): MigrateError {
  const who = session ? ` (${describeBlocker(session)})` : '';
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `A session of an earlier migration process was still running on the server after ${Math.round(waitedMs / 1000)} s${who}. This migration did not continue.`,
    next: session
      ? `Wait longer (${setTo('waitForOthers', '10min')}), or end that session: ${endOf(session)}`
      : `Run the command again, or wait longer (${setTo('waitForOthers', '10min')}).`,
  });
}
