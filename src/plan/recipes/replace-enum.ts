import { columnPath, describeObject, sqlName } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { ownDefinitionOf } from '../../schema/own-words.js';
import { existingTable } from '../context.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Phase } from '../../files/phase.js';
import type { Step } from '../step.js';
import { changeType } from './change-type.js';
import { lostValues } from './lost-values.js';

/** Replaces a type by one without some of its values, in the second phase, since the old version of the app may still write them. */
export const replaceEnum: Recipe = (change, context) => replacing(change, context, 'contract');

/** The same for a change in a single file. */
export const replaceEnumAtOnce: Recipe = (change, context) => replacing(change, context, 'expand');

function replacing(change: Parameters<Recipe>[0], context: PlanContext, phase: Phase): readonly Step[] | undefined {
  if (change.verb !== 'alter') return undefined;
  const type = change.uses.find((id) => id.kind === 'type');
  const gone = type ? lostValues(type, context) : [];
  if (!type || gone.length === 0) return undefined;
  const list = gone.map((value) => `'${value}'`).join(', ');
  const columnSteps = changeType(change, context);
  if (columnSteps) return columnSteps.map((one) => ({ ...one, phase, because }));
  const part = change.kind === 'replace enum' ? change.part : undefined;
  const only = step(change.sql, {
    phase,
    ...(part === 'rename' && {
      ...(isConverted(type, context)
        ? { comment: `Creates ${describeObject(type)} again without ${list}.` }
        : {
            comment: `Creates ${describeObject(type)} again without ${list}. Fails if a row has such a value.`,
            loses: `the value ${list} of ${describeObject(type)}`,
          }),
    }),
  });
  if (part === 'rename') return [...partialIndexes(type, context, phase).map(dropped(phase)), only];
  return part === 'drop' ? [only, ...remade(type, context, phase)] : [only];
}

const because =
  'PostgreSQL cannot remove a value from an enum, so the type is created again, and every table that uses it is rewritten. Keep the value in the entity, or run it at a quiet time.';

/** Whether `--using` says for each column which value rows get instead. */
function isConverted(type: ObjectId, { from, decisions }: PlanContext): boolean {
  const columns = from.neededBy(type).filter(({ kind }) => kind === 'column');
  return columns.length > 0 && columns.every((id) => decisions.using.has(columnPath(id)));
}

/**
 * The indexes whose condition names the type. PostgreSQL converts the columns of an index, but not its condition, which would compare the new
 * type with the old one. In a change of one file, each of them is dropped and created in its own place.
 */
function partialIndexes(type: ObjectId, context: PlanContext, phase: Phase): readonly ObjectId[] {
  if (phase !== 'contract') return [];
  const { from, to } = context;
  const all = [...from.neededBy(type).filter((id) => !to.has(id)), ...to.neededBy(type)];
  return all.filter((id) => id.kind === 'index' && existingTable(id, context));
}

function dropped(phase: Phase): (index: ObjectId) => Step {
  return (index) =>
    step(`DROP INDEX IF EXISTS ${sqlName(index)}`, {
      comment: `The condition of ${describeObject(index)} names the type.`,
      phase,
    });
}

function remade(type: ObjectId, context: PlanContext, phase: Phase): readonly Step[] {
  return partialIndexes(type, context, phase)
    .filter((index) => context.to.has(index))
    .map((index) => step(ownDefinitionOf(context.to, index), { phase, effect: 'writers wait while it builds' }));
}
