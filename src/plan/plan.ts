import type { Change } from '../schema/change.js';
import { plannedAs } from './context.js';
import type { PlanContext, Recipe } from './context.js';
import { addIdentity, dropDefault, ownSequence, replaceSequence } from './recipes/automatic-values.js';
import { changeType, mergeTypeChanges } from './recipes/change-type.js';
import { addColumn, addColumnDirectly, dropColumn } from './recipes/columns.js';
import { addKey, addValidated } from './recipes/constraints.js';
import { freeType } from './recipes/free-type.js';
import { dropExpression, dropExpressionDirectly } from './recipes/generated-column.js';
import { createIndex, dropIndex } from './recipes/index-recipes.js';
import { setNotNull, setNotNullDirectly } from './recipes/set-not-null.js';
import { addEnumValue, alterSequence, createExtension, createSchema, dropObject, plain } from './recipes/others.js';
import { replaceEnum, replaceEnumAtOnce } from './recipes/replace-enum.js';
import { rewriteType } from './recipes/rewrite-type.js';
import { restoreColumn, restoreConstraint } from './recipes/way-back.js';
import { joinReplacedKeys } from './replaced-keys.js';
import type { PlannedChange } from './step.js';
import { tidy } from './tidy.js';
import { wholeEnums } from './whole-enums.js';

/** The first recipe that applies is used. */
const online: readonly Recipe[] = [
  createIndex,
  dropIndex,
  addValidated,
  addKey,
  setNotNull,
  dropExpression,
  addColumn,
  dropColumn,
  createExtension,
  createSchema,
  addEnumValue,
  ownSequence,
  addIdentity,
  replaceSequence,
  dropDefault,
  alterSequence,
  replaceEnum,
  rewriteType,
  freeType,
  changeType,
  dropObject,
  plain,
];
/** Everything in one transaction, while reads and writes block. */
const direct: readonly Recipe[] = [
  dropExpressionDirectly,
  addColumnDirectly,
  setNotNullDirectly,
  createExtension,
  createSchema,
  addEnumValue,
  ownSequence,
  addIdentity,
  alterSequence,
  replaceEnumAtOnce,
  changeType,
  plain,
];
const recipes = {
  online,
  direct,
  /** A revert is direct too, and lost values must not stop it. */
  back: [dropExpressionDirectly, restoreColumn, restoreConstraint, ...direct],
} as const;

const none: ReadonlyMap<string, string> = new Map();

/** Turns differences into statements. */
export function planChanges(
  changes: readonly Change[],
  context: PlanContext,
  mode: keyof typeof recipes,
): readonly PlannedChange[] {
  // Decisions apply only to the forward direction.
  const whole =
    mode === 'back' ? { ...context, decisions: { ...context.decisions, backfill: none, using: none } } : context;
  const tidied = mergeTypeChanges(tidy(changes, context), context);
  const merged = mode === 'online' ? joinReplacedKeys(tidied, whole) : tidied;
  return wholeEnums(merged.map((change) => plannedAs(change, firstOf(recipes[mode], change, whole), context.byHand)));
}

function firstOf(recipes: readonly Recipe[], change: Change, context: PlanContext): PlannedChange['steps'] {
  for (const recipe of recipes) {
    const steps = recipe(change, context);
    if (steps !== undefined) return steps;
  }
  return [];
}
