import type { Schema } from '../schema/read.js';
import { keyOf, relationOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Phase, PlannedChange, Step } from './step.js';

/** The statements that go into one file: all in one transaction, or each by itself. */
export interface PlannedFile {
  readonly phase: Phase;
  readonly transaction: boolean;
  readonly steps: readonly Step[];
}

interface Draft {
  readonly phase: Phase;
  readonly transaction: boolean;
  readonly steps: Step[];
}

/** Where the steps of a change have gone. */
interface Placed extends Touching {
  readonly phase: Phase;
  readonly lastFile: number;
  readonly needsCommit: boolean;
}

/**
 * Puts the steps into as few files as their order allows. What must be committed first, or cannot be in a transaction, is what makes
 * more files than one. With `cautious` the order of the changes is kept altogether.
 */
export function arrange(
  changes: readonly PlannedChange[],
  from: Schema,
  to: Schema,
  { cautious = false }: { readonly cautious?: boolean } = {},
): readonly PlannedFile[] {
  const files: Draft[] = [];
  const placed: Placed[] = [];
  const all = changes.map((change) => {
    const keys = keysOf(change, from, to);
    return { change: { ...change, alters: [...change.alters, ...keys] }, touches: touched(change, keys, from, to) };
  });
  for (const { change, touches, makesWay } of withThoseThatMakeWay(all, to)) {
    const about = [...makesWay, { change, touches }];
    const before = placed.filter((earlier) => cautious || about.some((one) => conflict(earlier, one)));
    // What builds on something that happens in the second phase cannot happen in the first.
    let phase: Phase = before.some((earlier) => earlier.phase === 'contract') ? 'contract' : 'expand';
    let index = Math.max(0, ...before.map(({ lastFile, needsCommit }) => lastFile + (needsCommit ? 1 : 0)));
    // Up to there, files have something that this builds on.
    let busy = Math.max(-1, ...before.map(({ lastFile }) => lastFile));
    let lastExpand: number | undefined;
    for (const step of stepsOf(change, makesWay)) {
      if (step.betweenPhases) {
        place(step, { from: 0, busy: Infinity }, files);
        continue;
      }
      if (step.phase === 'contract') phase = 'contract';
      if (step.afterCommit && files[index] !== undefined) index += 1;
      index = place({ ...step, phase }, { from: index, busy }, files);
      busy = index;
      if (phase === 'expand') lastExpand = index;
    }
    const allContract = lastExpand === undefined && change.steps.length > 0;
    const needsCommit = change.commitAfter === true;
    const changePhase = allContract ? 'contract' : 'expand';
    placed.push({ change, touches, phase: changePhase, lastFile: lastExpand ?? index, needsCommit });
    for (const one of makesWay) placed.push({ ...one, phase, lastFile: index, needsCommit: false });
  }
  return [...files.filter(isExpand), ...files.filter((file) => !isExpand(file))];
}

interface Touching {
  readonly change: PlannedChange;
  readonly touches: ReadonlySet<string>;
}

/**
 * What is dropped only to be made again (a view, a check, a default) goes together with the change that it is in the way of, so that it
 * is missing for no longer than that takes.
 */
function withThoseThatMakeWay(
  changes: readonly Touching[],
  to: Schema,
): readonly (Touching & { readonly makesWay: readonly Touching[] })[] {
  const waiting = new Set<Touching>();
  const result: (Touching & { readonly makesWay: readonly Touching[] })[] = [];
  for (const one of changes) {
    if (isTemporaryDrop(one.change, to)) {
      waiting.add(one);
      continue;
    }
    const due = new Set<Touching>();
    const pull = (cause: Touching): void => {
      for (const other of waiting)
        if (!due.has(other) && conflict(other, cause)) {
          due.add(other);
          pull(other);
        }
    };
    pull(one);
    const { change, touches } = one;
    result.push({ change, touches, makesWay: [...waiting].filter((other) => due.has(other)) });
    for (const other of due) waiting.delete(other);
  }
  for (const { change, touches } of waiting) result.push({ change, touches, makesWay: [] });
  return result;
}

function isTemporaryDrop({ creates, drops, alters, steps }: PlannedChange, to: Schema): boolean {
  return (
    steps.length > 0 &&
    drops.length > 0 &&
    creates.length === 0 &&
    alters.every(({ kind }) => kind === 'primary key') &&
    drops.every((id) => to.has(id))
  );
}

/** Where a change goes on in the second phase, it is only there that something is in its way. */
function stepsOf({ steps }: PlannedChange, makesWay: readonly Touching[]): readonly Step[] {
  const contract = steps.findIndex(({ phase }) => phase === 'contract');
  const at = Math.max(0, contract);
  const between = makesWay.flatMap(({ change }) => change.steps);
  return [...steps.slice(0, at), ...(contract === -1 ? between : between.map(inContract)), ...steps.slice(at)];
}

function inContract(step: Step): Step {
  return { ...step, phase: 'contract' };
}

function isExpand({ phase }: Draft): boolean {
  return phase === 'expand';
}

/**
 * The first file that takes such a step; a new one when there is none. Returns its number. What reads a whole table beside the traffic must
 * not come behind a lock that is held until the end of the transaction: it comes before it, or goes into another file.
 */
function place(step: Step, { from, busy }: { readonly from: number; readonly busy: number }, files: Draft[]): number {
  for (let at = from; at < files.length; at++) {
    const file = files[at];
    if (file?.phase !== step.phase || file.transaction !== step.transaction) continue;
    const locked = file.transaction && isLong(step) ? file.steps.findIndex(isLocking) : -1;
    if (locked !== -1 && at <= busy) continue;
    file.steps.splice(locked === -1 ? file.steps.length : locked, 0, step);
    return at;
  }
  files.push({ phase: step.phase, transaction: step.transaction, steps: [step] });
  return files.length - 1;
}

function isLong({ effect }: Step): boolean {
  return effect === 'scans, nobody waits';
}

function isLocking({ effect }: Step): boolean {
  return effect !== 'nobody waits' && effect !== 'scans, nobody waits';
}

/** One makes, removes or changes what the other is about. */
function conflict(earlier: Touching, later: Touching): boolean {
  const within = (ids: readonly ObjectId[], touches: ReadonlySet<string>) => ids.some((id) => touches.has(keyOf(id)));
  return within(affected(earlier.change), later.touches) || within(affected(later.change), earlier.touches);
}

function affected({ creates, drops, alters }: PlannedChange): readonly ObjectId[] {
  return [...creates, ...drops, ...alters];
}

/** A table has one primary key, whatever it is called: the old one goes before the new one comes. */
function keysOf({ creates, drops }: PlannedChange, from: Schema, to: Schema): readonly ObjectId[] {
  const isKey = (id: ObjectId, schema: Schema): boolean =>
    id.kind === 'constraint' && schema.get(id)?.is['type'] === 'p';
  const found = [...creates.filter((id) => isKey(id, to)), ...drops.filter((id) => isKey(id, from))];
  return found.map((id) => ({ ...id, kind: 'primary key', name: '' }));
}

/** Everything that a change is about, with what that needs in turn: the columns of an index, the tables of a view. */
function touched(
  { creates, drops, uses }: PlannedChange,
  keysOfTables: readonly ObjectId[],
  from: Schema,
  to: Schema,
): ReadonlySet<string> {
  const keys = new Set<string>(keysOfTables.map(keyOf));
  const add = (id: ObjectId): void => void keys.add(keyOf(id));
  const addNeeds = (id: ObjectId, schema: Schema): void => {
    add(id);
    for (const needed of schema.needs(id)) {
      add(needed);
      if (needed.table !== undefined) add(relationOf(needed));
    }
    const parent = schema.get(id)?.parent;
    if (parent) add(parent);
  };
  creates.forEach((id) => addNeeds(id, to));
  drops.forEach((id) => addNeeds(id, from));
  for (const id of uses) {
    add(id);
    if (id.kind !== 'table') [...from.needs(id), ...to.needs(id)].forEach(add);
    if (id.kind === 'column') [from, to].forEach((schema) => addNeeds({ ...id, kind: 'default' }, schema));
  }
  return keys;
}
