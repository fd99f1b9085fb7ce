import type { Phase } from '../files/phase.js';
import type { ObjectId } from '../schema/object-id.js';
import type { OnRows } from './on-rows.js';

/** One statement of a plan. */
export interface Step {
  readonly sql: string;
  /** The comment above the statement in the file. */
  readonly comment?: string | undefined;
  readonly phase: Phase;
  /** False if it must not run in a transaction, because it takes long and locks would be held. */
  readonly transaction: boolean;
  /** Whether the objects that it depends on must have been committed before. */
  readonly afterCommit: boolean;
  /**
   * It shares a migration only with similar steps: those for which the role may lack the privilege, so that nothing else fails with them; and
   * those for objects that no entity describes, so that the migration can be marked.
   */
  readonly apart?: 'extensions' | 'by hand' | undefined;
  readonly effect: Effect;
  /** Why it blocks, and what to do about it, if it always does. */
  readonly because?: string | undefined;
  /** How to undo it if a schema comparison cannot tell: a renamed object would be dropped and recreated, without its data. */
  readonly undo?: readonly string[] | undefined;
  /** The same for an object that needs what the rest of the way back restores, such as a view. */
  readonly undoLast?: { readonly brings: ObjectId; readonly sql: readonly string[] } | undefined;
  /** The objects that this statement itself drops, and the objects that it creates. */
  readonly takes?: readonly ObjectId[] | undefined;
  readonly brings?: readonly ObjectId[] | undefined;
  /** Whether it bridges the phases: it belongs to the first one, even if the rest of its change must wait for the second. */
  readonly betweenPhases?: true | undefined;
  /** Its effect on rows, for the proof. */
  readonly onRows?: OnRows | undefined;
  /** The data that is lost, in words; undefined if none is. */
  readonly loses?: string | undefined;
}

/** How a statement affects concurrent queries on the table. */
export type Effect =
  | 'does not block'
  | 'brief lock'
  | 'scans, does not block'
  | 'builds, does not block'
  | 'in batches, does not block'
  | 'writers wait while it scans'
  | 'all wait while it scans'
  | 'writers wait while it builds'
  | 'all wait while it rewrites';

export type StepDetails = Partial<Omit<Step, 'sql'>>;

/** A short statement that belongs in a transaction, unless the details differ. */
export function step(sql: string, details: StepDetails = {}): Step {
  return { sql, phase: 'expand', transaction: true, afterCommit: false, effect: 'brief lock', ...details };
}

/** The plan for one change: its statements in order, and the affected objects. */
export interface PlannedChange {
  readonly steps: readonly Step[];
  readonly creates: readonly ObjectId[];
  readonly drops: readonly ObjectId[];
  readonly uses: readonly ObjectId[];
  /** Objects that are altered: a type with a new value, a column with another type. */
  readonly alters: readonly ObjectId[];
  /** Whether dependent changes must come after a commit, as for a new enum value. */
  readonly commitAfter?: boolean;
  /** Whether it changes nothing of a column that a view depends on. */
  readonly unseenByViews?: boolean;
  /** Which statement of one type taking the place of another it is. */
  readonly replaces?: 'rename' | 'create' | 'drop' | undefined;
}
