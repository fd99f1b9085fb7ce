import { plannedRename } from '../../plan/renames.js';
import type { Rename } from '../../plan/renames.js';
import type { PlannedChange } from '../../plan/step.js';
import type { Change } from '../../schema/change.js';
import { describeObject } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { SchemaOnShadow } from '../../snapshot/schema-on-shadow.js';
import type { Renamed } from './rename-on-shadow.js';
import type { GenerateOptions } from './types.js';

export function renamesInCatalog(
  { inCatalog }: Renamed,
  { schema }: SchemaOnShadow,
  changes: readonly Change[],
  { renameDirectly = false, online = true, targetVersion = 15 }: GenerateOptions,
): readonly PlannedChange[] {
  return inCatalog.map((rename) => {
    // A view would prevent changing the type of one of its columns.
    const retyped = changes.some(
      ({ kind, id }) => kind === 'alter type' && id.table === rename.to.name && id.schema === rename.to.schema,
    );
    const keepOldName = online && !renameDirectly && !retyped && !wouldBypass(rename, schema, targetVersion);
    return plannedRename(rename, schema, { keepOldName, all: inCatalog });
  });
}

/** Before PostgreSQL 15, a view checks the privileges of its owner, to whom no policy applies. */
function wouldBypass({ from }: Rename, schema: Schema, targetVersion: number): boolean {
  return targetVersion < 15 && from.kind === 'table' && schema.get(from)?.is['rowSecurity'] === true;
}

export function remarksOnDirectRenames(
  { inCatalog }: Renamed,
  schema: Schema,
  { renameDirectly = false, online = true, targetVersion = 15 }: GenerateOptions,
): readonly string[] {
  if (!online || renameDirectly) return [];
  const tables = inCatalog.filter(({ from }) => from.kind === 'table');
  const renamedTables = new Set(tables.flatMap(({ from, to }) => [from.name, to.name]));
  return inCatalog.flatMap((rename) => {
    const directly = `${describeObject(rename.from)} is renamed directly, so the old version of the app fails from then on`;
    if (wouldBypass(rename, schema, targetVersion))
      return `${directly}: before PostgreSQL 15, a view under the old name would bypass its row-level security.`;
    // The view with the old name of a table contains the old names of its columns.
    if (rename.from.kind !== 'column' || renamedTables.has(rename.from.table)) return [];
    return `${directly}: a column is kept under both names only where its type stays as it is, and no key, sequence, generated column, view, trigger or rule uses it.`;
  });
}
