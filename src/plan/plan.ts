import type { Change } from '../schema/compare.js';
import { plannedAs } from './context.js';
import type { PlanContext, Recipe } from './context.js';
import { changeType, mergeTypeChanges } from './recipes/change-type.js';
import { addColumn, addColumnDirectly, dropColumn } from './recipes/columns.js';
import { addKey, addValidated } from './recipes/constraints.js';
import { freeType } from './recipes/free-type.js';
import { createIndex, dropIndex } from './recipes/index-recipes.js';
import { setNotNull } from './recipes/not-null.js';
import { addEnumValue, dropObject, plain } from './recipes/others.js';
import { rewriteType } from './recipes/rewrite-type.js';
import type { PlannedChange } from './step.js';
import { tidy } from './tidy.js';

/** The first one that knows what to do decides. */
const online: readonly Recipe[] = [
  createIndex,
  dropIndex,
  addValidated,
  addKey,
  setNotNull,
  addColumn,
  dropColumn,
  addEnumValue,
  rewriteType,
  freeType,
  changeType,
  dropObject,
  plain,
];
/** Everything at once, in one transaction, while everybody waits. */
const direct: readonly Recipe[] = [addColumnDirectly, addEnumValue, changeType, plain];

/** From differences to statements. */
export function planChanges(
  changes: readonly Change[],
  context: PlanContext,
  mode: 'online' | 'direct',
): readonly PlannedChange[] {
  const recipes = mode === 'online' ? online : direct;
  return mergeTypeChanges(tidy(changes, context.to)).map((change) =>
    plannedAs(change, firstOf(recipes, change, context)),
  );
}

function firstOf(recipes: readonly Recipe[], change: Change, context: PlanContext): PlannedChange['steps'] {
  for (const recipe of recipes) {
    const steps = recipe(change, context);
    if (steps !== undefined) return steps;
  }
  return [];
}
