import type pg from 'pg';

/** Where a throwaway database is: how it is connected to, and how it is removed. */
export interface Place {
  /** As TypeORM wants it. */
  readonly connection: object;
  openPool(): pg.Pool;
  /** The only extensions that it has, by their names in SQL; unless it has all that can be had. */
  readonly onlyExtensions?: readonly string[];
  remove(): Promise<void>;
}
