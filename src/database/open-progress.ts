import { quoteLiteral } from '../sql/index.js';
import { attemptOf } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import { rollback } from './fate.js';
import { assertFinishedMeanwhile } from './fence.js';
import { attemptColumns, ownHost } from './log.js';
import type { HalfDone } from './log.js';
import { chained, StepProgress } from './progress.js';
import type { Counted, How } from './progress.js';
import type { Session } from './session.js';
import type { SqlResult } from './sql-client.js';
import { begin } from './step-transaction.js';

interface Opened {
  readonly progress: StepProgress;
  readonly halfDone: HalfDone | undefined;
}

const none: Counted = { count: 0, hash: '' };

/**
 * Takes over the row of an earlier attempt once no session of that attempt is working any more, or begins a new row, in which the
 * statements `before` are done. Undefined if the earlier attempt has finished the migration in the meantime.
 */
export async function openProgress(
  session: Session,
  step: DirectedMigration,
  context: ApplyContext,
  how: How,
  before = none,
): Promise<Opened | undefined> {
  const opened = await begin(session, step, context, how.reach, 'true', 'briefly');
  if (opened.ledger === 'changed') {
    await rollback(session);
    await assertFinishedMeanwhile(session.client, [step], context);
    return undefined;
  }
  const { log } = context.tables;
  const attempt = attemptOf(step, context, 'plain');
  const { rows } = await session.client.query(
    `SELECT row_to_json(l) AS row FROM ${log} l WHERE NOT transactional AND state IN ('started', 'failed')
       AND migration = ${quoteLiteral(attempt.migration)} AND direction = '${attempt.direction}' ORDER BY id LIMIT 1 FOR UPDATE`,
  );
  const halfDone = rows[0]?.['row'] as HalfDone | undefined;
  const { names, values } = attemptColumns(attempt);
  const results = (await session.client.query(
    `${
      halfDone === undefined
        ? `INSERT INTO ${log} (${names}, state, statements_done, statements_hash)
             VALUES (${values}, 'started', ${before.count}, ${before.count === 0 ? 'NULL' : quoteLiteral(before.hash)}) RETURNING id::float8 AS id`
        : `UPDATE ${log} SET state = 'started', error = NULL, finished_at = NULL, batch = ${context.batch},
             host = ${quoteLiteral(ownHost)}, pid = ${process.pid} WHERE id = ${halfDone.id} RETURNING id::float8 AS id`
    }; COMMIT`,
  )) as unknown as readonly SqlResult[];
  const id = Number(results[0]?.rows[0]?.['id']);
  const progress = new StepProgress(session, step, context, how, id, halfDone);
  if (halfDone === undefined) progress.after(before, 'recorded');
  return { progress, halfDone };
}

/**
 * Begins a row inside the transaction that the migration is about to commit itself. With that COMMIT, all statements up to it count as done.
 */
export async function progressBefore(
  commit: string,
  { count, hash }: Counted,
  session: Session,
  step: DirectedMigration,
  context: ApplyContext,
  how: How,
): Promise<StepProgress> {
  const { names, values } = attemptColumns(attemptOf(step, context, 'plain'));
  const { rows } = await session.client.query(
    `INSERT INTO ${context.tables.log} (${names}, state, statements_done, statements_hash)
       VALUES (${values}, 'started', ${count + 1}, '${chained(hash, commit, undefined)}') RETURNING id::float8 AS id`,
  );
  const progress = new StepProgress(session, step, context, how, Number(rows[0]?.['id']));
  progress.after({ count, hash }, 'not yet committed');
  return progress;
}
