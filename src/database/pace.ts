import type { HowFar } from '../events.js';
import type { Work } from './work.js';

interface Seen {
  readonly work: Work;
  readonly at: number;
}

/** The speed of a statement, measured from its progress when it was first seen. */
export class Pace {
  private first: Seen | undefined;

  /** `elapsedMs` is the time that the statement has been running. */
  of(work: Work, elapsedMs: number): Pick<HowFar, 'rate' | 'leftMs'> {
    const at = performance.now();
    // A statement in batches does nothing before its first batch.
    if (work.rows !== undefined) this.first ??= { work: { ...work, done: 0, rows: 0 }, at: at - elapsedMs };
    const { first } = this;
    // A new phase counts something else, and a new round starts again.
    if (first?.work.what !== work.what || first.work.unit !== work.unit || work.done < first.work.done) {
      this.first = { work, at };
      return { rate: undefined, leftMs: undefined };
    }
    return paceOf(work, first.work, at - first.at);
  }
}

/** The speed, given the work done within this time. */
export function paceOf(
  work: Work,
  before: Pick<Work, 'done' | 'rows'>,
  elapsedMs: number,
): Pick<HowFar, 'rate' | 'leftMs'> {
  const { rate } = work;
  if (rate !== undefined) return { rate, leftMs: rate > 0 ? ((work.total - work.done) / rate) * 1000 : undefined };
  const done = work.done - before.done;
  if (done <= 0 || elapsedMs <= 0) return { rate: undefined, leftMs: undefined };
  const counted = work.rows === undefined ? done : work.rows - (before.rows ?? 0);
  const leftMs = work.total > 0 ? ((work.total - work.done) / done) * elapsedMs : undefined;
  // Zero is not reported before the work is over.
  return { rate: (counted / elapsedMs) * 1000, leftMs: leftMs && Math.max(1, leftMs) };
}
