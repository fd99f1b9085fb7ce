import type { SqlClient } from '../../database/sql-client.js';
import { codeOf, messageOf } from '../../errors.js';
import type { Relation } from '../../observe/relation.js';
import type { TableSize } from './types.js';
import type { Promised } from './promised.js';
import { paceOf } from './duration.js';
import { quickMs, reading, refusalOf } from './reading.js';
import { leavesOf, quoteName } from '../../sql/index.js';

/** Whether the present rows meet a condition, or why that is unknown. */
export type Answer = 'kept' | 'broken' | { readonly notKnown: string };

/** Reads only, and gives up soon unless `deep` is set. */
export async function askPromise(client: SqlClient, promised: Promised, deep: boolean): Promise<Answer> {
  const { question, found, failed } = promised;
  if (question === undefined) return { notKnown: 'the database cannot tell before the run' };
  try {
    const isQuick = deep || (await costOf(client, question)) <= quickCost;
    return await reading(client, deep ? 0 : isQuick ? surelyMs : quickMs, async () => {
      const { rows } = await client.query(`SELECT EXISTS (${question}) AS found`);
      if (rows[0]?.['found'] !== true) return isQuick ? 'kept' : { notKnown: takesLong };
      return found === 'a doubt' ? { notKnown: 'the table has rows, and no query can check them' } : 'broken';
    });
  } catch (error) {
    const code = refusalOf(error);
    if (failed !== undefined && isAboutValue(code)) return 'broken';
    if (code === queryCanceled) return { notKnown: takesLong };
    return { notKnown: `the database cannot tell yet: ${messageOf(error)}` };
  }
}

/**
 * The planner's estimate of the cost decides whether the answer counts, and not the time. Otherwise, the result for the same rows would
 * depend on the load of the server. A query of this cost takes about two seconds, and is awaited if it takes longer.
 */
const quickCost = 400_000;
const surelyMs = 20_000;
const takesLong = 'the query takes too long (--deep waits for the answer)';

async function costOf(client: SqlClient, question: string): Promise<number> {
  return reading(client, quickMs, async () => {
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${question}`);
    const [plan] = (rows[0]?.['QUERY PLAN'] ?? []) as readonly { readonly Plan?: { readonly 'Total Cost': number } }[];
    return plan?.Plan?.['Total Cost'] ?? Infinity;
  });
}

const queryCanceled = '57014';

/** Data exceptions, and the check of a domain: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isAboutValue(code: string): boolean {
  return code.startsWith('22') || code === '23514';
}

export async function readSizes(client: SqlClient, tables: readonly string[]): Promise<readonly TableSize[]> {
  const { rows } = await client.query(sizesSql, [tables]);
  return rows.map(({ table, rows: count, analysed, bytes, indexBytes }) => ({
    table: String(table),
    rows: count === null ? null : Number(count),
    analysed: analysed === true,
    bytes: Number(bytes),
    indexBytes: Number(indexBytes),
  }));
}

/**
 * The number of rows in the statistics, adjusted to the current number of pages as the planner does, so that new rows count, but no more
 * than the pages hold at the earlier density. -1 means that the table was never analysed.
 */
const rowsSql = `CASE WHEN c.reltuples > 0 AND c.relpages > 0
    THEN least(c.reltuples * (pg_relation_size(c.oid) / current_setting('block_size')::float8 / c.relpages), greatest(c.reltuples, s.n_live_tup))
  WHEN s.n_live_tup > 0 THEN s.n_live_tup WHEN pg_relation_size(c.oid) = 0 THEN 0 END`;

/** A partitioned table has the sum of its partitions. */
const sizesSql = `SELECT named.table, CASE WHEN bool_and(${rowsSql} IS NOT NULL OR c.oid IS NULL) THEN coalesce(sum(${rowsSql}), 0)::int8 END AS rows,
  bool_and(c.oid IS NULL OR pg_relation_size(c.oid) = 0 OR EXISTS (
    SELECT FROM pg_stats p JOIN pg_namespace n ON n.nspname = p.schemaname WHERE n.oid = c.relnamespace AND p.tablename = c.relname)) AS analysed,
  coalesce(sum(pg_table_size(c.oid)), 0)::int8 AS bytes, coalesce(sum(pg_indexes_size(c.oid)), 0)::int8 AS "indexBytes"
FROM (SELECT p.oid, p.relkind, n.nspname || '.' || p.relname AS table FROM pg_class p JOIN pg_namespace n ON n.oid = p.relnamespace
  WHERE n.nspname || '.' || p.relname = ANY ($1::text[]) AND p.relkind IN ('r', 'p', 'm')) AS named
LEFT JOIN LATERAL (
  ${leavesOf('named.oid')} AND named.relkind = 'p' UNION SELECT named.oid WHERE named.relkind <> 'p'
) AS leaf ON true
LEFT JOIN pg_class c ON c.oid = leaf.relid LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
GROUP BY named.oid, named.table ORDER BY bytes DESC, 1`;

export const usualPace = 1;
/** The bytes that are read to measure the pace, and the longest time for it. */
const part = 16e6;
const atMostMs = 200;

/** The speed at which the server reads rows, measured on a part of the largest table. */
export async function readPace(
  client: SqlClient,
  { schema, name }: Pick<Relation, 'schema' | 'name'>,
  { bytes, rows }: TableSize,
): Promise<number> {
  if (bytes < 1e6 || rows === null || rows === 0) return usualPace;
  const share = Math.min(1, part / bytes);
  const count = Math.max(1, Math.round(rows * share));
  try {
    return await reading(client, atMostMs, async () => {
      const started = performance.now();
      await client.query(
        `SELECT count(*) FROM (SELECT FROM ${quoteName(schema)}.${quoteName(name)} LIMIT ${count}) AS part`,
      );
      return paceOf((performance.now() - started) / 1000, count, bytes * share);
    });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return codeOf(error) === queryCanceled ? paceOf(atMostMs / 1000, count, bytes * share) : usualPace;
  }
}
