import { quoteLiteral, quoteName } from './quote.js';

/** A column of a primary key. */
export interface KeyColumn {
  readonly name: string;
  /** The type as the server prints it. */
  readonly type: string;
}

/** An UPDATE that goes through a table in batches by its primary key. */
export interface Batched {
  /** The table, as written in SQL. */
  readonly table: string;
  readonly set: string;
  readonly where: string | undefined;
}

/** The same update as a single statement, which is identified by its comment. */
export function wholeUpdate({ table, set, where }: Batched): string {
  return `/* nest-migrate: in batches */ UPDATE ${table} SET ${set}${where === undefined ? '' : ` WHERE ${where}`}`;
}

/** Whether a statement was written by `wholeUpdate`, so that it is executed in batches. */
export function isInBatches(sql: string): boolean {
  return sql.startsWith('/* nest-migrate: in batches */');
}

/** Selects the columns of the primary key in order, as `name` and `type`. */
export function selectKey(table: string): string {
  const oid = `${quoteLiteral(table)}::regclass`;
  return `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = ${oid} AND i.indisprimary ORDER BY array_position(i.indkey::int2[], a.attnum)`;
}

/**
 * Updates the matching rows among the next `size` rows after a key, and returns the last key of these as texts, or no row at the end of the
 * table. The rows are counted by key whether they match or not, so that every batch takes about as long as the next, wherever the matching
 * rows are.
 */
export function updateBatch(
  { table, set, where }: Batched,
  key: readonly KeyColumn[],
  after: readonly string[] | undefined,
  size: number,
): string {
  const names = key.map(({ name }) => quoteName(name));
  const columns = row(names);
  const isAfter =
    after === undefined
      ? 'true'
      : `${columns} > ${row(key.map(({ type }, index) => `${quoteLiteral(after[index] ?? '')}::${type}`))}`;
  const backwards = names.map((name) => `${name} DESC`).join(', ');
  return `WITH batch AS MATERIALIZED (SELECT ${names.join(', ')} FROM ${table} WHERE ${isAfter} ORDER BY ${names.join(', ')} LIMIT ${size}),
  last AS MATERIALIZED (SELECT ${names.join(', ')} FROM batch ORDER BY ${backwards} LIMIT 1),
  updated AS (UPDATE ${table} SET ${set} WHERE ${isAfter} AND ${columns} <= (SELECT ${names.join(', ')} FROM last)${where === undefined ? '' : ` AND (${where})`} RETURNING 1)
SELECT (SELECT json_build_array(${names.map((name) => `${name}::text`).join(', ')}) FROM last) AS last,
  (SELECT count(*)::int FROM batch) AS read, (SELECT count(*)::int FROM updated) AS updated`;
}

function row(parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
}
