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
  /** Which of the rows without a value get one; all of them if nothing is said. */
  readonly where?: string;
}

/**
 * Fills a column of existing rows, page range by page range, each in a transaction of its own and as large as 50 ms allow: nobody waits
 * for long. Who has locked one of the rows comes first, so that nobody's transaction ends in a deadlock. Rows that are filled already are
 * left alone: cut off and started again, it does what is left, and `backfill` is how `run` knows that. Rows that a policy hides from the
 * migrating role are not left out: then it fails.
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
  // Indented as it will stand in the file.
  const block = backfillLines({ table: tableSql(table), alias, set, unfilled, rounds }).join(`\n${indent}`);
  return step(`DO $backfill$\n${indent}${block}\n${indent}$backfill$`, {
    comment: `Fills ${quoteName(column)} of the rows that are there, in batches of their own.`,
    transaction: false,
    effect: 'in batches, does not block',
    onRows: { table, column, update: `SET ${set} WHERE ${unfilled}` },
  });
}
