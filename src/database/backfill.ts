import { setTimeout as sleep } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { milliseconds } from '../duration.js';
import type { Duration } from '../duration.js';
import { ExitCode, MigrateError } from '../errors.js';
import { isCarriedOut } from '../files/carried-out.js';
import { wholeUpdate } from '../sql/index.js';
import { nextSize, pacing, runBatch, startOf } from './batches.js';
import type { Ask } from './batches.js';
import { isLockFailure } from './failure.js';

/** Options of `backfill`. */
export interface BackfillOptions {
  /** The table, as written in SQL: `users`, or `shop."Order"`. */
  readonly table: string;
  /** The assignments after SET: `country = 'DE'`. */
  readonly set: string;
  /** The condition for rows to fill. Ideally, a filled row no longer matches it: `country IS NULL`. */
  readonly where?: string | undefined;
  /** The number of rows in the first batch; later ones are sized to take about 100 ms each. @default 1000 */
  readonly batchSize?: number | undefined;
  /** The pause between two batches. @default 0 */
  readonly pause?: Duration | undefined;
}

/** A backfill, passed to the code that executes its statement. */
export interface BackfillRequest extends BackfillOptions {
  readonly sql: string;
  readonly size: number;
  readonly pauseMs: number;
}

const requested = Symbol.for('nest-migrate.backfill');

/**
 * Fills a column in batches in the order of the primary key, each in its own transaction, in a migration with `transaction = false`. If
 * it is interrupted, the next run continues after the last committed batch; under TypeORM itself, `where` finds the remaining rows.
 *
 * @example
 * export class FillCountries1700000000000 implements MigrationInterface {
 *   transaction = false;
 *   async up(queryRunner: QueryRunner): Promise<void> {
 *     await backfill(queryRunner, { table: 'users', set: `country = 'DE'`, where: 'country IS NULL' });
 *   }
 *   async down(): Promise<void> {}
 * }
 */
export async function backfill(queryRunner: QueryRunner, options: BackfillOptions): Promise<void> {
  const request = requestFor(options);
  if (!isCarriedOut(queryRunner)) return byItself(queryRunner, request);
  const marked = queryRunner as { [requested]?: BackfillRequest | undefined };
  marked[requested] = request;
  try {
    await queryRunner.query(request.sql);
  } finally {
    marked[requested] = undefined;
  }
}

/** The backfill that this statement represents. */
export function requestedBackfill(queryRunner: object, sql: string): BackfillRequest | undefined {
  const request = (queryRunner as { readonly [requested]?: BackfillRequest })[requested];
  return request?.sql === sql ? request : undefined;
}

function requestFor(options: BackfillOptions): BackfillRequest {
  const { table, set, where, batchSize = 1000, pause = 0 } = options;
  const pauseMs = milliseconds(pause);
  if (!Number.isSafeInteger(batchSize) || batchSize < 1)
    throw wrong(`batchSize must be a positive integer, but is ${String(batchSize)}`);
  if (pauseMs === undefined) throw wrong(`pause must be a duration such as 100 or "2s", but is ${String(pause)}`);
  for (const [name, text] of Object.entries({ table, set }))
    if (typeof text !== 'string' || text.trim() === '') throw wrong(`${name} must be SQL`);
  return { ...options, sql: wholeUpdate({ table, set, where }), size: batchSize, pauseMs };
}

/** Executes the backfill if TypeORM itself runs the migration. */
async function byItself(queryRunner: QueryRunner, request: BackfillRequest): Promise<void> {
  if (queryRunner.isTransactionActive) throw inTransaction(request.table);
  const ask: Ask = async (sql) => (await queryRunner.query(sql)) as Awaited<ReturnType<Ask>>;
  let place = await startOf(ask, request, undefined);
  for (;;) {
    await queryRunner.startTransaction();
    try {
      await ask(`SET LOCAL lock_timeout = '1s'`);
      const batch = await runBatch(ask, request, place);
      await queryRunner.commitTransaction();
      if (batch.last === undefined) return;
      place = { key: place.key, after: batch.last, size: nextSize(place.size, batch.durationMs) };
    } catch (error) {
      await queryRunner.rollbackTransaction();
      if (!isLockFailure(error)) throw error;
      await sleep(100);
    }
    await pacing(ask, request, () => undefined);
  }
}

export function inTransaction(table: string): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `The backfill of ${table} was refused: each batch is a separate transaction, but the migration runs in a single one. Nothing was filled.`,
    next: 'Add the line `transaction = false;` to the class. Its other statements, if they need a transaction, go into a migration before it.',
  });
}

function wrong(what: string): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The options of backfill() are invalid: ${what}. Nothing was filled.`,
    next: "For example: backfill(queryRunner, { table: 'users', set: `country = 'DE'`, where: 'country IS NULL' })",
    exitCode: ExitCode.usage,
  });
}
