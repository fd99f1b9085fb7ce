import { placeOf, reasonOf } from '../data-source/address.js';
import { showConnection } from '../data-source/describe.js';
import { isMigrateError, MigrateError } from '../errors.js';
import { cancelled, pause } from './cancel.js';
import { isConnectionLost } from './client.js';
import type { ConnectContext } from './sql-client.js';

/**
 * Does work again whose connection was lost, as long as no migration has been started: what comes before that only reads, or creates what
 * is missing. The signal and the setting `connect.timeout` end it.
 */
export async function untilConnected<C extends ConnectContext, T>(
  context: C,
  work: (context: C) => Promise<T>,
): Promise<T> {
  let begun = false;
  const watched: C = {
    ...context,
    onEvent: (event) => {
      begun ||= event.type === 'migration-started';
      context.onEvent(event);
    },
  };
  let end: number | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(watched);
    } catch (error) {
      const lost = isMigrateError(error) ? error.code === 'LOCK_LOST' : isConnectionLost(error);
      if (!lost) throw error;
      if (context.signal.aborted)
        throw cancelled(context.signal, begun ? 'No migration was under way.' : 'No migration was started.');
      end ??= performance.now() + context.settings.connect.timeoutMs;
      if (begun || performance.now() >= end)
        throw isMigrateError(error) ? error : connectionLost(error, context, begun);
      const retryInMs = context.settings.connect.retryEveryMs;
      context.onEvent({
        type: 'connecting',
        attempt,
        reason: reasonOf(error, showConnection(context.dataSource)),
        retryInMs,
      });
      await pause(retryInMs, context.signal);
    }
  }
}

function connectionLost(error: unknown, { dataSource }: ConnectContext, begun: boolean): MigrateError {
  const shown = showConnection(dataSource);
  const known = begun
    ? 'No migration was under way: those that were reported as applied or reverted are.'
    : 'No migration was started.';
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `The connection to ${placeOf(shown)} was lost: ${reasonOf(error, shown)}. ${known}`,
    next: 'When the server answers again, run the same command again; `nest-migrate status` says what is applied.',
    cause: error,
  });
}
