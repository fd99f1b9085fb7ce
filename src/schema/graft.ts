import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { belongsTo } from './narrow.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/** The schema with some tables and types, all that belongs to them included, as they are in another one. */
export function graft(whole: Schema, part: Schema, isFromPart: (owner: ObjectId) => boolean): Promise<Schema> {
  const stays = (id: ObjectId): boolean => !isFromPart(belongsTo(id, whole));
  const comes = (id: ObjectId): boolean => isFromPart(belongsTo(id, part));
  const facts = [
    ...whole.facts.facts().filter(({ id }) => stays(id)),
    ...part.facts.facts().filter(({ id }) => comes(id)),
  ];
  const edges = [
    ...whole.facts.edges.filter(({ from }) => whole.has(from) && stays(from)),
    ...part.facts.edges.filter(({ from }) => part.has(from) && comes(from)),
  ];
  const unique = new Map(facts.map((fact) => [keyOf(fact.id), fact]));
  return schemaOf([...unique.values()], edges);
}
