import { Pace } from './pace.js';
import { eyesOf } from './watch-blockers.js';
import type { Progress, Watching } from './watch-blockers.js';
import { unreported } from './work.js';

const afterMs = 2000;
const everyMs = 1000;
/** The time after which a statement is reported whose progress the server does not report. */
const atLastMs = 10_000;

/** Reports the progress of a statement that has been running for a while, until the returned function is called. */
export function watchWork(context: Watching, progress: Progress, backend: () => number | undefined): () => void {
  let eyes: ReturnType<typeof eyesOf>;
  let asking = false;
  let statement = 0;
  let since = 0;
  let pace = new Pace();
  const look = async (): Promise<void> => {
    const now = performance.now();
    if (!progress.isRunning || progress.statement !== statement) {
      statement = progress.isRunning ? progress.statement : 0;
      since = now;
      pace = new Pace();
    }
    const pid = backend();
    if (asking || statement === 0 || progress.tellsItself || pid === undefined || now - since < afterMs) return;
    eyes ??= eyesOf(context);
    if (eyes?.areFree() !== true) return;
    asking = true;
    const work = await eyes.workOf(pid).catch(() => undefined);
    asking = false;
    const elapsedMs = performance.now() - since;
    if (progress.statement !== statement || !progress.isRunning || progress.sql === undefined) return;
    if (work === undefined && elapsedMs < atLastMs) return;
    const seen = work ?? unreported(progress.sql);
    context.onEvent({
      type: 'progress',
      migration: context.migration(),
      ...seen,
      elapsedMs,
      ...pace.of(seen, elapsedMs),
    });
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    eyes?.close();
  };
}
