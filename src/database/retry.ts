import { placeOf, reasonOf } from '../data-source/address.js';
import { isMigrateError, MigrateError } from '../errors.js';
import { cancelled, pause } from './cancel.js';
import { showPlace } from './connection-config.js';
import { isConnectionLost } from './client.js';
import type { ConnectContext } from './sql-client.js';

/**
 * Repeats work whose connection was lost, as long as no migration has been started: until then, it only reads or creates what is missing. A
 * signal or the setting `connect.timeout` ends the attempts.
 */
export async function untilConnected<C extends ConnectContext, T>(
  context: C,
  work: (context: C) => Promise<T>,
): Promise<T> {
  let begun = false;
  const running = new Set<string>();
  const watched: C = {
    ...context,
    onEvent: (event) => {
      begun ||= event.type === 'migration-started';
      if (event.type === 'migration-started') running.add(event.migration);
      if (event.type === 'migration-finished' || event.type === 'finished-meanwhile') running.delete(event.migration);
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
      if (context.signal.aborted) throw cancelled(context.signal, known(begun, running));
      end ??= performance.now() + context.settings.connect.timeoutMs;
      if (begun || performance.now() >= end)
        throw isMigrateError(error) ? error : connectionLost(error, context, known(begun, running));
      const retryInMs = context.settings.connect.retryEveryMs;
      context.onEvent({
        type: 'connecting',
        attempt,
        reason: reasonOf(error, showPlace(context)),
        retryInMs,
        leftMs: end - performance.now(),
      });
      await pause(retryInMs, context.signal);
    }
  }
}

function known(begun: boolean, running: ReadonlySet<string>): string {
  if (!begun) return 'No migration was started.';
  return running.size === 0
    ? 'No migration was running. The ones reported as applied or reverted had been committed.'
    : `It is not known whether the server has executed anything of ${[...running].join(', ')}.`;
}

/** The error for a lost connection. `state` is what is known of the database. */
export function connectionLost(
  error: unknown,
  context: Pick<ConnectContext, 'dataSource' | 'settings'>,
  state = 'It is not known whether the server has executed the last query.',
): MigrateError {
  const shown = showPlace(context);
  return new MigrateError({
    code: 'CONNECTION_FAILED',
    message: `The connection to ${placeOf(shown)} was lost: ${reasonOf(error, shown)}. ${state}`,
    next: 'When the server answers again, run the same command again; `nest-migrate status` says what is applied.',
    cause: error,
  });
}
