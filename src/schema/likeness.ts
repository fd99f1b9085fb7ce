import { indexParts } from './definition.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import type { Schema, SchemaObject } from './read.js';

/** Indexes, constraints and owned sequences of the one schema that the other does not have, by what they are without their names. */
export function likeness(schema: Schema, other: Schema): ReadonlyMap<string, readonly ObjectId[]> {
  const found = new Map<string, ObjectId[]>();
  for (const object of schema.objects) {
    const likes = other.has(object.id) ? undefined : nameless(object);
    if (likes !== undefined) found.set(likes, [...(found.get(likes) ?? []), object.id]);
  }
  return found;
}

/** What it is, without what it is called; undefined of what is known by its name only. A sequence is that of its column. */
export function nameless({ id, parent, is }: SchemaObject): string | undefined {
  if (id.kind === 'sequence') return is['ownedBy'] ? JSON.stringify([id.kind, is['ownedBy']]) : undefined;
  if (id.kind !== 'index' && id.kind !== 'constraint') return undefined;
  const definition = String(is['def']);
  const { unique, rest } = indexParts(definition);
  return JSON.stringify([
    id.kind,
    parent && keyOf(parent),
    is['type'],
    id.kind === 'index' ? unique + rest : definition,
  ]);
}
