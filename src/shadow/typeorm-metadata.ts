import type { SqlClient } from '../database/sql-client.js';
import { quoteLiteral, quoteName } from '../sql/index.js';
import { namesIn } from '../typeorm/options.js';
import type { WithOptions } from '../typeorm/options.js';

/** TypeORM's record of a view or a generated column, by which it detects changes of the entity. */
export interface TypeormMetadataRow {
  readonly type: string;
  readonly schema: string | null;
  readonly table: string | null;
  readonly name: string | null;
  readonly value: string | null;
}

/** The sorted rows of `typeorm_metadata`, without the name of the database; empty if there is no such table. */
export async function typeormMetadataRows(
  pool: SqlClient,
  place: WithOptions = { options: {} },
): Promise<readonly TypeormMetadataRow[]> {
  const table = metadataTableOf(place);
  const found = await pool.query(`SELECT to_regclass(${quoteLiteral(table)}) IS NOT NULL AS exists`);
  if (found.rows[0]?.['exists'] !== true) return [];
  // COLLATE "C" gives the same order on every server.
  const { rows } = await pool.query(
    `SELECT "type", "schema", "table", "name", "value" FROM ${table} ORDER BY ${[
      'type',
      'schema',
      'table',
      'name',
      'value',
    ]
      .map((column) => `"${column}" COLLATE "C" NULLS FIRST`)
      .join(', ')}`,
  );
  return rows as unknown as readonly TypeormMetadataRow[];
}

/** The name of that table, for SQL. */
export function metadataTableOf(place: WithOptions): string {
  const { schema, metadata } = namesIn(place);
  return schema === undefined ? quoteName(metadata) : `${quoteName(schema)}.${quoteName(metadata)}`;
}

/** The table as TypeORM creates it. */
export function metadataTableSql(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${table} ("type" varchar NOT NULL, "database" varchar, "schema" varchar, "table" varchar, "name" varchar, "value" text)`;
}
