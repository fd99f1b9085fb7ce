import { definitionOf } from '../../schema/column.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { PlanContext } from '../context.js';

/** The values that an enum loses, so that another type takes its place. */
export function lostValues(type: ObjectId, { from, to }: Pick<PlanContext, 'from' | 'to'>): readonly string[] {
  const [before, after] = [from, to].map((schema) => schema.get(type)?.is['values'] as readonly string[] | undefined);
  return before && after ? before.filter((value) => !after.includes(value)) : [];
}

/** Whether an index stays as it is, and is only made again together with the type that its condition names. */
export function isRemadeWithType(index: ObjectId, { from, to }: PlanContext): boolean {
  if (!from.has(index) || definitionOf(from, index) !== definitionOf(to, index)) return false;
  return to.needs(index).some((id) => id.kind === 'type' && lostValues(id, { from, to }).length > 0);
}
