import { Logger } from '@nestjs/common';

const logger = new Logger('MigrationsModule');
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * A process that is told to end in the middle of a migration cancels the running statement and rolls back: a server goes on with the
 * statement of a client that is just gone. Then the process ends as it would have ended without us.
 */
export async function cancelledBySignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (signal: NodeJS.Signals): void => {
    logger.warn(`${signal}: cancelling the migration`);
    controller.abort(signal);
  };
  for (const signal of signals) process.on(signal, abort);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of signals) process.off(signal, abort);
    const received = controller.signal.reason as NodeJS.Signals | undefined;
    // Where the app listens too, it has been told already, and decides.
    if (received !== undefined && process.listenerCount(received) === 0) process.kill(process.pid, received);
  }
}
