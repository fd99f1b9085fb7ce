import type { SqlClient } from '../../database/sql-client.js';
import { codeOf, messageOf } from '../../errors.js';
import type { Relation } from '../../observe/relation.js';
import type { TableSize } from './types.js';
import type { Promised } from './promised.js';
import { quickMs, reading, refusalOf } from './reading.js';
import { quoteName } from '../../sql/index.js';

/** Whether the rows that are there now fulfil something; or why that is not known. */
export type Answer = 'kept' | 'broken' | { readonly notKnown: string };

/** Reads only, and gives up soon unless it may take its time. */
export async function askPromise(client: SqlClient, promised: Promised, deep: boolean): Promise<Answer> {
  const { question, found, failed } = promised;
  if (question === undefined) return { notKnown: 'the database cannot be asked about it before the run' };
  try {
    return await reading(client, deep ? 0 : quickMs, async () => {
      const { rows } = await client.query(`SELECT EXISTS (${question}) AS found`);
      if (rows[0]?.['found'] !== true) return 'kept';
      return found === 'a doubt' ? { notKnown: 'there are rows, and no question finds out whether they do' } : 'broken';
    });
  } catch (error) {
    const code = refusalOf(error);
    if (failed !== undefined && isAboutValue(code)) return 'broken';
    if (code === queryCanceled) return { notKnown: 'the question takes long (--deep waits for the answer)' };
    return { notKnown: `the database cannot be asked about it yet: ${messageOf(error)}` };
  }
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
 * As many as were counted last, or more where rows have come since: but no more than its pages hold as they did then. Never counted is -1.
 * The pages are those of now, as the planner takes them.
 */
const rowsSql = `CASE WHEN c.reltuples > 0 AND c.relpages > 0
    THEN least(c.reltuples * (pg_relation_size(c.oid) / current_setting('block_size')::float8 / c.relpages), greatest(c.reltuples, s.n_live_tup))
  WHEN s.n_live_tup > 0 THEN s.n_live_tup WHEN pg_relation_size(c.oid) = 0 THEN 0 END`;

/** A partitioned table has what its partitions have. */
const sizesSql = `SELECT named.table, CASE WHEN bool_and(${rowsSql} IS NOT NULL OR c.oid IS NULL) THEN coalesce(sum(${rowsSql}), 0)::int8 END AS rows,
  bool_and(c.oid IS NULL OR pg_relation_size(c.oid) = 0 OR EXISTS (
    SELECT FROM pg_stats p JOIN pg_namespace n ON n.nspname = p.schemaname WHERE n.oid = c.relnamespace AND p.tablename = c.relname)) AS analysed,
  coalesce(sum(pg_table_size(c.oid)), 0)::int8 AS bytes, coalesce(sum(pg_indexes_size(c.oid)), 0)::int8 AS "indexBytes"
FROM (SELECT p.oid, p.relkind, n.nspname || '.' || p.relname AS table FROM pg_class p JOIN pg_namespace n ON n.oid = p.relnamespace
  WHERE n.nspname || '.' || p.relname = ANY ($1::text[]) AND p.relkind IN ('r', 'p', 'm')) AS named
LEFT JOIN LATERAL (
  SELECT relid FROM pg_partition_tree(named.oid) WHERE named.relkind = 'p' AND isleaf UNION SELECT named.oid WHERE named.relkind <> 'p'
) AS leaf ON true
LEFT JOIN pg_class c ON c.oid = leaf.relid LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
GROUP BY named.oid, named.table ORDER BY bytes DESC, 1`;

export const usualSpeed = 400e6;

/** How many bytes of a table the server reads in a second, tried on a part of the largest one. */
export async function scanSpeed(
  client: SqlClient,
  { schema, name }: Pick<Relation, 'schema' | 'name'>,
  largest: TableSize,
): Promise<number> {
  if (largest.bytes < 1e6) return usualSpeed;
  const part = Math.min(1, 16e6 / largest.bytes);
  try {
    return await reading(client, quickMs, async () => {
      const sql = `SELECT count(*) FROM (SELECT FROM ${quoteName(schema)}.${quoteName(name)} LIMIT ${Math.max(1, Math.round((largest.rows ?? largest.bytes / 100) * part))}) AS part`;
      const started = performance.now();
      await client.query(sql);
      const seconds = (performance.now() - started) / 1000;
      return Math.min(2e9, Math.max(20e6, (largest.bytes * part) / seconds));
    });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return usualSpeed;
  }
}
