import type { ObjectId } from '../schema/object-id.js';

/** What a step does to rows, of which an empty table shows nothing: PL/pgSQL reads its statements when they are executed. */
export interface OnRows {
  readonly table: ObjectId;
  /** The function of a trigger; undefined of a backfill. */
  readonly routine?: string;
  /** The column that a backfill or a trigger fills. */
  readonly column?: string;
  /** The expression with which a trigger fills it, as the author has given it. */
  readonly fills?: string;
  /** Of a backfill. */
  readonly update?: string;
  /** Two columns that a trigger keeps the same. */
  readonly pair?: readonly [old: string, now: string];
}
