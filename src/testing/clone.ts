import type pg from 'pg';

/** A database that is a copy of a migrated one. */
export interface Clone {
  /** The connection options for TypeORM. */
  readonly connection: object;
  /** The address of the database, if it is on a server. */
  readonly url?: string;
  openPool(): pg.Pool;
  /** Copies the database again. Nothing may be connected to it in the meantime. */
  refill(): Promise<void>;
  remove(): Promise<void>;
}
