import { leavesOf } from './partitions.js';
import { quoteLiteral } from './quote.js';
import { nameInBlocks } from './work-name.js';

export interface Backfill {
  /** The table, as written in SQL. */
  readonly table: string;
  /** For a partitioned table, whose rows are in other tables: the name that the expression uses for each of these tables. */
  readonly alias: string | undefined;
  /** `"column" = expression` */
  readonly set: string;
  /** The condition for rows that still have to be filled. */
  readonly unfilled: string;
  /** One round is enough if a trigger fills the rows that the app updates in the meantime, or if the backfill is repeated later. */
  readonly rounds: 'one' | 'until none is left';
}

/**
 * The lines of a block that fills a column one range of pages at a time, each in its own transaction. They are returned as lines because an
 * expression may contain line breaks, which must be preserved.
 */
export function backfillLines(parts: Backfill): readonly string[] {
  return parts.rounds === 'one' ? oneRound(parts) : untilNoneIsLeft(parts);
}

function oneRound(parts: Backfill): readonly string[] {
  return [
    'DECLARE',
    ...declaredPartition(parts),
    '  page bigint := 0;',
    '  pages bigint := 10;',
    '  done bigint;',
    '  filled bigint := 0;',
    '  started timestamptz;',
    'BEGIN',
    ...partByPart(parts).map((line) => `  ${line}`),
    'END',
  ];
}

/**
 * An updated row may move to a page that has already been processed. A single query over all rows, which sees each of them once, finds out
 * whether any is left. If a round fills no fewer rows than the one before, the expression has no value for some rows.
 */
function untilNoneIsLeft(parts: Backfill): readonly string[] {
  return [
    'DECLARE',
    ...declaredPartition(parts),
    '  page bigint;',
    '  pages bigint := 10;',
    '  done bigint;',
    '  filled bigint;',
    '  before bigint;',
    '  started timestamptz;',
    'BEGIN',
    '  FOR round IN 1..10 LOOP',
    ...(parts.alias === undefined ? ['    page := 0;'] : []),
    '    filled := 0;',
    ...partByPart(parts).map((line) => `    ${line}`),
    '    -- A row that the app updates may move to a page that is already done: then another round follows.',
    `    EXIT WHEN filled >= before OR NOT EXISTS (SELECT FROM ${parts.table} WHERE ${parts.unfilled});`,
    '    before := nullif(filled, 0);',
    '  END LOOP;',
    'END',
  ];
}

function declaredPartition({ alias }: Backfill): readonly string[] {
  return alias === undefined ? [] : ['  part regclass;'];
}

/** A partitioned table has no pages of its own, and its partitions are known only when the statement is executed. */
function partByPart(parts: Backfill): readonly string[] {
  if (parts.alias === undefined) return pageByPage(parts);
  const leaves = `${leavesOf(quoteLiteral(parts.table))} ORDER BY relid::regclass::text`;
  return [
    `FOREACH part IN ARRAY ARRAY (${leaves}) LOOP`,
    `  page := 0;`,
    ...pageByPage(parts).map((line) => `  ${line}`),
    `END LOOP;`,
  ];
}

/** The name of the session shows the progress while a batch runs: `run` and `status` read it from `pg_stat_activity`. */
function pageByPage({ table, alias, set, unfilled }: Backfill): readonly string[] {
  const part = alias === undefined ? quoteLiteral(table) : 'part';
  const size = `pg_relation_size(${part})`;
  const pages = (first: string, end: string): string =>
    `WHERE ctid >= format('(%s,0)', ${first})::tid AND ctid < format('(%s,0)', ${end})::tid`;
  const update =
    alias === undefined
      ? [`UPDATE ${table} SET ${set}`, pages('page', 'page + pages'), `  AND ${unfilled};`]
      : [
          `EXECUTE 'UPDATE ' || part::text || $update$ AS ${alias} SET ${set}`,
          pages('$1', '$2'),
          `  AND ${unfilled}$update$ USING page, page + pages;`,
        ];
  return [
    `WHILE page * current_setting('block_size')::bigint < ${size} LOOP`,
    `  started := clock_timestamp();`,
    `  PERFORM set_config('lock_timeout', '100ms', true), set_config('row_security', 'off', true);`,
    `  PERFORM set_config('application_name', format('${nameInBlocks('%s', '%s', '%s', '%s')}',`,
    `    page, ${size} / current_setting('block_size')::bigint, filled, ${alias === undefined ? `${part}::regclass` : part}), true);`,
    `  BEGIN`,
    ...update.map((line) => `    ${line}`),
    `    GET DIAGNOSTICS done = ROW_COUNT;`,
    `    filled := filled + done;`,
    `    page := page + pages;`,
    `  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN`,
    `    PERFORM pg_sleep(0.1);`,
    `  END;`,
    `  COMMIT;`,
    `  pages := CASE WHEN clock_timestamp() > started + interval '50 ms' THEN greatest(pages / 2, 1) ELSE pages + 10 END;`,
    `END LOOP;`,
  ];
}
