import type { Schema } from '../schema/read.js';
import { keyOf, relationOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { isSameThing, tornApart } from './remade.js';
import type { Phase } from '../files/phase.js';
import type { PlannedChange, Step } from './step.js';

/** The statements of one file: all in one transaction, or each in its own. */
export interface PlannedFile extends Pick<Step, 'phase' | 'transaction' | 'apart'> {
  readonly steps: readonly Step[];
}

interface Draft extends Pick<Step, 'phase' | 'transaction' | 'apart'> {
  readonly steps: Step[];
}

/** The files that contain the steps of a change. */
interface Placed extends Touching {
  readonly phase: Phase;
  /** The last file of each phase that has a step of it; -1 if none has. */
  readonly last: Readonly<Record<Phase, number>>;
  /** Where what had to go for it has gone. */
  readonly madeWayIn: Readonly<Record<Phase, number>>;
  readonly makesWay: readonly Touching[];
  readonly needsCommit: boolean;
}

/**
 * Puts the steps into as few files as their order allows. Steps that need an earlier commit, or cannot run in a transaction, cause
 * additional files. With `cautious`, the order of the changes is preserved completely.
 */
export function arrange(
  changes: readonly PlannedChange[],
  from: Schema,
  to: Schema,
  { cautious = false }: { readonly cautious?: boolean } = {},
): readonly PlannedFile[] {
  const all = changes.map((change) => {
    const keys = keysOf(change, from, to);
    return { change: { ...change, alters: [...change.alters, ...keys] }, touches: touched(change, keys, from, to) };
  });
  let ways: readonly Way[] = withThoseThatMakeWay(all, to);
  let files = inFiles(ways, cautious);
  // In each round, one change waits for the objects that are missing meanwhile; if that is not enough, the proof fails.
  for (let torn = tornApart(files); torn !== undefined; torn = tornApart(files)) {
    const later = waiting(ways, torn);
    if (later === undefined) break;
    ways = later;
    files = inFiles(ways, cautious);
  }
  return files;
}

/** A change, with the objects that must be dropped for it and recreated. */
interface Way extends Touching {
  readonly makesWay: readonly Touching[];
  /** Objects to recreate afterwards, once everything that they need exists. */
  readonly waitsWith: readonly Touching[];
}

/**
 * Files are counted for each phase by itself: those of the second phase come after all of the first, wherever in the first something was
 * that they build on.
 */
function inFiles(ways: readonly Way[], cautious: boolean): readonly Draft[] {
  const files: Record<Phase, Draft[]> = { expand: [], contract: [] };
  const placed: Placed[] = [];
  for (const { change, touches, makesWay, waitsWith } of ways) {
    const about = [...makesWay, ...waitsWith, { change, touches }];
    const before = placed.filter((earlier) => cautious || about.some((one) => conflict(earlier, one)));
    // An object is recreated immediately if everything else that it needs exists.
    const fileOf = (earlier: Placed, phase: Phase): number =>
      makesAgain(change, earlier.makesWay)
        ? earlier.madeWayIn[phase]
        : earlier.last[phase] + (earlier.needsCommit ? 1 : 0);
    const index = byPhase((phase) => Math.max(0, ...before.map((earlier) => fileOf(earlier, phase))));
    // Files up to this one contain objects that this change depends on.
    const busy = byPhase((phase) => Math.max(none, ...before.map(({ last }) => last[phase])));
    const last = change.steps.length === 0 ? { ...busy } : byPhase(() => none);
    let madeWayIn: Placed['madeWayIn'] = { ...busy };
    // A change that depends on one of the second phase cannot be in the first.
    let phase: Phase = before.some((earlier) => isWaitedFor(earlier, change)) ? 'contract' : 'expand';
    for (const step of stepsOf(change, makesWay)) {
      if (step.betweenPhases) {
        place(step, { from: 0, busy: Infinity }, files[step.phase]);
        continue;
      }
      if (step.phase === 'contract') phase = 'contract';
      if (step.afterCommit && files[phase][index[phase]] !== undefined) index[phase] += 1;
      index[phase] = place({ ...step, phase }, { from: index[phase], busy: busy[phase] }, files[phase]);
      busy[phase] = index[phase];
      last[phase] = index[phase];
      if (makesWay.some(({ change: { drops } }) => drops.some((id) => step.takes?.includes(id))))
        madeWayIn = { ...last };
    }
    const needsCommit = change.commitAfter === true;
    const isLate = last.expand === none && change.steps.length > 0;
    placed.push({ change, touches, phase: isLate ? 'contract' : 'expand', last, madeWayIn, makesWay, needsCommit });
    for (const one of makesWay)
      placed.push({ ...one, phase, last: madeWayIn, madeWayIn, makesWay: [], needsCommit: false });
  }
  return [...files.expand, ...files.contract];
}

const none = -1;

/** Whether a change of the second phase comes first. An index that goes without replacement is not in the way until then. */
function isWaitedFor({ phase, change: { creates, drops } }: Placed, later: PlannedChange): boolean {
  const onlyDropsIndexes = creates.length === 0 && drops.length > 0 && drops.every(({ kind }) => kind === 'index');
  const isMadeAgain = later.creates.some((id) => drops.some((other) => isSameThing(id, other)));
  return phase === 'contract' && (!onlyDropsIndexes || isMadeAgain);
}

function byPhase(value: (phase: Phase) => number): Record<Phase, number> {
  return { expand: value('expand'), contract: value('contract') };
}

function makesAgain(change: PlannedChange, makesWay: readonly Touching[]): boolean {
  const dropped = makesWay.flatMap(({ change: { drops } }) => drops);
  return change.creates.some((id) => dropped.some((other) => isSameThing(id, other)));
}

/** The change for which this had to go, and all that comes after that one, later: when all is there that it needs when it is made again. */
function waiting(ways: readonly Way[], torn: ObjectId): readonly Way[] | undefined {
  const isTorn = (id: ObjectId): boolean => isSameThing(id, torn);
  const cause = ways.find(({ makesWay }) => makesWay.some(({ change }) => change.drops.some(isTorn)));
  const again = ways.find(({ change }) => change.creates.some(isTorn));
  if (!cause || !again || cause === again || cause.waitsWith.some(({ change }) => change === again.change))
    return undefined;
  const [start, end] = [ways.indexOf(cause), ways.indexOf(again)];
  const later: Way[] = [{ ...cause, waitsWith: [...cause.waitsWith, again] }];
  const earlier: Way[] = [];
  for (const way of ways.slice(start + 1, end)) {
    const follows = later.some((one) => [one, ...one.makesWay].some((other) => conflict(other, way)));
    (follows ? later : earlier).push(way);
  }
  return [...ways.slice(0, start), ...earlier, ...later, ...ways.slice(end)];
}

interface Touching {
  readonly change: PlannedChange;
  readonly touches: ReadonlySet<string>;
}

/**
 * An object that is dropped only to be recreated (a view, a check, a default) stays together with the change that requires it, so that it
 * is missing as briefly as possible.
 */
function withThoseThatMakeWay(changes: readonly Touching[], to: Schema): readonly Way[] {
  const waiting = new Set<Touching>();
  const result: Way[] = [];
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
    result.push({ change, touches, makesWay: [...waiting].filter((other) => due.has(other)), waitsWith: [] });
    for (const other of due) waiting.delete(other);
  }
  for (const { change, touches } of waiting) result.push({ change, touches, makesWay: [], waitsWith: [] });
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

/**
 * Where a change goes on in the second phase, it is only there that something is in its way, and otherwise where it drops what that depends
 * on.
 */
function stepsOf({ steps }: PlannedChange, makesWay: readonly Touching[]): readonly Step[] {
  const contract = steps.findIndex(({ phase }) => phase === 'contract');
  const taking = steps.findIndex(({ takes = [] }) =>
    takes.some((id) => makesWay.some(({ touches }) => touches.has(keyOf(id)))),
  );
  const at = Math.max(0, contract === -1 ? taking : contract);
  const between = makesWay.flatMap(({ change }) => change.steps);
  return [...steps.slice(0, at), ...(contract === -1 ? between : between.map(inContract)), ...steps.slice(at)];
}

function inContract(step: Step): Step {
  return { ...step, phase: 'contract' };
}

/**
 * The first file that takes such a step; a new one when there is none. Returns its number. What reads a whole table beside the traffic must
 * not come after a lock that is held until the end of the transaction: it goes before it, or into another file.
 */
function place(step: Step, { from, busy }: { readonly from: number; readonly busy: number }, files: Draft[]): number {
  for (let at = from; at < files.length; at++) {
    const file = files[at];
    if (file?.phase !== step.phase || file.transaction !== step.transaction || file.apart !== step.apart) continue;
    const locked = file.transaction && isLong(step) ? file.steps.findIndex(isLocking) : -1;
    if (locked !== -1 && at <= busy) continue;
    file.steps.splice(locked === -1 ? file.steps.length : locked, 0, step);
    return at;
  }
  const { phase, transaction, apart } = step;
  files.push({ phase, transaction, apart, steps: [step] });
  return files.length - 1;
}

function isLong({ effect }: Step): boolean {
  return effect === 'scans, does not block';
}

function isLocking({ effect }: Step): boolean {
  return effect !== 'does not block' && effect !== 'scans, does not block';
}

/** Whether one change creates, drops or alters an object of the other. */
function conflict(earlier: Touching, later: Touching): boolean {
  if (isUnseen(earlier.change, later.change) || isUnseen(later.change, earlier.change)) return false;
  // Whatever uses its members: a text may call a function of an extension without the catalog knowing.
  if (earlier.change.steps.some(({ apart }) => apart === 'extensions')) return true;
  const within = (ids: readonly ObjectId[], touches: ReadonlySet<string>) => ids.some((id) => touches.has(keyOf(id)));
  return within(affected(earlier.change), later.touches) || within(affected(later.change), earlier.touches);
}

/** A view need not be dropped where a column only becomes NOT NULL or gets another default, nor need it come after that. */
function isUnseen({ unseenByViews }: PlannedChange, { creates, drops, alters }: PlannedChange): boolean {
  const all = [...creates, ...drops, ...alters];
  return unseenByViews === true && all.length > 0 && all.every(({ kind }) => views.has(kind));
}

const views: ReadonlySet<string> = new Set(['view', 'materializedView']);

function affected({ creates, drops, alters }: PlannedChange): readonly ObjectId[] {
  return [...creates, ...drops, ...alters];
}

/** A table can have only one primary key, so the old one is dropped before the new one is added. */
function keysOf({ creates, drops }: PlannedChange, from: Schema, to: Schema): readonly ObjectId[] {
  const isKey = (id: ObjectId, schema: Schema): boolean =>
    id.kind === 'constraint' && schema.get(id)?.is['type'] === 'p';
  const found = [...creates.filter((id) => isKey(id, to)), ...drops.filter((id) => isKey(id, from))];
  return found.map((id) => ({ ...id, kind: 'primary key', name: '' }));
}

/** All objects of a change and their dependencies: the columns of an index, the tables of a view. */
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
  // What is new may be dropped and created again, together with a type that it needs.
  drops.forEach((id) => addNeeds(id, from.has(id) ? from : to));
  for (const id of uses) {
    add(id);
    if (id.kind !== 'table') [...from.needs(id), ...to.needs(id)].forEach(add);
    if (id.kind === 'column') [from, to].forEach((schema) => addNeeds({ ...id, kind: 'default' }, schema));
  }
  return keys;
}
