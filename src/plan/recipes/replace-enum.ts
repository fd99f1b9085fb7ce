import { describeObject } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { PlanContext, Recipe } from '../context.js';
import { step } from '../step.js';
import type { Phase } from '../../files/phase.js';
import type { Step } from '../step.js';
import { changeType } from './change-type.js';

/** Replaces a type by one without some of its values, in the second phase, since the old version of the app may still write them. */
export const replaceEnum: Recipe = (change, context) => {
  if (change.verb !== 'alter') return undefined;
  const type = change.uses.find((id) => id.kind === 'type');
  const gone = type ? removedValues(type, context) : [];
  if (!type || gone.length === 0) return undefined;
  const list = gone.map((value) => `'${value}'`).join(', ');
  const columnSteps = changeType(change, context);
  if (columnSteps) return columnSteps.map(inPhase('contract'));
  const starts = change.kind === 'replace enum' && change.part === 'rename';
  return [
    step(change.sql, {
      phase: 'contract',
      ...(starts && {
        comment: `Creates ${describeObject(type)} again without ${list}. Fails if a row has such a value.`,
        loses: `the value ${list} of ${describeObject(type)}`,
      }),
    }),
  ];
};

/** The same for a change in a single file. */
export const replaceEnumAtOnce: Recipe = (change, context) => replaceEnum(change, context)?.map(inPhase('expand'));

function inPhase(phase: Phase): (one: Step) => Step {
  return (one) => ({ ...one, phase });
}

function removedValues(type: ObjectId, { from, to }: PlanContext): readonly string[] {
  const [before, after] = [from, to].map((schema) => schema.get(type)?.is['values'] as readonly string[] | undefined);
  return before && after ? before.filter((value) => !after.includes(value)) : [];
}
