import type { SqlClient } from '../../database/client.js';
import { codeOf } from '../../errors.js';
import type { Observed } from '../../observe/observer.js';
import { tagOf } from '../../observe/parser.js';
import type { PlannedStatement, TableSize } from './contract.js';
import type { Promised } from './promises.js';

/** Longer than a plan should take; a full answer is asked for by --deep. */
const quickMs = 2000;

export type Answer = 'kept' | 'broken' | 'not known';

/** Whether a row is in the way. Reads only, and gives up soon. */
export function askPromise(client: SqlClient, { question }: Promised, deep: boolean): Promise<Answer> {
  return reading(client, deep ? 0 : quickMs, async () => {
    const { rows } = await client.query(`SELECT EXISTS (${question}) AS broken`);
    return rows[0]?.['broken'] === true ? 'broken' : 'kept';
  }).catch(() => 'not known' as const);
}

/** What the server would do with a statement that changes rows; nothing of one that needs what is not there yet. */
export async function explain(client: SqlClient, { sql, tree }: Observed): Promise<PlannedStatement['explained']> {
  if (!tree || !['UpdateStmt', 'DeleteStmt', 'InsertStmt', 'MergeStmt'].includes(tagOf(tree))) return undefined;
  return reading(client, quickMs, async () => {
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${sql}`);
    const [explained] = (rows[0]?.['QUERY PLAN'] ?? []) as readonly { readonly Plan: ExplainNode }[];
    if (!explained) return undefined;
    const { Plan: plan } = explained;
    const source = plan.Plans?.[0] ?? plan;
    return { rows: source['Plan Rows'], cost: plan['Total Cost'], node: source['Node Type'] };
  }).catch(() => undefined);
}

interface ExplainNode {
  readonly 'Node Type': string;
  readonly 'Plan Rows': number;
  readonly 'Total Cost': number;
  readonly Plans?: readonly ExplainNode[];
}

async function reading<T>(client: SqlClient, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN READ ONLY');
  try {
    await client.query(`SET LOCAL statement_timeout = ${timeoutMs}`);
    // Somebody who changes the table holds it: a plan waits for nobody.
    await client.query('SET LOCAL lock_timeout = 500');
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

export async function readSizes(client: SqlClient, tables: readonly string[]): Promise<readonly TableSize[]> {
  const { rows } = await client.query(sizesSql, [tables]);
  return rows.map(({ table, rows: count, bytes, indexBytes }) => ({
    table: String(table),
    rows: count === null ? null : Number(count),
    bytes: Number(bytes),
    indexBytes: Number(indexBytes),
  }));
}

// Never analysed is -1.
const sizesSql = `SELECT n.nspname || '.' || c.relname AS table, CASE WHEN c.reltuples >= 0 OR s.n_live_tup > 0 OR pg_table_size(c.oid) = 0 THEN greatest(c.reltuples, s.n_live_tup, 0)::int8 END AS rows,
  pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS "indexBytes"
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
WHERE n.nspname || '.' || c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p', 'm') ORDER BY 3 DESC`;

/** How many bytes of a table the server reads in a second, tried on a part of the largest one. */
export async function scanSpeed(client: SqlClient, largest: TableSize | undefined): Promise<number> {
  const usual = 400e6;
  if (largest === undefined || largest.bytes < 1e6) return usual;
  const [schema = '', name = ''] = largest.table.split('.');
  const part = Math.min(1, 16e6 / largest.bytes);
  try {
    return await reading(client, quickMs, async () => {
      const sql = `SELECT count(*) FROM (SELECT FROM "${schema}"."${name}" LIMIT ${Math.max(1, Math.round((largest.rows ?? largest.bytes / 100) * part))}) AS some`;
      const started = performance.now();
      await client.query(sql);
      const seconds = (performance.now() - started) / 1000;
      return Math.min(2e9, Math.max(20e6, (largest.bytes * part) / seconds));
    });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return usual;
  }
}
