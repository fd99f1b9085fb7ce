import type { MigrateError } from '../errors.js';
import type { ResolvedSettings } from '../options.js';
import { cancelled, pause } from './cancel.js';

interface PollContext {
  readonly settings: Pick<ResolvedSettings, 'waitForOthersMs'>;
  readonly signal: AbortSignal;
}

/** Something that another session has to finish first. */
interface Polled<T> {
  /** Returns undefined until it is finished. */
  ask(attempt: number, waitedMs: number): Promise<T | undefined>;
  /** Reports the wait from time to time. */
  tell(waitedMs: number): Promise<void>;
  /** The error to throw if it takes longer than the setting `waitForOthers` allows. */
  tooLong(waitedMs: number): Promise<MigrateError>;
  /** The state of the database, for a user who stops the waiting. */
  readonly state: string;
}

/** The wait is reported once in this number of polls. */
const tellEvery = 8;

/**
 * Polls until there is an answer, at increasing intervals. A blocking call would be simpler, but a statement that waits holds a snapshot,
 * and CREATE INDEX CONCURRENTLY waits for all snapshots.
 */
export async function poll<T extends object>(context: PollContext, polled: Polled<T>): Promise<T> {
  const started = performance.now();
  const waited = (): number => Math.round(performance.now() - started);
  const limit = context.settings.waitForOthersMs;
  for (let attempt = 0; ; attempt++) {
    if (context.signal.aborted) throw cancelled(context.signal, polled.state);
    const answer = await polled.ask(attempt, waited());
    if (answer !== undefined) return answer;
    if (attempt % tellEvery === 0) await polled.tell(waited());
    if (limit > 0 && waited() >= limit) throw await polled.tooLong(waited());
    await pause(Math.min(1000, 100 * 1.3 ** attempt) * (0.75 + Math.random() / 2), context.signal);
  }
}
