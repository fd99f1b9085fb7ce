import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { untilConnected } from '../../src/database/retry.js';
import type { ConnectContext } from '../../src/database/sql-client.js';
import type { MigrateEvent } from '../../src/events.js';
import { createMigrator } from '../../src/migrator.js';
import { resolveSettings } from '../../src/options.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { startProxy } from '../support/proxy.js';
import { sample } from '../support/sample.js';
import type { Proxy } from '../support/proxy.js';

let database: TestDatabase;
let pooler: Proxy;
beforeEach(async () => {
  database = await createDatabase();
  pooler = await startProxy(database.url, { as: 'pooler', pool: 'of one' });
});
afterEach(async () => {
  await pooler.close();
  await database.drop();
});

const first = migration('First1700000000001', { up: ['SELECT 1'] });
const settings = { replyTimeout: 1200, connect: { timeout: 500, retryEvery: 100 } };

/** How an app fails, which is connected before it migrates. */
async function failureOfApp(
  migrations: readonly ReturnType<typeof migration>[],
  onEvent: (event: MigrateEvent) => void = () => undefined,
  signal?: AbortSignal,
): ReturnType<typeof failureOf> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: pooler.url,
    migrations: migrations as (new () => never)[],
  });
  await dataSource.initialize();
  const migrator = createMigrator({ dataSource, settings, onEvent, ...(signal && { signal }) });
  const error = await failureOf(migrator.run());
  await dataSource.destroy();
  return error;
}

describe('a pooler with a single connection to the server, which the lock takes', () => {
  const reason =
    /The server is running: the connection that holds the migration lock answers\. It goes through a pooler, which has no second connection/;
  const advice =
    /^Use the address of the server itself: NEST_MIGRATE_DATABASE_URL .* Or let the pooler open more connections/;

  it('is named by the error of the command', async () => {
    const run = using({ url: pooler.url, migrations: [first], settings }, (migrator) => migrator.run());
    const { code, message, next } = await failureOf(run);
    expect([code, message, next]).toEqual([
      'CONNECTION_FAILED',
      expect.stringMatching(reason),
      expect.stringMatching(advice),
    ]);
  });

  it('is named by an app whose first migrations these are, which does not wait forever', async () => {
    const { code, message, next } = await failureOfApp([first]);
    expect([code, message, next]).toEqual([
      'CONNECTION_FAILED',
      expect.stringMatching(reason),
      expect.stringMatching(advice),
    ]);
  });

  it.each(sample([true, false], 2))(
    'is named by an app that has migrated before (transaction: %s)',
    async (transaction) => {
      await using({ url: database.url, migrations: [first] }, (migrator) => migrator.run());
      const second = migration('Second1700000000002', { transaction, up: ['SELECT 1'] });
      const { code, message, next } = await failureOfApp([first, second]);
      expect([code, message, next]).toEqual([
        'MIGRATION_FAILED',
        expect.stringMatching(reason),
        expect.stringMatching(advice),
      ]);
      expect(message).toContain(
        transaction ? 'nothing of this migration remains' : 'None of its statements was executed',
      );
    },
  );

  it.each([true, false])('a signal in the meantime: nothing was executed (transaction: %s)', async (transaction) => {
    await using({ url: database.url, migrations: [first] }, (migrator) => migrator.run());
    const second = migration('Second1700000000002', { transaction, up: ['SELECT 1'] });
    const controller = new AbortController();
    const onEvent = ({ type }: MigrateEvent): void => {
      if (type === 'waiting-for-reply') controller.abort('SIGTERM');
    };
    const { code, message } = await failureOfApp([first, second], onEvent, controller.signal);
    expect(code).toBe('CANCELLED');
    expect(message).toMatch(transaction ? /nothing of this migration remains/ : /None of its statements was executed/);
    expect(message).not.toContain('applied');
  });
});

describe('what is said of the database if a connection was lost', () => {
  const lose = (events: readonly MigrateEvent['type'][], signal = new AbortController().signal) =>
    failureOf(
      untilConnected<ConnectContext, never>(
        {
          dataSource: new DataSource({ type: 'postgres', url: database.url }),
          settings: resolveSettings({ connect: { timeout: 100 } }),
          onEvent: () => undefined,
          signal,
        },
        ({ onEvent }) => {
          for (const type of events) onEvent({ type, migration: 'One1700000000001' } as MigrateEvent);
          throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
        },
      ),
    );

  it('names the migration that was started and not finished', async () => {
    const unknown = 'It is not known whether the server has executed anything of One1700000000001.';
    expect((await lose(['migration-started'])).message).toContain(unknown);
    expect((await lose(['migration-started'], AbortSignal.abort('SIGTERM'))).message).toBe(
      `Stopped by SIGTERM. ${unknown}`,
    );
    const { message } = await lose(['migration-started', 'migration-finished']);
    expect(message).toContain('The ones reported as applied or reverted had been committed.');
  });
});
