import type { DataSource } from 'typeorm';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { typeScriptNotLoaded } from '../files/import-file.js';
import { reasonOf } from '../data-source/address.js';
import { checkConnection, showConnection } from '../data-source/describe.js';
import { createExtensions } from '../typeorm/driver.js';
import { cancelled, pause } from './cancel.js';
import { connectionError, isServerAbsent } from './client.js';
import type { ConnectContext, SqlClient } from './client.js';

/**
 * Connects a data source, waiting for a server that is still starting. It is taken as it is, with two exceptions: TypeORM would
 * load every migration file that it is told of, and it would synchronize, which is what migrations are there to replace.
 */
export async function initialise(
  context: ConnectContext,
  extensions: 'created' | 'left out' = 'created',
): Promise<void> {
  const { dataSource, settings, signal } = context;
  checkConnection(dataSource);
  const options = dataSource.options as typeof dataSource.options & { readonly installExtensions?: boolean };
  const { migrations, synchronize, dropSchema, migrationsRun, installExtensions } = options;
  const restore = { migrations, synchronize, dropSchema, migrationsRun, installExtensions };
  Object.assign(options, { migrations: [], synchronize: false, dropSchema: false, migrationsRun: false });
  if (extensions === 'left out') Object.assign(options, { installExtensions: false });
  const deadline = Date.now() + settings.connect.timeoutMs;
  try {
    for (let attempt = 1; !dataSource.isInitialized; attempt++) {
      if (signal.aborted) throw cancelled(signal, 'Nothing was changed.');
      try {
        await dataSource.initialize();
      } catch (error) {
        const left = deadline - Date.now();
        if (!isServerAbsent(error) || left <= 0) throw failed(error, dataSource, attempt);
        const retryInMs = Math.min(settings.connect.retryEveryMs, left);
        context.onEvent({
          type: 'connecting',
          attempt,
          reason: reasonOf(error, showConnection(dataSource)),
          retryInMs,
        });
        await pause(retryInMs, signal);
      }
    }
  } finally {
    Object.assign(options, restore);
  }
}

/** Creates what TypeORM creates on connecting, on this connection and in its transaction, which an extension that cannot be created leaves as it was. */
export async function createExtensionsInside(dataSource: DataSource, client: SqlClient): Promise<void> {
  await createExtensions(dataSource, (sql) => inSavepoint(client, sql));
}

async function inSavepoint(client: SqlClient, sql: string): Promise<unknown> {
  await client.query('SAVEPOINT nest_migrate_extension');
  try {
    return await client.query(sql);
  } catch (error) {
    await client.query('ROLLBACK TO SAVEPOINT nest_migrate_extension');
    throw error;
  }
}

function failed(error: unknown, dataSource: DataSource, attempts: number): MigrateError {
  const notLoaded = isMigrateError(error) ? error : typeScriptNotLoaded(error);
  if (notLoaded?.code === 'FILE_LOAD_FAILED') return notLoaded;
  if (codeOf(error) !== undefined || isServerAbsent(error)) return connectionError(error, dataSource, attempts);
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: 'Correct the entities or options that it names. No migration was run.',
    cause: error,
  });
}
