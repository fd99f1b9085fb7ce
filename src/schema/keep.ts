import { enumOf } from './column.js';
import type { Fact } from './engine.js';
import { likeness, nameless } from './likeness.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema, SchemaObject } from './read.js';

/** Properties of tables and views that entities cannot describe, and that may have been set by hand. */
const byHandOnly = [
  'rowSecurity',
  'forceRowSecurity',
  'replicaIdentity',
  'replicaIdentityIndex',
  'reloptions',
  'persistence',
  'partitionKey',
  'partitionBound',
  'parentTable',
];

export interface Kept {
  readonly schema: Schema;
  readonly kept: readonly ObjectId[];
  /** Objects that should be kept, but depend on a dropped one. */
  readonly lost: readonly ObjectId[];
}

/**
 * The wanted schema, plus the objects of the present one that were made by hand and are to be kept. An object that depends on a dropped
 * one cannot be kept.
 */
export function keepUnknown(
  wanted: Schema,
  present: Schema,
  shallStay: (id: ObjectId) => boolean,
  byHand: 'as present' | 'as wanted' = 'as present',
): Kept {
  const kept = new Map<string, ObjectId>();
  const stays = (id: ObjectId): boolean => wanted.has(id) || kept.has(keyOf(id));
  const comes = likeness(wanted, present);
  const taken = new Set(wanted.objects.flatMap((one) => indexNameOf(one) ?? []));
  const candidates = present.objects.filter(
    (one) =>
      !wanted.has(one.id) &&
      !givesWay(one, comes, wanted) &&
      !taken.has(indexNameOf(one) ?? '') &&
      !isOtherEnum(one.id, wanted, present),
  );
  for (let grown = true; grown;) {
    grown = false;
    for (const { id, parent } of candidates) {
      if (kept.has(keyOf(id))) continue;
      const belongs = (parent && kept.has(keyOf(parent))) || (id.target && kept.has(keyOf(id.target)));
      const needed = [...(parent ? [parent] : []), ...present.needs(id).filter((other) => present.has(other))];
      if (!(belongs || (!isAspect(id) && shallStay(id)))) continue;
      // A sequence is owned by its column, which depends on it in turn.
      if (!needed.every((other) => stays(other) || mutual(present, id, other))) continue;
      kept.set(keyOf(id), id);
      grown = true;
    }
  }
  const facts = [
    ...wanted.facts.map((fact) => (byHand === 'as present' ? asPresent(fact, present) : fact)),
    ...present.facts.filter(({ id }) => kept.has(keyOf(id))),
  ];
  // An index of the initial state is known already, and its table, which a migration has renamed, is kept only now.
  const ofKept = (id: ObjectId): boolean => [id, wanted.get(id)?.parent].some((one) => one && kept.has(keyOf(one)));
  const schema = schemaOf(facts, [...wanted.edges, ...present.edges.filter(({ from }) => ofKept(from))]);
  const told = [...kept.values()].filter((id) => {
    const { parent } = present.get(id) ?? {};
    return id.kind !== 'comment' && !(parent && kept.has(keyOf(parent)));
  });
  const lost = candidates.filter(
    ({ id, parent }) =>
      !kept.has(keyOf(id)) && !isAspect(id) && id.kind !== 'comment' && shallStay(id) && parent && stays(parent),
  );
  return { schema, kept: told, lost: lost.map(({ id }) => id) };
}

/** What belongs to an object that the entities know is as they say. They have no words for a comment on anything but a table or a column. */
function isAspect({ kind, target }: ObjectId): boolean {
  if (kind === 'default') return true;
  return kind === 'comment' && (target?.kind === 'table' || target?.kind === 'column');
}

/** What the entities have too, called otherwise, and a primary key where they want another: a table has one. */
function givesWay({ id, parent, is }: SchemaObject, comes: ReturnType<typeof likeness>, wanted: Schema): boolean {
  const likes = nameless({ id, parent, is });
  if (likes !== undefined && comes.has(likes)) return true;
  if (id.kind !== 'constraint' || is['type'] !== 'p' || parent === undefined) return false;
  return wanted.childrenOf(parent).some((other) => other.id.kind === 'constraint' && other.is['type'] === 'p');
}

/** Indexes and keys share a namespace: if the entities have one, the other cannot be kept. */
function indexNameOf({ id: { kind, schema, name }, is }: SchemaObject): string | undefined {
  const hasIndex = kind === 'index' || (kind === 'constraint' && ['p', 'u', 'x'].includes(String(is['type'])));
  return hasIndex ? JSON.stringify([schema, name]) : undefined;
}

/** The enum of columns that the entities know, each of which has a new one there. */
function isOtherEnum(id: ObjectId, wanted: Schema, present: Schema): boolean {
  if (present.get(id)?.is['variant'] !== 'enum') return false;
  const columns = present.neededBy(id).filter((one) => one.kind === 'column' && wanted.has(one));
  const isNew = (other: ObjectId | undefined): boolean => other !== undefined && !present.has(other);
  return columns.length > 0 && columns.every((column) => isNew(enumOf(column, wanted)?.id));
}

const relations = new Set(['table', 'view', 'materializedView']);

function asPresent(fact: Fact, present: Schema): Fact {
  const is = relations.has(fact.id.kind) ? present.get(fact.id)?.is : undefined;
  if (is === undefined) return fact;
  const own = byHandOnly.filter((name) => name in fact.payload).map((name) => [name, is[name]]);
  return { ...fact, payload: { ...fact.payload, ...Object.fromEntries(own) } };
}

function mutual(schema: Schema, one: ObjectId, other: ObjectId): boolean {
  return schema.needs(other).some((id) => keyOf(id) === keyOf(one));
}
