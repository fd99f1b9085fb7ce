import { createHash } from 'node:crypto';
import { quoteLiteral } from '../sql/index.js';
import type { Alone } from './alone.js';
import { nextSize, pacing, runBatch, startOf } from './batches.js';
import type { Ask } from './batches.js';
import type { BackfillRequest } from './backfill.js';
import { cancelled } from './cancel.js';

type Attempt = (batch: () => Promise<unknown>) => Promise<unknown>;

const tellEveryMs = 1000;

/** Carries out a backfill as one statement of its migration, in batches that the log counts. `whenGranted` repeats a batch that met a lock. */
export async function backfillInSteps(
  request: BackfillRequest,
  parameters: unknown,
  whenGranted: Attempt,
  at: Alone,
): Promise<readonly unknown[]> {
  const { progress, session, context, step } = at;
  const ask: Ask = async (sql) => (await session.client.query(sql)).rows;
  const hash = createHash('sha256').update(request.sql).digest('hex').slice(0, 32);
  const saved = progress.savedBatch;
  const known = saved?.hash === hash ? saved : undefined;
  let place = await startOf(ask, request, known?.after);
  let rows = known?.rows ?? 0;
  const [{ estimate } = {}] = await ask(
    `SELECT greatest(reltuples, 0)::float8 AS estimate FROM pg_class WHERE oid = ${quoteLiteral(request.table)}::regclass`,
  );
  const [started, before] = [performance.now(), rows];
  let told = -Infinity;
  for (;;) {
    if (context.signal.aborted) throw cancelled(context.signal, '');
    const { key, after, size } = place;
    let batch: Awaited<ReturnType<typeof runBatch>> | undefined;
    await whenGranted(() =>
      progress.batch(async () => {
        batch = await runBatch(ask, request, { key, after, size });
        return { hash, after: batch.last ?? after ?? [], rows: rows + batch.read };
      }),
    );
    const { last, read = 0, durationMs = 0 } = batch ?? {};
    rows += read;
    if (performance.now() - told >= tellEveryMs || last === undefined) {
      told = performance.now();
      const total = last === undefined ? rows : Math.max(Number(estimate ?? 0), rows);
      const elapsedMs = performance.now() - started;
      const perMs = (rows - before) / elapsedMs;
      const leftMs = last === undefined ? 0 : perMs > 0 ? (total - rows) / perMs : undefined;
      const what = `backfill of ${request.table}`;
      context.onEvent({
        type: 'progress',
        migration: step.migration.name,
        what,
        done: rows,
        total,
        unit: 'rows',
        elapsedMs,
        leftMs,
      });
    }
    if (last === undefined) break;
    place = { key, after: last, size: nextSize(size, durationMs) };
    await pacing(ask, request, () => context.lock.assertHeld());
  }
  await progress.counts(request.sql, parameters);
  return [];
}
