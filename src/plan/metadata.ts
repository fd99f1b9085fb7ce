import { literal } from '../database/tables.js';
import type { TypeormMetadataRow } from '../shadow/typeorm-metadata.js';
import { step } from './step.js';
import type { PlannedChange } from './step.js';

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
  const gone = missing(present, wanted).map((row) => ({ sql: remove(row, table), undo: insert(row, table) }));
  const added = missing(wanted, present).map((row) => ({ sql: insert(row, table), undo: remove(row, table) }));
  const steps = [...gone, ...added].map(({ sql, undo }) => step(sql, { undo: [undo], effect: 'nobody waits' }));
  return steps.length === 0 ? [] : [{ steps, creates: [], drops: [], uses: [], alters: [] }];
}

const columns = ['type', 'schema', 'table', 'name', 'value'] as const;

function insert(row: TypeormMetadataRow, table: string): string {
  const names = ['database', ...columns].map((name) => `"${name}"`).join(', ');
  const values = columns.map((name) => (row[name] === null ? 'NULL' : literal(row[name])));
  return `INSERT INTO ${table} (${names}) VALUES (current_database(), ${values.join(', ')})`;
}

function remove(row: TypeormMetadataRow, table: string): string {
  const matches = (['type', 'schema', 'table', 'name'] as const).map((name) =>
    row[name] === null ? `"${name}" IS NULL` : `"${name}" = ${literal(row[name])}`,
  );
  return `DELETE FROM ${table} WHERE ${matches.join(' AND ')} AND "database" = current_database()`;
}
