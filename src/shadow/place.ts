import type pg from 'pg';
import type { CatalogPool } from '../schema/read.js';

/** Where a throwaway database is: how it is connected to, and how it is removed. */
export interface Place {
  /** As TypeORM wants it. */
  readonly connection: object;
  openPool(): pg.Pool;
  /** The statements that set a session back to what it began with. */
  readonly resetSession: string;
  /** The only extensions that it has, by their names in SQL; unless it has all that can be had. */
  readonly onlyExtensions?: readonly string[];
  /** Where the catalog can be read beside the database; inside the transaction that is open there, if there is one. */
  readonly readCatalog?: NonNullable<CatalogPool['readCatalog']>;
  remove(): Promise<void>;
}
