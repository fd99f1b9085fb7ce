import { metadataTableSql } from '../shadow/typeorm-metadata.js';
import type { TypeormMetadataRow } from '../shadow/typeorm-metadata.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { step } from './step.js';
import type { PlannedChange } from './step.js';
import { quoteLiteral } from '../sql/index.js';

/** TypeORM's metadata table, and the schema that migrations leave to the search path. */
interface MetadataTable {
  readonly table: string;
  readonly unnamed: string | undefined;
}

/** TypeORM notes the text of views and of generated columns in a table of its own; so that its own commands agree, migrations keep it. */
export function metadataChanges(
  present: readonly TypeormMetadataRow[],
  wanted: readonly TypeormMetadataRow[],
  { table, unnamed }: MetadataTable,
): readonly PlannedChange[] {
  const insert = (row: TypeormMetadataRow): string => insertSql(row, table, unnamed);
  const remove = (row: TypeormMetadataRow): string => removeSql(row, table, unnamed);
  const missing = (from: readonly TypeormMetadataRow[], among: readonly TypeormMetadataRow[]) => {
    const there = new Set(among.map((row) => JSON.stringify(row)));
    return from.filter((row) => !there.has(JSON.stringify(row)));
  };
  const gone = missing(present, wanted);
  const added = missing(wanted, present);
  const objects = new Map([...gone, ...added].map((row) => [keyOf(objectOf(row)), objectOf(row)]));
  // TypeORM makes it only where the entities of today need it, and then an old migration would fail.
  const first =
    added.length > 0 && present.length === 0 ? [step(metadataTableSql(table), { effect: 'does not block' })] : [];
  return [...objects.values()].map((id, index) => {
    const about = (row: TypeormMetadataRow): boolean => keyOf(objectOf(row)) === keyOf(id);
    const steps = [
      ...gone.filter(about).map((row) => step(remove(row), { undo: [insert(row)], effect: 'does not block' })),
      ...added.filter(about).map((row) => step(insert(row), { undo: [remove(row)], effect: 'does not block' })),
    ];
    return { steps: index === 0 ? [...first, ...steps] : steps, creates: [], drops: [], uses: [id], alters: [] };
  });
}

/** The object that a row describes. */
function objectOf({ type, schema, table, name }: TypeormMetadataRow): ObjectId {
  const place = schema ?? 'public';
  if (table !== null) return objectId('column', place, name ?? '', table);
  return objectId(type === 'MATERIALIZED_VIEW' ? 'materializedView' : 'view', place, name ?? '');
}

const columns = ['type', 'schema', 'table', 'name', 'value'] as const;

function insertSql(row: TypeormMetadataRow, table: string, unnamed: string | undefined): string {
  const names = ['database', ...columns].map((name) => `"${name}"`).join(', ');
  const values = columns.map((name) => valueSql(row, name, unnamed) ?? 'NULL');
  return `INSERT INTO ${table} (${names}) VALUES (current_database(), ${values.join(', ')})`;
}

function removeSql(row: TypeormMetadataRow, table: string, unnamed: string | undefined): string {
  const matches = (['type', 'schema', 'table', 'name'] as const).map((name) => {
    const value = valueSql(row, name, unnamed);
    return value === undefined ? `"${name}" IS NULL` : `"${name}" = ${value}`;
  });
  return `DELETE FROM ${table} WHERE ${matches.join(' AND ')} AND "database" = current_database()`;
}

/** TypeORM writes the name of its current schema. */
function valueSql(
  row: TypeormMetadataRow,
  name: (typeof columns)[number],
  unnamed: string | undefined,
): string | undefined {
  const value = row[name];
  if (value === null) return undefined;
  return name === 'schema' && value === unnamed ? 'current_schema()' : quoteLiteral(value);
}
