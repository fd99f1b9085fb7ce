import type { DataSource } from 'typeorm';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { loadInOrder } from '../files/load-in-order.js';
import { typeScriptNotLoaded } from '../files/import-file.js';
import { placeOf, reasonOf } from '../data-source/address.js';
import { checkConnection, showConnection } from '../data-source/describe.js';
import { findEntities } from '../files/entity-sources.js';
import { clientsOf, createExtensions, poolOf, withOpenedPools } from '../typeorm/driver.js';
import type { OpenedPool } from '../typeorm/driver.js';
import { whatToCorrect } from '../typeorm/not-set-up.js';
import { cancelled, pause } from './cancel.js';
import { watchReplies } from './replies.js';
import { parting, wireOf } from './wire.js';
import type { Wire } from './wire.js';
import { isServerAbsent } from './client.js';
import { encryptionOf } from './connection-config.js';
import { connectionFailed, isPasswordMissing } from './connection-error.js';
import { serverErrorBelow } from './failure.js';
import type { ConnectContext, SqlClient } from './sql-client.js';

/**
 * Connects a data source, and waits for a server that is still starting. Its options are left unchanged with two exceptions: TypeORM would
 * load every migration file, and it would synchronize, which migrations replace.
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
  await findEntities(dataSource);
  const notLoaded = await loadInOrder(options);
  const deadline = performance.now() + settings.connect.timeoutMs;
  const seen = { connected: false };
  try {
    for (let attempt = 1; !dataSource.isInitialized; attempt++) {
      if (signal.aborted) throw cancelled(signal, 'Nothing was changed.');
      try {
        await watchedInitialize(context, seen);
      } catch (error) {
        const left = deadline - performance.now();
        if (signal.aborted) throw cancelled(signal, 'Nothing was changed.');
        if (!isServerAbsent(error) || left <= 0)
          throw await failed(error, { notLoaded, ...seen, context, attempts: attempt });
        const retryInMs = Math.min(settings.connect.retryEveryMs, left);
        context.onEvent({
          type: 'connecting',
          attempt,
          reason: reasonOf(error, showConnection(dataSource)),
          retryInMs,
          leftMs: left,
        });
        await pause(retryInMs, signal);
      }
    }
  } finally {
    Object.assign(options, restore);
  }
}

/** TypeORM waits forever for a server that does not answer, and does not listen for the loss of a connection in the meantime. */
async function watchedInitialize(context: ConnectContext, seen: { connected: boolean }): Promise<void> {
  const { dataSource } = context;
  const pools: OpenedPool[] = [];
  const wires = (): readonly Wire[] => pools.flatMap(clientsOf).flatMap((client) => wireOf(client) ?? []);
  const stopWatching = watchReplies(context, {
    wires,
    to: () => `the queries of TypeORM when it connects to ${placeOf(showConnection(dataSource))}`,
  });
  const onPool = (pool: OpenedPool): void => {
    pools.push(pool);
    pool.on('connect', (client) => {
      seen.connected = true;
      client.on('error', () => undefined);
    });
  };
  try {
    await withOpenedPools(dataSource, onPool, () => dataSource.initialize());
  } finally {
    stopWatching();
  }
}

/** Closes the connections of a data source, even if they do not answer. */
export async function disconnect(dataSource: DataSource): Promise<void> {
  if (!dataSource.isInitialized) return;
  const clients = [...clientsOf(poolOf(dataSource) as OpenedPool | undefined)];
  await parting(clients, () => dataSource.destroy());
}

/**
 * Creates what TypeORM creates when it connects, but on this connection and in its transaction, which still works if an extension cannot be
 * created.
 */
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

interface Attempted {
  /** The error with which the entities were not loaded, if so. */
  readonly notLoaded: unknown;
  readonly connected: boolean;
  readonly context: ConnectContext;
  readonly attempts: number;
}

async function failed(
  error: unknown,
  { notLoaded, connected, context: { dataSource, settings }, attempts }: Attempted,
): Promise<MigrateError> {
  const named = isMigrateError(error) ? error : typeScriptNotLoaded(error);
  if (named?.code === 'FILE_LOAD_FAILED') return named;
  if (isMigrateError(notLoaded) && firstLine(notLoaded.cause) === firstLine(error)) return notLoaded;
  // TypeORM connects before it loads the entities again, and the error may say it in other words the second time.
  const isOfServer = isServerAbsent(error) || serverErrorBelow(error) !== undefined;
  if (isMigrateError(notLoaded) && connected && !isOfServer) return notLoaded;
  if (codeOf(error) !== undefined || isServerAbsent(error) || isPasswordMissing(error)) {
    const own = { dataSource, settings: { ...settings, directUrl: undefined } };
    return connectionFailed(error, { shown: showConnection(dataSource), attempts, encryption: encryptionOf(own) });
  }
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: `${whatToCorrect(error)} No migration was run.`,
    cause: error,
  });
}

/** The rest depends on which file asked for the missing module first. */
function firstLine(error: unknown): string | undefined {
  return messageOf(error).split('\n')[0];
}
