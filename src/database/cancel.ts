import { setTimeout as sleep } from 'node:timers/promises';
import { MigrateError } from '../errors.js';

/** A signal came. Its name is the reason of the abort. */
export function cancelled(signal: AbortSignal, state: string): MigrateError {
  return new MigrateError({
    code: 'CANCELLED',
    message: `Stopped${typeof signal.reason === 'string' ? ` by ${signal.reason}` : ''}. ${state}`,
    next: 'Run the same command again to go on.',
    exitCode: signal.reason === 'SIGTERM' ? 143 : 130,
  });
}

/** Sleeps, but no longer than until the signal comes; whoever sleeps looks at the signal next. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Runs the work of somebody else, who may wait for anything, and stops waiting for it when the signal comes. `state` is what the person
 * who stopped it wants to know.
 */
export async function abortable<T>(signal: AbortSignal, work: () => Promise<T>, state = ''): Promise<T> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(cancelled(signal, state));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    if (signal.aborted) throw cancelled(signal, state);
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
