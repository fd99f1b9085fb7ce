import { Logger } from '@nestjs/common';
import { finishedBefore, isMigrateError } from '../errors.js';

const logger = new Logger('MigrationsModule');
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * If the process receives a signal during a migration, cancels the running statement and rolls back, because the server continues the
 * statement of a client that has disappeared. Then the process ends as it would have ended without this package.
 */
export async function cancelledBySignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: NodeJS.Signals): void => {
    logger.warn(`${signal}: stopping`);
    controller.abort(signal);
  };
  for (const signal of signals) process.on(signal, abort);
  let failure: unknown;
  try {
    return await work(controller.signal);
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, abort);
    const received = controller.signal.reason as NodeJS.Signals | undefined;
    // If the app listens for signals too, it has already received this one, and decides.
    if (received !== undefined && process.listenerCount(received) === 0) {
      // The process ends before Nest reports the error.
      if (isMigrateError(failure)) logger.warn([failure.message, finishedBefore(failure) ?? []].flat().join('\n'));
      process.kill(process.pid, received);
    }
  }
}
