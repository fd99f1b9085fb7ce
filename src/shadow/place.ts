import type pg from 'pg';
import type { CatalogPool } from '../schema/read.js';

/** The location of a shadow: how to connect to it, and how to remove it. */
export interface Place {
  /** The connection options for TypeORM. */
  readonly connection: object;
  openPool(): pg.Pool;
  /** The statements that reset a session to its initial settings. */
  readonly resetSession: string;
  /** The available extensions, by their SQL names; undefined if all are available. */
  readonly onlyExtensions?: readonly string[];
  /** Reads the catalog in the thread of the database, within its open transaction, if any. */
  readonly readCatalog?: NonNullable<CatalogPool['readCatalog']>;
  remove(): Promise<void>;
}
