import { cancelled, pause } from './cancel.js';
import { migrationBlocked } from './failure.js';
import type { NotGranted } from './failure.js';
import type { ApplyContext } from './directed-migration.js';

const firstDelayMs = 500;
const longestDelayMs = 30_000;

/**
 * Repeats work that was rolled back because it did not get its locks in time. Between attempts, queued queries can continue. `state`
 * describes the database after a failed attempt.
 */
export async function untilGranted<T extends object>(
  context: Pick<ApplyContext, 'settings' | 'onEvent' | 'signal'>,
  state: () => string,
  attempt: () => Promise<T | NotGranted>,
): Promise<T> {
  const { retryForMs, lockTimeoutMs } = context.settings;
  const deadline = performance.now() + retryForMs;
  for (let attempts = 1; ; attempts++) {
    const outcome = await attempt();
    if (!('blockers' in outcome)) return outcome;
    const { migration, reason, blockers } = outcome;
    const longestMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempts - 1));
    const delayMs = Math.round(longestMs * (0.5 + Math.random() / 2));
    if (performance.now() + delayMs > deadline) throw migrationBlocked(outcome, attempts, lockTimeoutMs, state());
    context.onEvent({ type: 'retrying', migration, attempt: attempts, delayMs, reason, blockers });
    await pause(delayMs, context.signal);
    if (context.signal.aborted) throw cancelled(context.signal, state());
  }
}
