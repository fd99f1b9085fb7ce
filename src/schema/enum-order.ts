import type { Fact } from './engine.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/**
 * The wanted schema with the values of each enum in the order that they have already, and new ones after the value that they follow. Only a
 * new type could have another order, and that would rewrite every table that uses it. `ALTER TYPE … ADD VALUE` in a migration by hand puts a
 * value at the end, wherever the entity has it; TypeORM does not look at the order either.
 */
export function withOrderOfEnums(wanted: Schema, present: Schema): Schema {
  const orders = ordersIn(wanted, present);
  return orders.size === 0 ? wanted : withValues(wanted, orders);
}

/**
 * The wanted schema as long as rows may have the values that its enums lose: with these, and the new ones. Undefined if no enum loses a value.
 */
export function withLostValues(wanted: Schema, present: Schema): Schema | undefined {
  const all = new Map(
    wanted.facts.flatMap(({ id }) => {
      const [should = [], has = []] = [valuesOf(id, wanted), valuesOf(id, present)];
      return should.length === 0 || has.every((value) => should.includes(value))
        ? []
        : [[id, withNew(should, has)] as const];
    }),
  );
  return all.size === 0 ? undefined : withValues(wanted, all);
}

/** The enums whose values are not in the desired order. */
export function otherwiseOrdered(wanted: Schema, present: Schema): readonly ObjectId[] {
  return [...ordersIn(wanted, present).keys()];
}

function ordersIn(wanted: Schema, present: Schema): ReadonlyMap<ObjectId, readonly string[]> {
  const orders = wanted.facts.map(({ id }) => [id, orderFor(id, wanted, present)] as const);
  return new Map(orders.flatMap(([id, values]) => (values === undefined ? [] : [[id, values] as const])));
}

/** Undefined where the order is right already, and where a value goes, which takes a new type anyway. */
function orderFor(id: ObjectId, wanted: Schema, present: Schema): readonly string[] | undefined {
  if (id.kind !== 'type') return undefined;
  const [should, has] = [valuesOf(id, wanted), valuesOf(id, present)];
  if (!should || !has?.every((value) => should.includes(value))) return undefined;
  const order = withNew(should, has);
  return order.every((value, index) => value === should[index]) ? undefined : order;
}

/** The values that are there in their order, and new ones after the value that they follow. */
function withNew(should: readonly string[], has: readonly string[]): readonly string[] {
  const order = [...has];
  for (const [index, value] of should.entries()) {
    if (has.includes(value)) continue;
    const before = should[index - 1];
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, value);
  }
  return order;
}

function withValues({ facts, edges }: Schema, all: ReadonlyMap<ObjectId, readonly string[]>): Schema {
  const changed = (fact: Fact): Fact => {
    const values = all.get(fact.id);
    return values === undefined ? fact : { ...fact, payload: { ...fact.payload, values } };
  };
  return schemaOf(facts.map(changed), edges);
}

function valuesOf(id: ObjectId, schema: Schema): readonly string[] | undefined {
  const { variant, values } = schema.get(id)?.is ?? {};
  return variant === 'enum' ? (values as readonly string[]) : undefined;
}
