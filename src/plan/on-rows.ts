import type { ObjectId } from '../schema/object-id.js';

/** How a step affects rows. An empty table would not show it, because PL/pgSQL parses statements only when it executes them. */
export interface OnRows {
  readonly table: ObjectId;
  /** The function of a trigger; undefined for a backfill. */
  readonly routine?: string;
  /** The column that a backfill or a trigger fills. */
  readonly column?: string;
  /** The column whose values it converts into those of `column`. */
  readonly source?: string;
  /** The author's expression with which a trigger fills it. */
  readonly fills?: string;
  /** Of a backfill. */
  readonly update?: string;
  /** Two columns that a trigger keeps equal. */
  readonly pair?: readonly [old: string, now: string];
}
