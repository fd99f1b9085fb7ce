import { quoteIdent, tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { step } from '../step.js';
import type { Step } from '../step.js';

/** How many pages of a table one batch covers: some ten thousand rows, a few hundred milliseconds. */
const pagesPerBatch = 200;

/**
 * Fills a column of existing rows, page range by page range, each in a transaction of its own, so that nobody waits for long. Rows that
 * are filled already are left alone: cut off and started again, it does what is left.
 */
export function backfill(table: ObjectId, column: string, expression: string, where = ''): Step {
  const name = quoteIdent(column);
  // Indented as it will stand in the file.
  const sql = `DO $backfill$
      DECLARE
        page bigint := 0;
      BEGIN
        WHILE page * current_setting('block_size')::bigint < pg_relation_size('${tableSql(table).replaceAll("'", "''")}') LOOP
          UPDATE ${tableSql(table)} SET ${name} = ${expression}
          WHERE ctid >= format('(%s,0)', page)::tid AND ctid < format('(%s,0)', page + ${pagesPerBatch})::tid
            AND ${name} IS NULL${where === '' ? '' : ` AND ${where}`};
          COMMIT;
          page := page + ${pagesPerBatch};
        END LOOP;
      END
      $backfill$`;
  return step(sql, {
    comment: `Fills ${quoteIdent(column)} of the rows that are there, in batches of their own.`,
    transaction: false,
    effect: 'in batches, nobody waits',
  });
}
