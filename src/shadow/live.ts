import { DataSource } from 'typeorm';
import { causeOf, placeOf, reasonOf, showAddress } from '../data-source/address.js';
import { connectionFromUrl } from '../data-source/url.js';
import type { SqlClient } from '../database/sql-client.js';
import { MigrateError } from '../errors.js';
import type { CatalogPool } from '../schema/read.js';
import { poolOf } from '../typeorm/driver.js';

/** Provides a connection for reading the schema of a database. */
export async function withLive<T>(url: string, work: (pool: CatalogPool & SqlClient) => Promise<T>): Promise<T> {
  const live = new DataSource({
    type: 'postgres',
    ...connectionFromUrl(url, 'The address of the database'),
    installExtensions: false,
    applicationName: 'nest-migrate',
  });
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
