import { createHash } from 'node:crypto';
import type { Alone } from './alone.js';
import { nextSize, pacing, runBatch, startOf } from './batches.js';
import type { Ask } from './batches.js';
import type { BackfillRequest } from './backfill.js';
import { BackfillProgress } from './backfill-progress.js';
import { cancelled } from './cancel.js';

type Attempt = (batch: () => Promise<unknown>) => Promise<unknown>;

/**
 * Executes a backfill as one statement of its migration, in batches that the log counts. `whenGranted` repeats a batch that did not get a
 * lock.
 */
export async function backfillInSteps(
  request: BackfillRequest,
  parameters: unknown,
  whenGranted: Attempt,
  at: Alone,
): Promise<readonly unknown[]> {
  const { progress, session, context, step } = at;
  const ask: Ask = async (sql) => (await session.client.query(sql)).rows;
  const hash = createHash('sha256').update(request.sql).digest('hex').slice(0, 32);
  session.progress.tellsItself = true;
  const saved = progress.savedBatch;
  const known = saved?.hash === hash ? saved : undefined;
  let place = await startOf(ask, request, known?.after);
  const counted = await BackfillProgress.of(request.table, known?.rows ?? 0, ask);
  for (;;) {
    if (context.signal.aborted) throw cancelled(context.signal, '');
    const { key, after, size } = place;
    let batch: Awaited<ReturnType<typeof runBatch>> | undefined;
    await whenGranted(() =>
      progress.batch(async () => {
        await ask(counted.setName);
        batch = await runBatch(ask, request, { key, after, size });
        return { hash, after: batch.last ?? after ?? [], rows: counted.rows + batch.read };
      }),
    );
    const { last, read = 0, durationMs = 0 } = batch ?? {};
    counted.add(read, last === undefined ? 'over' : 'under way', step.migration.name, context.onEvent);
    if (last === undefined) break;
    place = { key, after: last, size: nextSize(size, durationMs) };
    await pacing(ask, request, () => context.lock.assertHeld());
  }
  session.progress.tellsItself = false;
  await progress.counts(request.sql, parameters);
  return [];
}
