import { DataSource } from 'typeorm';
import { withoutPassword } from '../data-source/describe.js';
import type { SqlClient } from '../database/client.js';
import { messageOf, MigrateError } from '../errors.js';
import type { CatalogPool } from '../schema/read.js';

/** Lends a connection to a database whose schema is only read. */
export async function withLive<T>(url: string, work: (pool: CatalogPool & SqlClient) => Promise<T>): Promise<T> {
  const live = new DataSource({ type: 'postgres', url, installExtensions: false, applicationName: 'nest-migrate' });
  try {
    await live.initialize();
  } catch (error) {
    throw new MigrateError({
      code: 'CONNECTION_FAILED',
      message: `No connection to ${withoutPassword(url)}: ${withoutPassword(messageOf(error))}.`,
      next: 'Correct the address. Nothing was written.',
      cause: error,
    });
  }
  try {
    return await work((live.driver as unknown as { readonly master: CatalogPool & SqlClient }).master);
  } finally {
    await live.destroy();
  }
}
