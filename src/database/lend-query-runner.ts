import type { QueryRunner } from 'typeorm';
import { putOwn } from '../typeorm/own-methods.js';
import { runOn } from '../typeorm/query-runner.js';
import { abortable } from './cancel.js';
import { close, connect, watchOwnQueries } from './client.js';
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

/** The same for our own queries, described by `what`: without a reply, they are given up, as on other connections. */
export async function lendWatched<T>(
  context: ConnectContext,
  what: string,
  work: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  return lendQueryRunner(context, async (queryRunner) => {
    let stop: (() => void) | undefined;
    const open = queryRunner.connect.bind(queryRunner) as () => Promise<OwnClient>;
    // It is connected only if there is something to query.
    const putBack = putOwn(queryRunner, {
      connect: async () => {
        const client = await abortable(context.signal, open, 'It was waiting for a connection.');
        stop ??= watchOwnQueries(client, context, what);
        return client;
      },
    });
    try {
      return await work(queryRunner);
    } finally {
      putBack();
      stop?.();
    }
  });
}
