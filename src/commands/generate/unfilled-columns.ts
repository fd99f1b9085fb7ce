import { renameCandidates } from '../../plan/renames.js';
import { columnOf } from '../../schema/column.js';
import { keyOf, relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';

/** Whether an INSERT that does not name this column fails, because neither a default nor a trigger provides its value. */
export function mustBeFilled(id: ObjectId, schema: Schema): boolean {
  const column = columnOf(schema, id);
  if (column === undefined || !column.notNull || column.automatic || column.default !== undefined) return false;
  const table = keyOf(relationOf(id));
  const mayHaveTrigger = schema.objects.some(
    ({ id: other, parent }) => other.kind === 'trigger' && parent && keyOf(parent) === table,
  );
  return !mayHaveTrigger && !schema.needs(id).some(({ kind }) => kind === 'domain');
}

/**
 * The columns that cannot stay beside a new one that may be the same column under another name, because the app no longer fills them. So
 * their author is asked, even if a handwritten migration created them.
 */
export function supersededColumns(present: Schema, desired: Schema): ReadonlySet<string> {
  const replaced = renameCandidates(present, desired).map(({ from }) => from);
  return new Set(replaced.filter((id) => mustBeFilled(id, present)).map(keyOf));
}
