import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { belongsTo } from './narrow.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/** The schema with some tables and types, including everything that belongs to them, replaced by those of another schema. */
export function graft(whole: Schema, part: Schema, isFromPart: (owner: ObjectId) => boolean): Schema {
  const stays = (id: ObjectId): boolean => !isFromPart(belongsTo(id, whole));
  const comes = (id: ObjectId): boolean => isFromPart(belongsTo(id, part));
  const facts = [...whole.facts.filter(({ id }) => stays(id)), ...part.facts.filter(({ id }) => comes(id))];
  const edges = [...whole.edges.filter(({ from }) => stays(from)), ...part.edges.filter(({ from }) => comes(from))];
  const unique = new Map(facts.map((fact) => [keyOf(fact.id), fact]));
  return schemaOf([...unique.values()], edges);
}
