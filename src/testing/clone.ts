import type pg from 'pg';

/** A database that is a copy of a migrated one. */
export interface Clone {
  /** As TypeORM wants it. */
  readonly connection: object;
  /** Its address, where it is on a server. */
  readonly url?: string;
  openPool(): pg.Pool;
  /** Makes it once more. It must not be connected meanwhile. */
  refill(): Promise<void>;
  remove(): Promise<void>;
}
