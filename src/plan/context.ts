import type { Change } from '../schema/change.js';
import type { ObjectId } from '../schema/object-id.js';
import { keyOf, objectId, relationOf } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import type { Rename } from './renames.js';
import type { PlannedChange, Step } from './step.js';

/** The author's decisions, which no tool can make. Keys are `table.column`, with the schema in front unless it is public. */
export interface Decisions {
  /** The expression that fills a new column in existing rows. */
  readonly backfill: ReadonlyMap<string, string>;
  /** The expression that converts a value from the old type to the new one. */
  readonly using: ReadonlyMap<string, string>;
  /** The time zone of stored timestamps without time zone. */
  readonly storedTimezone: string | undefined;
  /** Columns that are renamed while the old version of the app is running. */
  readonly renames: readonly Rename[];
}

/** The input of recipes. */
export interface PlanContext {
  readonly from: Schema;
  readonly to: Schema;
  /** For the revert: the whole change. Objects that did not exist after it have lost their rows and values. */
  readonly whole?: WholeChange;
  readonly decisions: Decisions;
  /** Whether types are changed in place, so that reads and writes block while the table is rewritten. */
  readonly typesInPlace?: boolean;
  readonly targetVersion: number;
  /** Objects that this change creates although no entity describes them. */
  readonly byHand?: ByHand | undefined;
  /** The effect of changing a column's type, tried on the shadow. */
  readonly tryType: (from: ColumnType, to: ColumnType) => TypeChange;
}

export interface WholeChange {
  /** After the renames in the catalog. */
  readonly start: Schema;
  readonly end: Schema;
  readonly renames: readonly Rename[];
  /** Columns whose data another column has, which gives it back. */
  readonly bridged: readonly Rename[];
}

export type ByHand = (id: ObjectId) => boolean;

export interface ColumnType {
  readonly type: string;
  readonly expr: string | undefined;
}

/** `free`: only the catalog changes; `rewrite`: every row does; `needs-using`: PostgreSQL cannot convert by itself. */
export type TypeChange = 'free' | 'scan' | 'rewrite' | 'needs-using';

/** Turns a change into statements that do not block the app; undefined if the recipe does not apply. */
export type Recipe = (change: Change, context: PlanContext) => readonly Step[] | undefined;

/** Whether it creates only objects that no entity describes. */
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
  const isTold = planned.some(({ takes }) => takes !== undefined);
  const steps = planned.map((one, at) => ({
    ...one,
    apart: one.apart ?? apart,
    ...(at === place && { takes: isTold ? one.takes : drops, brings: creates }),
  }));
  const replaces = change.kind === 'replace enum' ? change.part : undefined;
  const { commitAfter } = change;
  return { steps, creates, drops, uses, alters, commitAfter, replaces, unseenByViews: unseen.has(change.kind) };
}

const unseen: ReadonlySet<Change['kind']> = new Set(['set not null', 'drop not null', 'set default', 'drop default']);

/** The table of a change, if it may already contain rows. */
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
