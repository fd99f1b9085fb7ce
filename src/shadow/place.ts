import type pg from 'pg';

/** Where a throwaway database is: how it is connected to, and how it is removed. */
export interface Place {
  /** As TypeORM wants it. */
  readonly connection: object;
  openPool(): pg.Pool;
  remove(): Promise<void>;
}
