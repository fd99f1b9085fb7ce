import { tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { PlanContext } from '../context.js';
import { isPartitioned } from '../partitions.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { backfillLines, quoteName } from '../../sql/index.js';
import type { Backfill } from '../../sql/index.js';

const indent = ' '.repeat(6);

export interface Filling extends Pick<Backfill, 'rounds'> {
  /** The condition for the rows to fill; all rows without a value by default. */
  readonly where?: string;
}

/**
 * Fills a column of existing rows, page range by page range, each in a transaction of its own that takes about 50 ms, so that no query
 * waits for long. It waits for sessions that have locked one of the rows, so that it causes no deadlock. Rows that have a value are left
 * alone: after an interruption it continues with the rest, and `backfill` tells `run` that it can. It fails if a policy hides rows
 * from the migrating role.
 */
export function backfill(
  table: ObjectId,
  column: string,
  expression: string,
  { where, rounds }: Filling,
  context: Pick<PlanContext, 'from'>,
): Step {
  const name = quoteName(column);
  const unfilled = `${name} IS NULL${where === undefined ? '' : ` AND ${where}`}`;
  const set = `${name} = ${expression}`;
  const alias = isPartitioned(table, context) ? quoteName(table.name ?? '') : undefined;
  // Indented as in the file.
  const block = backfillLines({ table: tableSql(table), alias, set, unfilled, rounds }).join(`\n${indent}`);
  return step(`DO $backfill$\n${indent}${block}\n${indent}$backfill$`, {
    comment: `Fills ${quoteName(column)} in the existing rows, in batches.`,
    transaction: false,
    effect: 'in batches, does not block',
    onRows: { table, column, update: `SET ${set} WHERE ${unfilled}` },
  });
}
