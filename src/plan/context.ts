import type { Change } from '../schema/change.js';
import type { ObjectId } from '../schema/object-id.js';
import { keyOf, objectId, relationOf } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import type { Rename } from './renames.js';
import type { PlannedChange, Step } from './step.js';

/** What the author of the change has decided, since no tool can know it. Keys are `table.column`, with the schema in front unless it is public. */
export interface Decisions {
  /** The expression that fills a new column of existing rows. */
  readonly backfill: ReadonlyMap<string, string>;
  /** The expression that turns a value of the old type into one of the new. */
  readonly using: ReadonlyMap<string, string>;
  /** The time zone in which stored timestamps without one were meant. */
  readonly storedTimezone: string | undefined;
  /** Columns that are renamed while the old version of the app is running. */
  readonly renames: readonly Rename[];
}

/** What recipes work with. */
export interface PlanContext {
  readonly from: Schema;
  readonly to: Schema;
  /** On the way back: what the whole change was. What its end did not have has lost its rows and values. */
  readonly whole?: { readonly start: Schema; readonly end: Schema };
  readonly decisions: Decisions;
  /** Types are changed where they are, and all wait while the table is rewritten. */
  readonly typesInPlace?: boolean;
  readonly targetVersion: number;
  /** What no entity describes, though this change makes it. */
  readonly byHand?: ByHand | undefined;
  /** What changing a column's type would mean, tried on the shadow. */
  readonly tryType: (from: ColumnType, to: ColumnType) => TypeChange;
}

export type ByHand = (id: ObjectId) => boolean;

export interface ColumnType {
  readonly type: string;
  readonly expr: string | undefined;
}

/** `free`: only the catalog changes; `rewrite`: every row does; `needs-using`: PostgreSQL does not know how. */
export type TypeChange = 'free' | 'scan' | 'rewrite' | 'needs-using';

/** Turns a change into statements that do not stop production; undefined when the change is none of its business. */
export type Recipe = (change: Change, context: PlanContext) => readonly Step[] | undefined;

/** Whether it makes nothing that an entity describes. */
export function isByHand({ creates, id }: Pick<Change, 'creates' | 'id'>, byHand: ByHand | undefined): boolean {
  return byHand !== undefined && (creates.length > 0 ? creates : [id]).every(byHand);
}

export function plannedAs(change: Change, planned: readonly Step[], byHand?: ByHand): PlannedChange {
  const { verb, creates, drops, uses } = change;
  const alters = verb === 'alter' ? uses.filter(({ kind }) => kind !== 'table' && kind !== 'schema') : [];
  const place = Math.max(
    planned.findIndex(({ sql }) => sql === change.sql),
    0,
  );
  const apart = isByHand(change, byHand) ? ('by hand' as const) : undefined;
  const steps = planned.map((one, at) => ({
    ...one,
    apart: one.apart ?? apart,
    ...(at === place && { takes: drops, brings: creates }),
  }));
  const replaces = change.kind === 'replace enum' ? change.part : undefined;
  const { commitAfter } = change;
  return { steps, creates, drops, uses, alters, commitAfter, replaces, unseenByViews: unseen.has(change.kind) };
}

const unseen: ReadonlySet<Change['kind']> = new Set(['set not null', 'drop not null', 'set default', 'drop default']);

/** The table that a change is about, when rows may be in it already. */
export function existingTable(id: ObjectId, { from, to }: PlanContext): ObjectId | undefined {
  const table = id.kind === 'index' ? (to.get(id) ?? from.get(id))?.parent : relationOf(id);
  return table && from.has(table) && to.has(table) ? table : undefined;
}

export function columnId(table: ObjectId, name: string): ObjectId {
  return objectId('column', table.schema, name, table.name);
}

export function sameId(a: ObjectId, b: ObjectId): boolean {
  return keyOf(a) === keyOf(b);
}
