import type { Fact } from './engine.js';
import { nameless } from './likeness.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema, SchemaObject } from './read.js';
import { isTuned } from './tuned-index.js';
import { keyColumns } from './unique-key.js';

/**
 * The wanted schema, with what TypeORM does not compare as it is already: the name of a primary key and of a unique constraint with one
 * column, unless the entity gives one (`isGiven`), the range of the sequence behind a generated column, and what a person has added to an index.
 * Other names come from tables that were renamed by hand, and TypeORM's own migrations make sequences of bigint for columns of integer. To
 * change them would lock every table for nothing.
 */
export function withPresentNames(wanted: Schema, present: Schema, isGiven: (id: ObjectId) => boolean): Schema {
  const names = new Map(
    wanted.objects.flatMap((one) => {
      const like = isGiven(one.id) ? undefined : sameKey(one, wanted, present);
      return like === undefined ? [] : [[keyOf(one.id), like] as const];
    }),
  );
  const tuned = new Set<string>();
  let isOther = names.size > 0;
  const facts = wanted.facts.map((fact): Fact => {
    const index = tunedIndex(fact, present);
    if (index !== undefined) {
      tuned.add(keyOf(fact.id));
      isOther = true;
      return index;
    }
    const payload = rangeAsPresent(fact, present);
    if (payload !== fact.payload) isOther = true;
    return { ...fact, id: names.get(keyOf(fact.id)) ?? fact.id, payload };
  });
  if (!isOther) return wanted;
  const named = (id: ObjectId): ObjectId => names.get(keyOf(id)) ?? id;
  const own = wanted.edges.filter(({ from }) => !tuned.has(keyOf(from)));
  const ofTuned = present.edges.filter(({ from, to }) => tuned.has(keyOf(from)) && wanted.has(to));
  return schemaOf(facts, [...own.map((edge) => ({ ...edge, from: named(edge.from), to: named(edge.to) })), ...ofTuned]);
}

function tunedIndex({ id, payload }: Fact, present: Schema): Fact | undefined {
  const there = id.kind === 'index' ? present.factOf(id) : undefined;
  const [is, wanted] = [there?.payload['def'], payload['def']];
  return typeof is === 'string' && typeof wanted === 'string' && is !== wanted && isTuned(is, wanted)
    ? there
    : undefined;
}

/** The only key of the present table that is the same but for its name. */
function sameKey(one: SchemaObject, wanted: Schema, present: Schema): ObjectId | undefined {
  const { id, parent, is } = one;
  const isKey =
    id.kind === 'constraint' && (is['type'] === 'p' || (is['type'] === 'u' && keyColumns(one, wanted).length === 1));
  if (!isKey || parent === undefined || present.has(id)) return undefined;
  const likes = nameless(one);
  const [same, ...others] = present
    .childrenOf(parent)
    .filter((other) => nameless(other) === likes && !wanted.has(other.id));
  return others.length === 0 ? same?.id : undefined;
}

const ranges = ['dataType', 'start', 'minValue', 'maxValue', 'increment', 'cache', 'cycle'] as const;

/** A sequence that ends before its column does is not kept. */
function rangeAsPresent({ id, payload }: Fact, present: Schema): Fact['payload'] {
  const is = id.kind === 'sequence' ? present.factOf(id)?.payload : undefined;
  if (is === undefined || endOf(is) < endOf(payload)) return payload;
  const own = ranges.flatMap((name) => (name in is && is[name] !== payload[name] ? [[name, is[name]]] : []));
  return own.length === 0 ? payload : { ...payload, ...Object.fromEntries(own) };
}

function endOf(payload: Fact['payload']): bigint {
  return BigInt((payload['maxValue'] as string | undefined) ?? 0);
}
