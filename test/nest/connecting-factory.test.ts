import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { DataSourceOptions } from 'typeorm';
import { migrated, MigrationsModule } from '../../src/index.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf } from '../support/migrations.js';
import { Apps, asOption, createUsers, EagerService, sourceFor, User, UsersModule } from './apps.js';

/** Many apps create and connect the data source in their own factory: `new DataSource(options).initialize()`. */
let database: TestDatabase;
let apps: Apps;
beforeEach(async () => {
  database = await createDatabase();
  apps = new Apps();
});
afterEach(async () => {
  await apps.close();
  await database.drop();
});

type Factory = (options?: DataSourceOptions) => Promise<DataSource>;
const connecting: Factory = (options) => new DataSource(options as DataSourceOptions).initialize();
const typeOrm = (more: object = {}, dataSourceFactory: Factory = connecting, options: object = {}) =>
  TypeOrmModule.forRootAsync(
    migrated(
      {
        useFactory: () => ({
          type: 'postgres' as const,
          url: database.url,
          entities: [User],
          migrations: asOption([createUsers]),
          ...more,
        }),
        dataSourceFactory,
      },
      options,
    ),
  );

it('is waited for like any other server that is still starting', async () => {
  const connect = { timeout: 500, retryEvery: 100 };
  const absent = { url: 'postgres://a:b@127.0.0.1:1/x' };
  const error = await failureOf(apps.boot(typeOrm(absent, connecting, { connect })));
  expect([error.code, error.stack]).toEqual([
    'CONNECTION_FAILED',
    expect.stringMatching(/^MigrateError: No connection/),
  ]);
  expect(apps.log).toContainEqual(expect.stringMatching(/^No connection yet/));
  const own = { dataSource: () => sourceFor(absent.url).initialize(), connect };
  expect((await failureOf(apps.boot(MigrationsModule.forRoot(own)))).code).toBe('CONNECTION_FAILED');
});

it.each(['synchronize', 'dropSchema', 'migrationsRun'])('does not apply %s before it is refused', async (option) => {
  await database.query('CREATE TABLE kept (id int)');
  const error = await failureOf(apps.boot(typeOrm({ [option]: true })));
  expect(error.code).toBe('SYNCHRONIZE_ON');
  const tables = await database.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace`);
  expect(tables).toEqual([{ relname: 'kept' }]);
});

it('may use the connection, and leaves other data sources alone', async () => {
  const others: DataSource[] = [];
  const other = async (): Promise<void> => void others.push(await sourceFor(database.url).initialize());
  let begin = (): void => undefined;
  const elsewhere = new Promise<void>((resolve) => (begin = resolve)).then(other);
  const factory: Factory = async (options) => {
    begin();
    await elsewhere;
    const dataSource = await connecting(options);
    await dataSource.query('CREATE TABLE by_factory (id int)');
    return dataSource;
  };
  const app = await apps.boot(UsersModule, typeOrm({}, factory));
  expect(app.get(EagerService).initialised).toBe(1);
  await other();
  // TypeORM loads the migrations of a data source that it connects by itself.
  expect(others.map(({ migrations }) => migrations.length)).toEqual([1, 1]);
  for (const one of others) await one.destroy();
});
