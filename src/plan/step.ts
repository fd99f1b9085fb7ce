import type { Phase } from '../files/phase.js';
import type { ObjectId } from '../schema/object-id.js';
import type { OnRows } from './on-rows.js';

/** One statement of a plan. */
export interface Step {
  readonly sql: string;
  /** For people, in the file above the statement. */
  readonly comment?: string | undefined;
  readonly phase: Phase;
  /** False when it must not be in a transaction: it takes long, and locks would be kept. */
  readonly transaction: boolean;
  /** True when what it builds on must have been committed before. */
  readonly afterCommit: boolean;
  /**
   * It shares a migration with its like only: what the role may lack the right to, so that nothing else stops with it; and what no entity
   * describes, so that the migration can say so.
   */
  readonly apart?: 'extensions' | 'by hand' | undefined;
  readonly effect: Effect;
  /** How to undo it where a schema difference does not tell: a renamed object would be dropped and created again, without its data. */
  readonly undo?: readonly string[] | undefined;
  /** The objects that this statement itself drops, and the objects that it creates. */
  readonly takes?: readonly ObjectId[] | undefined;
  readonly brings?: readonly ObjectId[] | undefined;
  /** For the time between the phases: it belongs to the first one, even where the rest of its change must wait for the second. */
  readonly betweenPhases?: true | undefined;
  /** What it does to rows, for the proof. */
  readonly onRows?: OnRows | undefined;
  /** What is lost, in words; undefined when nothing is. */
  readonly loses?: string | undefined;
}

/** What it means for those who use the table meanwhile. */
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

/** A statement that is short and belongs in a transaction, unless it is said to be otherwise. */
export function step(sql: string, details: StepDetails = {}): Step {
  return { sql, phase: 'expand', transaction: true, afterCommit: false, effect: 'brief lock', ...details };
}

/** What was planned for one change: its statements in order, and what they are about. */
export interface PlannedChange {
  readonly steps: readonly Step[];
  readonly creates: readonly ObjectId[];
  readonly drops: readonly ObjectId[];
  readonly uses: readonly ObjectId[];
  /** What is otherwise afterwards: a type with a new value, a column of another type. */
  readonly alters: readonly ObjectId[];
  /** What builds on it must come after a commit: a new value of an enum. */
  readonly commitAfter?: boolean;
  /** Whether it leaves everything of a column alone that a view could see. */
  readonly unseenByViews?: boolean;
  /** Which statement of one type taking the place of another it is. */
  readonly replaces?: 'rename' | 'create' | 'drop' | undefined;
}
