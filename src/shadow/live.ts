import { DataSource } from 'typeorm';
import { causeOf, checkAddress, placeOf, reasonOf, showAddress } from '../data-source/address.js';
import type { SqlClient } from '../database/sql-client.js';
import { MigrateError } from '../errors.js';
import type { CatalogPool } from '../schema/read.js';
import { poolOf } from '../typeorm/driver.js';

/** Lends a connection to a database whose schema is only read. */
export async function withLive<T>(url: string, work: (pool: CatalogPool & SqlClient) => Promise<T>): Promise<T> {
  checkAddress(url, 'The address of the database');
  const live = new DataSource({ type: 'postgres', url, installExtensions: false, applicationName: 'nest-migrate' });
  try {
    await live.initialize();
  } catch (error) {
    const shown = showAddress(url);
    throw new MigrateError({
      code: 'CONNECTION_FAILED',
      message: `No connection to ${placeOf(shown)}: ${reasonOf(error, shown)}.`,
      next: 'Correct the address. Nothing was written.',
      cause: causeOf(error, shown),
    });
  }
  try {
    return await work(poolOf(live) as CatalogPool & SqlClient);
  } finally {
    await live.destroy();
  }
}
