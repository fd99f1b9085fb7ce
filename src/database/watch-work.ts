import { eyesOf } from './watch-blockers.js';
import type { Progress, Watching } from './watch-blockers.js';

const afterMs = 2000;
const everyMs = 1000;

/** Tells how far a statement has come that has run for a while, where the server says it, as long as the returned function is not called. */
export function watchWork(context: Watching, progress: Progress, backend: () => number | undefined): () => void {
  let eyes: ReturnType<typeof eyesOf>;
  let asking = false;
  let statement = 0;
  let since = 0;
  const look = async (): Promise<void> => {
    const now = performance.now();
    if (!progress.isRunning || progress.statement !== statement) {
      statement = progress.isRunning ? progress.statement : 0;
      since = now;
    }
    const pid = backend();
    if (asking || statement === 0 || pid === undefined || now - since < afterMs) return;
    eyes ??= eyesOf(context);
    if (eyes?.areFree() !== true) return;
    asking = true;
    const work = await eyes.workOf(pid).catch(() => undefined);
    asking = false;
    if (work === undefined || progress.statement !== statement || !progress.isRunning) return;
    const elapsedMs = performance.now() - since;
    context.onEvent({ type: 'progress', migration: context.migration(), ...work, elapsedMs, leftMs: undefined });
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    eyes?.close();
  };
}
