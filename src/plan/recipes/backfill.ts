import { tableSql } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { step } from '../step.js';
import type { Step } from '../step.js';
import { quoteLiteral, quoteName } from '../../sql/index.js';

/**
 * Fills a column of existing rows, page range by page range, each in a transaction of its own and as large as 50 ms allow: nobody waits
 * for long. Who has locked one of the rows comes first, so that nobody's transaction ends in a deadlock. Rows that are filled already are
 * left alone: cut off and started again, it does what is left, and `backfill` is how `run` knows that. Rows that a policy hides from the
 * migrating role are not left out: then it fails.
 */
export function backfill(table: ObjectId, column: string, expression: string, where = ''): Step {
  const name = quoteName(column);
  // Indented as it will stand in the file.
  const sql = `DO $backfill$
      DECLARE
        page bigint := 0;
        pages bigint := 10;
        started timestamptz;
      BEGIN
        WHILE page * current_setting('block_size')::bigint < pg_relation_size(${quoteLiteral(tableSql(table))}) LOOP
          started := clock_timestamp();
          PERFORM set_config('lock_timeout', '100ms', true), set_config('row_security', 'off', true);
          BEGIN
            UPDATE ${tableSql(table)} SET ${name} = ${expression}
            WHERE ctid >= format('(%s,0)', page)::tid AND ctid < format('(%s,0)', page + pages)::tid
              AND ${name} IS NULL${where === '' ? '' : ` AND ${where}`};
            page := page + pages;
          EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            PERFORM pg_sleep(0.1);
          END;
          COMMIT;
          pages := CASE WHEN clock_timestamp() > started + interval '50 ms' THEN greatest(pages / 2, 1) ELSE pages + 10 END;
        END LOOP;
      END
      $backfill$`;
  return step(sql, {
    comment: `Fills ${quoteName(column)} of the rows that are there, in batches of their own.`,
    transaction: false,
    effect: 'in batches, does not block',
    onRows: {
      table,
      column,
      update: `SET ${name} = ${expression} WHERE ${name} IS NULL${where === '' ? '' : ` AND ${where}`}`,
    },
  });
}
