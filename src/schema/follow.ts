import { isEqual } from './equal.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/**
 * The wanted schema, with what was there before the first migration as the migrations have left it: what they have changed or dropped of
 * it stays changed or dropped. What the entities describe is as they say.
 */
export function followInitial(
  wanted: Schema,
  present: Schema,
  { schema, isDescribed }: { readonly schema: Schema; readonly isDescribed: (id: ObjectId) => boolean },
): Schema {
  const others = schema.facts.map(({ id }) => id).filter((id) => wanted.has(id) && !isDescribed(id));
  const isLeft = (id: ObjectId): boolean => {
    const [one, other] = [wanted.factOf(id), present.factOf(id)];
    return one !== undefined && other !== undefined && isEqual(one.payload, other.payload);
  };
  const changed = new Set(others.filter((id) => !isLeft(id)).map(keyOf));
  if (changed.size === 0) return wanted;
  const facts = wanted.facts.flatMap((fact) =>
    changed.has(keyOf(fact.id)) ? (present.factOf(fact.id) ?? []) : [fact],
  );
  return schemaOf(facts, [...wanted.edges, ...present.edges.filter(({ from }) => changed.has(keyOf(from)))]);
}
