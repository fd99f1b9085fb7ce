import { setTimeout as sleep } from 'node:timers/promises';
import { MigrateError } from '../errors.js';

/** The error after a signal. The reason of the abort is the name of the signal. */
export function cancelled(signal: AbortSignal, state: string): MigrateError {
  return new MigrateError({
    code: 'CANCELLED',
    message: `Stopped${typeof signal.reason === 'string' ? ` by ${signal.reason}` : ''}. ${state}`.trimEnd(),
    next: 'Run the same command again to continue.',
    exitCode: signal.reason === 'SIGTERM' ? 143 : 130,
  });
}

const heard = new WeakMap<AbortSignal, { at: number | undefined }>();

/** The time since the signal in milliseconds; undefined before it. It must have been called once before the signal. */
export function stoppedFor(signal: AbortSignal): number | undefined {
  let known = heard.get(signal);
  if (known === undefined) {
    const first = { at: signal.aborted ? performance.now() : undefined };
    signal.addEventListener('abort', () => (first.at = performance.now()), { once: true });
    heard.set(signal, (known = first));
  }
  return known.at === undefined ? undefined : performance.now() - known.at;
}

const deadlines = new WeakSet<AbortSignal>();

/** A signal that ends work at once after this time. */
export function deadline(ms: number): AbortSignal {
  const signal = AbortSignal.timeout(Math.max(0, Math.round(ms)));
  deadlines.add(signal);
  return signal;
}

/** Whether work that is still running has to end: after a signal it has some time left, after a deadline none. */
export function isTimeUp(signal: AbortSignal, leftMs: number): boolean {
  const stopped = stoppedFor(signal);
  return stopped !== undefined && (deadlines.has(signal) || stopped >= leftMs);
}

/** Sleeps until the time has passed or the signal comes. The caller checks the signal next. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Runs work that may wait for anything, and stops waiting for it when the signal comes. `state` is what the user who stopped it wants to
 * know.
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
