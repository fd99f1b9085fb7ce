import { isEqual } from './equal.js';
import { keyOf, relationOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema, SchemaObject } from './read.js';

/** The kinds that make a schema large; all others are always part of the narrow one. */
const large = new Set([
  'table',
  'view',
  'materializedView',
  'column',
  'default',
  'constraint',
  'index',
  'trigger',
  'policy',
  'rule',
  'sequence',
  'type',
  'typeAttribute',
  'comment',
  'publication',
  'publicationRel',
  'publicationSchema',
]);

export interface Narrowed {
  readonly from: Schema;
  readonly to: Schema;
}

/**
 * The parts of two schemas that a change between them is about: the tables that differ, what they need, and what needs them. A change of
 * one table is planned and proven among these, however many tables there are beside them.
 */
export function narrow(from: Schema, to: Schema): Narrowed {
  const schemas = [from, to];
  const whole = new Map<string, ObjectId>();
  const add = (id: ObjectId): void => void whole.set(keyOf(id), id);
  for (const id of differing(from, to)) {
    for (const schema of schemas) {
      add(belongsTo(id, schema));
      // A changed type or function affects all tables that use it.
      for (const user of spreads(id) ? schema.neededBy(id) : []) add(belongsTo(user, schema));
    }
  }
  for (const id of [...whole.values()]) {
    for (const schema of schemas) for (const user of users(id, schema)) add(belongsTo(user, schema));
  }
  // The rows of a partitioned table are in its partitions, and in theirs.
  for (const id of whole.values()) {
    for (const schema of schemas)
      schema
        .neededBy(id)
        .filter((user) => isPartition(user, schema))
        .forEach(add);
  }
  const needed = new Map<string, ObjectId>();
  const need = (id: ObjectId, schema: Schema): void => {
    if (!large.has(id.kind) || whole.has(keyOf(id)) || needed.has(keyOf(id)) || !schema.has(id)) return;
    needed.set(keyOf(id), id);
    for (const part of partsOf(id, schema))
      if (isSkeleton(part)) needsOf(part, schema).forEach((other) => need(other, schema));
  };
  for (const id of whole.values()) {
    for (const schema of schemas) {
      for (const part of partsOf(id, schema)) needsOf(part, schema).forEach((other) => need(other, schema));
    }
  }
  return { from: within(from, whole, needed), to: within(to, whole, needed) };
}

type Ids = ReadonlyMap<string, ObjectId>;

function differing(from: Schema, to: Schema): readonly ObjectId[] {
  const isSame = ({ id, is }: SchemaObject): boolean => {
    const other = to.get(id);
    return other !== undefined && isEqual(is, other.is);
  };
  return [...from.objects.filter((one) => !isSame(one)), ...to.objects.filter(({ id }) => !from.has(id))].map(
    ({ id }) => id,
  );
}

/** The table of a column, an index or an owned sequence; otherwise, the object itself. */
export function belongsTo(id: ObjectId, schema: Schema): ObjectId {
  if (id.target) return belongsTo(id.target, schema);
  const object = schema.get(id);
  const owner = object?.is['ownedBy'] as { readonly schema: string; readonly table: string } | null | undefined;
  if (owner) return { kind: 'table', schema: owner.schema, name: owner.table };
  return object?.parent && object.parent.kind !== 'schema' ? belongsTo(object.parent, schema) : relationOf(id);
}

function partsOf(id: ObjectId, schema: Schema): readonly SchemaObject[] {
  const object = schema.get(id);
  return object === undefined ? [] : [object, ...schema.childrenOf(id).flatMap((child) => partsOf(child.id, schema))];
}

function needsOf({ id }: SchemaObject, schema: Schema): readonly ObjectId[] {
  return schema.needs(id).map((other) => belongsTo(other, schema));
}

function users(id: ObjectId, schema: Schema): readonly ObjectId[] {
  return spreads(id) ? partsOf(id, schema).flatMap((part) => schema.neededBy(part.id)) : [];
}

function isPartition(id: ObjectId, schema: Schema): boolean {
  return (schema.get(id)?.is['partitionBound'] ?? undefined) !== undefined;
}

/** Everything is in some schema, and much may use an extension: that these are there is enough. */
function spreads({ kind }: ObjectId): boolean {
  return kind !== 'schema' && kind !== 'extension';
}

/** Of a table that is only referred to: its columns and keys. What else it has would lead to ever more tables. */
function isSkeleton({ id, is }: SchemaObject): boolean {
  return (
    ['table', 'column', 'default', 'view', 'materializedView', 'type', 'typeAttribute', 'sequence'].includes(id.kind) ||
    (id.kind === 'constraint' && ['p', 'u'].includes(String(is['type'])))
  );
}

function within(schema: Schema, whole: Ids, needed: Ids): Schema {
  const kept = new Set<string>();
  for (const object of schema.objects) {
    const owner = keyOf(belongsTo(object.id, schema));
    const isPart = whole.has(owner) || (needed.has(owner) && isSkeleton(object));
    if (isPart || !large.has(object.id.kind)) kept.add(keyOf(object.id));
  }
  // A foreign key to a table that is not among them, of a table that is only there because it refers to one that is.
  const isWhole = ({ id }: SchemaObject): boolean =>
    id.kind !== 'constraint' || schema.needs(id).every((other) => kept.has(keyOf(other)) || !schema.has(other));
  const objects = new Set(
    schema.objects.filter((object) => kept.has(keyOf(object.id)) && isWhole(object)).map(({ id }) => keyOf(id)),
  );
  const facts = schema.facts.filter(
    ({ id }) => objects.has(keyOf(id)) || (id.target !== undefined && objects.has(keyOf(id.target))),
  );
  return schemaOf(facts, schema.edges);
}
