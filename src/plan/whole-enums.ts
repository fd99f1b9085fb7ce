import { keyOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { PlannedChange, Step } from './step.js';

/** Several statements replace a type by a new one, and no other statement may come between them. */
export function wholeEnums(changes: readonly PlannedChange[]): readonly PlannedChange[] {
  const result: PlannedChange[] = [];
  const open = new Map<string, number>();
  for (const change of changes) {
    const id = typeOf(change);
    const type = id && keyOf(id);
    const at = type === undefined ? undefined : open.get(type);
    const begins = id !== undefined && change.replaces === 'rename';
    const ends = id !== undefined && change.replaces === 'drop';
    if (begins && type !== undefined) open.set(type, result.length);
    const earlier = at === undefined ? undefined : result[at];
    const marked = begins ? marking(change, { takes: [id] }) : ends ? marking(change, { brings: [id] }) : change;
    if (at === undefined || earlier === undefined) result.push(marked);
    else result[at] = joined(earlier, marked);
    if (type !== undefined && ends) open.delete(type);
  }
  return result;
}

/** References to the old type mean the new one, from the first to the last statement. */
function marking(change: PlannedChange, what: Pick<Step, 'takes' | 'brings'>): PlannedChange {
  return { ...change, steps: change.steps.map((one, at) => (at === 0 ? { ...one, ...what } : one)) };
}

function typeOf({ alters, creates, drops }: PlannedChange): ObjectId | undefined {
  const isOther = creates.length + drops.filter(({ kind }) => kind !== 'default').length > 0;
  return isOther ? undefined : alters.find(({ kind }) => kind === 'type');
}

function joined(one: PlannedChange, other: PlannedChange): PlannedChange {
  return {
    steps: [...one.steps, ...other.steps],
    creates: [...one.creates, ...other.creates],
    drops: [...one.drops, ...other.drops],
    uses: [...one.uses, ...other.uses],
    alters: [...one.alters, ...other.alters],
  };
}
