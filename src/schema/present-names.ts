import type { Fact } from './engine.js';
import { nameless } from './likeness.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema, SchemaObject } from './read.js';
import { keyColumns } from './unique-key.js';

/**
 * The wanted schema, with what TypeORM does not compare as it is already: the name of a primary key and of a unique constraint with one
 * column, unless the entity gives one (`isGiven`), and the range of the sequence behind a generated column. Other names come from tables that
 * were renamed by hand, and TypeORM's own migrations make sequences of bigint for columns of integer. To change them would lock every table
 * for nothing.
 */
export function withPresentNames(wanted: Schema, present: Schema, isGiven: (id: ObjectId) => boolean): Schema {
  const names = new Map(
    wanted.objects.flatMap((one) => {
      const like = isGiven(one.id) ? undefined : sameKey(one, wanted, present);
      return like === undefined ? [] : [[keyOf(one.id), like] as const];
    }),
  );
  let isOther = names.size > 0;
  const facts = wanted.facts.map((fact): Fact => {
    const payload = rangeAsPresent(fact, present);
    if (payload !== fact.payload) isOther = true;
    return { ...fact, id: names.get(keyOf(fact.id)) ?? fact.id, payload };
  });
  if (!isOther) return wanted;
  const named = (id: ObjectId): ObjectId => names.get(keyOf(id)) ?? id;
  return schemaOf(
    facts,
    wanted.edges.map((edge) => ({ ...edge, from: named(edge.from), to: named(edge.to) })),
  );
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
