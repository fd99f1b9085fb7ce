import type { Fact } from './engine.js';
import { isEqual } from './equal.js';
import type { ObjectId } from './object-id.js';
import { relationOf } from './object-id.js';
import type { Schema } from './read.js';

/** An object that exists in only one of two schemas, or differs between them. */
export interface Difference {
  readonly id: ObjectId;
  readonly from: Fact | undefined;
  readonly to: Fact | undefined;
  /** The names of the differing properties, for an object in both schemas. */
  readonly properties: readonly string[];
}

/** The differences in the order of the objects, without parts of an object that exists in only one schema. */
export function differences(from: Schema, to: Schema): readonly Difference[] {
  const gone = from.facts.filter((fact) => !isMember(fact.id, from) && isAlone(fact, from, to));
  const rest = to.facts.filter((fact) => !isMember(fact.id, to) && (from.has(fact.id) || isAlone(fact, to, from)));
  return [
    ...gone.map((fact) => ({ id: fact.id, from: fact, to: undefined, properties: [] })),
    ...rest.flatMap((fact) => {
      const before = from.factOf(fact.id);
      const properties = before ? differing(before, fact) : [];
      if (before && properties.length === 0) return [];
      return [{ id: fact.id, from: before, to: fact, properties }];
    }),
  ];
}

/** Not in the other one, while what it belongs to is. */
function isAlone(fact: Fact, own: Schema, other: Schema): boolean {
  return !other.has(fact.id) && ownersOf(fact, own).every((owner) => other.has(owner));
}

/** A property that one of them lacks counts as absent. */
function differing({ payload: a }: Fact, { payload: b }: Fact): readonly string[] {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => !name.startsWith('_') && !isEqual(a[name] ?? null, b[name] ?? null)).toSorted();
}

/** What an object goes away with: its table, the object that a comment is on, the column that owns a sequence, the table it is a part of. */
export function ownersOf({ id, parent, payload }: Fact, schema: Schema): readonly ObjectId[] {
  const owned = payload['ownedBy'] as { schema: string; table: string; column?: string } | null | undefined;
  const whole = payload['parentTable'] as { schema: string; name: string } | null | undefined;
  const owners: ObjectId[] = [];
  if (parent) owners.push(parent);
  if (whole) owners.push({ kind: 'table', schema: whole.schema, name: whole.name });
  if (id.target) owners.push(id.target);
  if (owned) {
    const { schema: place, table, column } = owned;
    owners.push({ kind: 'table', schema: place, name: table });
    if (column !== undefined) owners.push({ kind: 'column', schema: place, table, name: column });
  }
  return owners.filter((owner) => schema.has(owner));
}

/** Whether this holds for an object or for something that it belongs to. */
export function isPartOf(fact: Fact, schema: Schema, test: (fact: Fact) => boolean): boolean {
  if (test(fact)) return true;
  return ownersOf(fact, schema).some((owner) => {
    const above = schema.factOf(owner);
    return above !== undefined && isPartOf(above, schema, test);
  });
}

/** Of an extension, which makes it and takes it away. */
export function isMember(id: ObjectId, schema: Schema): boolean {
  const fact = schema.factOf(id);
  const belongs = (one: Fact): boolean => schema.edgesFrom(one.id).some(({ kind }) => kind === 'memberOfExtension');
  return fact !== undefined && isPartOf(fact, schema, belongs);
}

/** The table of an index, a constraint or a trigger. */
export function tableOf({ id, parent }: Fact): ObjectId | undefined {
  if (id.table !== undefined) return relationOf(id);
  return parent !== undefined && parent.kind !== 'schema' ? parent : undefined;
}
