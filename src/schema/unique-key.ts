import { classify } from '../sql/index.js';
import type { ObjectId } from './object-id.js';
import type { Schema, SchemaObject } from './read.js';

/** The unique constraint or unique index to which a foreign key on these columns can refer; a primary key has a name of its own. */
export function uniqueKeyOn(table: ObjectId, columns: readonly string[], schema: Schema): ObjectId | undefined {
  const wanted = sorted(columns);
  const isKey = (one: SchemaObject): boolean => isUnique(one) && sorted(keyColumns(one, schema)) === wanted;
  return schema.childrenOf(table).find(isKey)?.id;
}

/** A unique constraint, or a unique index of all rows. */
export function isUnique({ id, is }: SchemaObject): boolean {
  if (id.kind === 'constraint') return is['type'] === 'u';
  const [index] = id.kind === 'index' ? classify(String(is['def'])) : [];
  return index?.unique === true && !index.mentions('WHERE');
}

/** The columns of a key or an index, in no order. */
export function keyColumns({ id, parent }: SchemaObject, schema: Schema): readonly string[] {
  const needed = schema.needs(id).filter(({ kind, table }) => kind === 'column' && table === parent?.name);
  return needed.map(({ name = '' }) => name);
}

function sorted(columns: readonly string[]): string {
  return JSON.stringify(columns.toSorted());
}
