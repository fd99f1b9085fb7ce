import { classify } from '../sql/index.js';
import { keyOf, relationOf } from './object-id.js';
import type { Schema, SchemaObject } from './read.js';

/**
 * The foreign keys that refer with the same columns to the same columns as a key of the desired schema, under another name or with other
 * actions. Both of them would apply: with the old one beside it, the `onDelete` of an entity has no effect.
 */
export function supersededKeys(present: Schema, desired: Schema): ReadonlySet<string> {
  const references = new Set(desired.objects.flatMap((one) => referenceOf(one) ?? []));
  const isSuperseded = (one: SchemaObject): boolean => !desired.has(one.id) && references.has(referenceOf(one) ?? '');
  return new Set(present.objects.filter(isSuperseded).map(({ id }) => keyOf(id)));
}

/** `table (column) → other (id)` of a foreign key; undefined for anything else. */
function referenceOf({ id, is }: SchemaObject): string | undefined {
  if (id.kind !== 'constraint' || is['type'] !== 'f') return undefined;
  const [definition] = classify(String(is['def']));
  return JSON.stringify([keyOf(relationOf(id)), definition?.nameAfter('REFERENCES'), definition?.groups()]);
}
