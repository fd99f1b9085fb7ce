import type { Change } from '../schema/change.js';
import { indexDefinition, keyDefinition } from '../schema/definition.js';
import { keyOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { keyColumns } from '../schema/unique-key.js';
import { existingTable, sameId } from './context.js';
import type { PlanContext } from './context.js';
import { isAdoptable } from './recipes/index-recipes.js';
import { isRemadeWithType } from './recipes/lost-values.js';
import { isKeyUnderNewName } from './recipes/renamed-key.js';

/**
 * Lets the change that adds a unique key also drop the key that it replaces, which its recipe does once the new index is built. If the old key
 * were dropped first, duplicates could be written in the meantime, and ON CONFLICT would fail.
 */
export function joinReplacedKeys(changes: readonly Change[], context: PlanContext): readonly Change[] {
  return changes
    .filter((change) => isDroppedKey(change, context))
    .reduce((all, dropped) => {
      const heir = heirOf(dropped.id, all, context);
      return heir ? (joined(all, dropped, heir, context) ?? all) : all;
    }, changes);
}

/** What drops a column of the old key comes after both. Undefined if the new key needs that, such as a column that is created again. */
function joined(
  all: readonly Change[],
  dropped: Change,
  heir: Change,
  { from, to }: PlanContext,
): readonly Change[] | undefined {
  const [start, end] = [all.indexOf(dropped), all.indexOf(heir)];
  if (end < start) return undefined;
  const [earlier, later]: [Change[], Change[]] = [[], []];
  const needed = new Set(from.needs(dropped.id).map(keyOf));
  const follows = (change: Change): boolean => {
    const { creates, drops, uses } = change;
    const all = [...creates, ...drops, ...uses, ...creates.flatMap(to.needs), ...drops.flatMap(from.needs)];
    const touched = new Set(all.map(keyOf));
    return later.some((one) => [...one.creates, ...one.drops].some((id) => touched.has(keyOf(id))));
  };
  for (const change of all.slice(start + 1, end))
    (change.drops.some((id) => needed.has(keyOf(id))) || follows(change) ? later : earlier).push(change);
  if (follows(heir)) return undefined;
  const both = { ...heir, drops: [...heir.drops, dropped.id], uses: [...heir.uses, ...dropped.uses] };
  return [...all.slice(0, start), ...earlier, both, ...later, ...all.slice(end + 1)];
}

/** An index that is replaced by one of its own name has a recipe of its own, and a key under a new name stays until the second phase. */
function isDroppedKey({ kind, id }: Change, context: PlanContext): boolean {
  if (kind !== 'drop' || !isUniqueIn(context.from, id) || !existingTable(id, context)) return false;
  return !(id.kind === 'index' && context.to.has(id)) && !isKeyUnderNewName(id, context);
}

function isUniqueIn(schema: Schema, id: ObjectId): boolean {
  if (id.kind === 'index') return indexDefinition(schema, id).unique !== '';
  return id.kind === 'constraint' && ['p', 'u'].includes(String(schema.get(id)?.is['type']));
}

/** The change that adds the key that is most like this one; undefined if there is none. */
function heirOf(old: ObjectId, changes: readonly Change[], context: PlanContext): Change | undefined {
  const keys = changes.filter((change) => isNewKey(change, old, context));
  for (const isAlike of isReferredTo(old, context) ? takingItsName : likeness) {
    const found = keys.find(({ id }) => isAlike(old, id, context));
    if (found) return found;
  }
  return undefined;
}

/** While both keys are there, PostgreSQL chooses one of them for a foreign key that is created again, which may be the wrong one in a revert. */
function isReferredTo(old: ObjectId, { from, to }: PlanContext): boolean {
  return from.neededBy(old).some((id) => id.kind === 'constraint' && to.has(id));
}

function isNewKey({ kind, id }: Change, old: ObjectId, context: PlanContext): boolean {
  if (kind !== 'create index' && kind !== 'add constraint') return false;
  const [table, ofOld] = [id, old].map((one) => existingTable(one, context));
  if (!table || !ofOld || !sameId(table, ofOld) || !isUniqueIn(context.to, id)) return false;
  return id.kind === 'index' ? !isRemadeWithType(id, context) : keyDefinition(context.to, id) !== undefined;
}

type Alike = (old: ObjectId, key: ObjectId, context: PlanContext) => boolean;

const takingItsName: readonly Alike[] = [isAdoptable, (old, key) => old.name === key.name];

/** From the surest to the least sure. A key forbids all duplicates that one with more columns forbids. */
const likeness: readonly Alike[] = [
  (old, key, { from, to }) => isPrimary(old, from) && isPrimary(key, to),
  ...takingItsName,
  (old, key, context) => covers(old, key, context) && covers(key, old, context),
  (old, key, context) => covers(old, key, context) || covers(key, old, context),
];

function isPrimary(id: ObjectId, schema: Schema): boolean {
  return id.kind === 'constraint' && schema.get(id)?.is['type'] === 'p';
}

/** Whether a key has all columns of the other. */
function covers(one: ObjectId, other: ObjectId, { from, to }: PlanContext): boolean {
  const [all, some] = [one, other].map((id) => {
    const key = to.get(id) ?? from.get(id);
    return key ? keyColumns(key, to.has(id) ? to : from) : [];
  });
  return some !== undefined && some.length > 0 && some.every((name) => all?.includes(name));
}
