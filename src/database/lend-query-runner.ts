import type { QueryRunner } from 'typeorm';
import { putOwn } from '../typeorm/own-methods.js';
import { runOn } from '../typeorm/query-runner.js';
import { close, connect } from './client.js';
import type { ConnectContext, OwnClient } from './sql-client.js';

/**
 * Provides a query runner of the data source. With the setting `directUrl`, it uses a separate connection, which is opened when it is
 * needed.
 */
export async function lendQueryRunner<T>(
  context: ConnectContext,
  work: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  const queryRunner = context.dataSource.createQueryRunner();
  let opened: Promise<OwnClient> | undefined;
  const open = async (): Promise<OwnClient> => {
    const { client, stopWatching } = await connect(context, '');
    // From here on, the connection is watched as that of a migration, whose statements may take long.
    stopWatching();
    return client;
  };
  if (context.settings.directUrl !== undefined) runOn(queryRunner, () => (opened ??= open()));
  // A migration that releases it only says that it is done: its transaction is still open, and nothing else may get its connection.
  const releasable = putOwn(queryRunner, { release: () => Promise.resolve() });
  try {
    return await work(queryRunner);
  } finally {
    releasable();
    await queryRunner.release().catch(() => undefined);
    await opened?.then(close, () => undefined);
  }
}
