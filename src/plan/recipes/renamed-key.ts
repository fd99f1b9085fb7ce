import type { ObjectId } from '../../schema/object-id.js';
import { isUnique, keyColumns, uniqueKeyOn } from '../../schema/unique-key.js';
import type { PlanContext } from '../context.js';

/**
 * Whether a unique key or index is dropped only because one of its columns gets a new name. A trigger keeps both columns equal, so the old key
 * forbids nothing that the new version of the app may write. Without it, duplicates could be written until the new key is there, which then
 * could not be built.
 */
export function isKeyUnderNewName(
  id: ObjectId,
  { from, to, decisions }: Pick<PlanContext, 'from' | 'to' | 'decisions'>,
): boolean {
  const key = from.get(id);
  const table = key?.parent;
  if (key === undefined || table === undefined || !isUnique(key)) return false;
  const ofTable = decisions.renames.filter(
    ({ from: { table: name, schema } }) => name === table.name && schema === table.schema,
  );
  const columns = keyColumns(key, from);
  const later = columns.map((name) => ofTable.find((rename) => rename.from.name === name)?.to.name ?? name);
  return later.some((name, at) => name !== columns[at]) && uniqueKeyOn(table, later, to) !== undefined;
}
