import type { SqlClient } from '../database/sql-client.js';
import { clauseOf } from '../errors.js';
import { columnOf, columnsOf } from '../schema/column.js';
import { tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { quoteName } from '../sql/index.js';
import { attempt } from './attempt.js';
import { placeholder, placeholderOfRow } from './placeholder.js';

/** A table without rows, with the server's reason. */
export interface Unfilled {
  readonly table: ObjectId;
  readonly reason: string;
}

/** Two ordinary rows, one with NULL wherever allowed, and one with zeros, empty strings and the like outside of keys. */
const rows = ['ordinary', 'ordinary', 'null', 'zero'] as const;

/** The maximum length of a chain of foreign keys. */
const rounds = 8;

/**
 * Inserts rows into all tables, as far as that is possible: keys are the numbers of the rows, so that foreign keys find the rows they refer
 * to. What refers to a table that is filled later is tried again. `times` is how often the tables were filled before: the numbers go on, because
 * a key would refuse those of earlier rows.
 */
export async function fillTables(schema: Schema, client: SqlClient, times = 0): Promise<readonly Unfilled[]> {
  let left = schema.objects.filter(({ id }) => id.kind === 'table').map(({ id }) => ({ table: id, reason: '' }));
  await client.query('BEGIN');
  for (let round = 0; round < rounds && left.length > 0; round++) {
    const still: Unfilled[] = [];
    for (const { table } of left) {
      const error = await fillOne(table, schema, { client, last: times * rows.length });
      if (error !== undefined) still.push({ table, reason: clauseOf(error) });
    }
    const isStuck = still.length === left.length;
    left = still;
    if (isStuck) break;
  }
  // Rows that a migration inserts get unused numbers.
  await client.query(
    `SELECT setval(seqrelid::regclass, 100) FROM pg_sequence WHERE seqmin <= 100 AND seqmax >= 100 AND seqincrement > 0`,
  );
  await client.query('COMMIT');
  return left;
}

interface Filling {
  readonly client: SqlClient;
  /** The number of the last row of earlier times. */
  readonly last: number;
}

/** Inserts as many rows as possible, and returns why the first one failed, unless the table has rows from earlier times. */
async function fillOne(table: ObjectId, schema: Schema, { client, last }: Filling): Promise<unknown> {
  for (const [index, kind] of rows.entries()) {
    const error = await attempt(insertOf(table, schema, last + index + 1, kind), client);
    if (error !== undefined && index === 0) return (await hasRows(table, client)) ? undefined : error;
  }
  return undefined;
}

async function hasRows(table: ObjectId, client: SqlClient): Promise<boolean> {
  const { rows: found } = await client.query(`SELECT FROM ${tableSql(table)} LIMIT 1`);
  return found.length > 0;
}

function insertOf(table: ObjectId, schema: Schema, n: number, kind: (typeof rows)[number]): string {
  const columns = columnsOf(table, schema).filter(
    (id) => columnOf(schema, id)?.automatic === false || (schema.get(id)?.is['identity'] ?? undefined) !== undefined,
  );
  if (columns.length === 0) return `INSERT INTO ${tableSql(table)} DEFAULT VALUES`;
  const values = columns.map((id) => {
    const isKey = schema.neededBy(id).some((by) => by.kind === 'constraint' || by.kind === 'index');
    if (kind === 'null' && columnOf(schema, id)?.notNull === false) return 'NULL';
    return kind === 'zero' && !isKey ? placeholder(id, schema) : placeholderOfRow(id, schema);
  });
  const names = columns.map(({ name = '' }) => quoteName(name));
  return `INSERT INTO ${tableSql(table)} (${names.join(', ')}) OVERRIDING SYSTEM VALUE SELECT ${values.join(', ')} FROM (SELECT ${n} AS n) AS number`;
}
