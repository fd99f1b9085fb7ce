import { metadataTableSql } from '../shadow/typeorm-metadata.js';
import type { TypeormMetadataRow } from '../shadow/typeorm-metadata.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { step } from './step.js';
import type { PlannedChange } from './step.js';
import { quoteLiteral } from '../sql/index.js';

/** TypeORM notes the text of views and of generated columns in a table of its own; so that its own commands agree, migrations keep it. */
export function metadataChanges(
  present: readonly TypeormMetadataRow[],
  wanted: readonly TypeormMetadataRow[],
  table: string,
): readonly PlannedChange[] {
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
      ...gone
        .filter(about)
        .map((row) => step(remove(row, table), { undo: [insert(row, table)], effect: 'does not block' })),
      ...added
        .filter(about)
        .map((row) => step(insert(row, table), { undo: [remove(row, table)], effect: 'does not block' })),
    ];
    return { steps: index === 0 ? [...first, ...steps] : steps, creates: [], drops: [], uses: [id], alters: [] };
  });
}

/** What a row is about. */
function objectOf({ type, schema, table, name }: TypeormMetadataRow): ObjectId {
  const place = schema ?? 'public';
  if (table !== null) return objectId('column', place, name ?? '', table);
  return objectId(type === 'MATERIALIZED_VIEW' ? 'materializedView' : 'view', place, name ?? '');
}

const columns = ['type', 'schema', 'table', 'name', 'value'] as const;

function insert(row: TypeormMetadataRow, table: string): string {
  const names = ['database', ...columns].map((name) => `"${name}"`).join(', ');
  const values = columns.map((name) => (row[name] === null ? 'NULL' : quoteLiteral(row[name])));
  return `INSERT INTO ${table} (${names}) VALUES (current_database(), ${values.join(', ')})`;
}

function remove(row: TypeormMetadataRow, table: string): string {
  const matches = (['type', 'schema', 'table', 'name'] as const).map((name) =>
    row[name] === null ? `"${name}" IS NULL` : `"${name}" = ${quoteLiteral(row[name])}`,
  );
  return `DELETE FROM ${table} WHERE ${matches.join(' AND ')} AND "database" = current_database()`;
}
