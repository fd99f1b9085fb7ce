import type { PlannedChange } from './step.js';

/** A new type takes the place of an old one in several statements, between which nothing else may come. */
export function wholeEnums(changes: readonly PlannedChange[]): readonly PlannedChange[] {
  const result: PlannedChange[] = [];
  const open = new Map<string, number>();
  for (const change of changes) {
    const type = typeOf(change);
    const at = type === undefined ? undefined : open.get(type);
    if (type !== undefined && / RENAME TO /.test(change.steps[0]?.sql ?? '')) open.set(type, result.length);
    const earlier = at === undefined ? undefined : result[at];
    if (at === undefined || earlier === undefined) result.push(change);
    else result[at] = joined(earlier, change);
    if (type !== undefined && change.steps[0]?.sql.startsWith('DROP TYPE ')) open.delete(type);
  }
  return result;
}

function typeOf({ alters, creates, drops }: PlannedChange): string | undefined {
  const type = alters.find(({ kind }) => kind === 'type');
  return type === undefined || creates.length + drops.filter(({ kind }) => kind !== 'default').length > 0
    ? undefined
    : `${type.schema}.${type.name}`;
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
