import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Repository } from 'typeorm';
import { defineDataSource, migrated, MigrationsModule, MigrationsService } from '../../src/index.js';
import { createTestDatabase, overrideDataSource } from '../../src/testing/index.js';
import type { TestDatabase } from '../../src/testing/index.js';
import { asOption, createUsers, EagerService, User, UsersModule } from '../nest/apps.js';
import { serverUrl } from '../support/database.js';
import { createProject } from '../support/project.js';
import { failureOf } from '../support/migrations.js';

const nowhere = { type: 'postgres', url: 'postgres://a:b@127.0.0.1:1/not_to_be_touched' } as const;
const options = { ...nowhere, migrations: asOption([createUsers]) };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** None of them names its entities: those of forFeature are added. */
const imports: Readonly<Record<string, () => DynamicModule[]>> = {
  'MigrationsModule with a data source': () => [MigrationsModule.forRoot({ dataSource: new DataSource(options) })],
  'MigrationsModule beside TypeOrmModule.forRoot': () => [
    TypeOrmModule.forRoot({ ...options, autoLoadEntities: true }),
    MigrationsModule.forRoot(),
  ],
  'migrated()': () => [
    TypeOrmModule.forRootAsync(migrated({ useFactory: () => ({ ...options, autoLoadEntities: true }) })),
  ],
  'TypeOrmModule alone': () => [TypeOrmModule.forRoot({ ...options, autoLoadEntities: true })],
};

@Injectable()
class Subscriber {
  constructor(dataSource: DataSource) {
    dataSource.subscribers.push(this);
  }
}

function moduleOf(imported: readonly (DynamicModule | Type)[]): Type {
  @Module({ imports: [...imported], providers: [Subscriber] })
  class AppModule {}
  return AppModule;
}

async function database(): Promise<TestDatabase> {
  const opened = await createTestDatabase(options, { server: serverUrl() });
  closing.push(() => opened.close());
  return opened;
}

it('loads entities as the project loads them, as under Vitest', async () => {
  const project = createProject({ 'user.entity.ts': 'what only the project can read' });
  const load = async (file: string): Promise<unknown> => (file.includes('user.entity') ? { User } : import(file));
  const [entities, migrations] = [['*.entity.ts'], options.migrations];
  const dataSource = defineDataSource({ baseDir: project.dir, import: load, url: nowhere.url, entities, migrations });
  const opened = await createTestDatabase(dataSource, { server: serverUrl() });
  expect(await opened.dataSource.getRepository(User).find()).toEqual([{ id: 1, name: 'Ada' }]);
  await opened.close();
  project.remove();
});

describe('overrideDataSource', () => {
  it.each(Object.keys(imports))('gives the test database to apps, one after the other: %s', async (how) => {
    const opened = await database();
    const AppModule = moduleOf([...(imports[how]?.() ?? []), UsersModule]);
    const boot = async (): Promise<TestingModule> => {
      const app = await overrideDataSource(Test.createTestingModule({ imports: [AppModule] }), opened).compile();
      return app.init();
    };
    for (const _time of ['first', 'second']) {
      const app = await boot();
      const users = app.get<Repository<User>>(getRepositoryToken(User));
      expect([app.get(EagerService).initialised, await users.find()]).toEqual([1, [{ id: 1, name: 'Ada' }]]);
      expect([app.get(DataSource), app.get(DataSource).subscribers.length]).toEqual([opened.dataSource, 1]);
      if (how.startsWith('Migrations')) expect(await app.get(MigrationsService).pending()).toEqual([]);
      await users.insert({ id: 2, name: 'Bo' });
      await app.close();
      await opened.reset();
    }
  });

  it('replaces data sources by name, and reports an unknown name', async () => {
    const [main, reports] = [await database(), await database()];
    const both = (): Type =>
      moduleOf([
        MigrationsModule.forRoot({ dataSource: new DataSource(options) }),
        MigrationsModule.forRoot({ name: 'reports', dataSource: new DataSource(options) }),
        TypeOrmModule.forFeature([User], 'reports'),
      ]);
    const builder = overrideDataSource(Test.createTestingModule({ imports: [both()] }), main);
    const app = await overrideDataSource(builder, reports, 'reports').compile();
    closing.push(() => app.close());
    expect(app.get(getDataSourceToken('reports'))).toBe(reports.dataSource);
    expect(await app.get<Repository<User>>(getRepositoryToken(User, 'reports')).count()).toBe(1);
    expect(main.dataSource.hasMetadata(User)).toBe(false);
    const wrong = overrideDataSource(Test.createTestingModule({ imports: [Subscriberless] }), main, 'billing');
    const error = await failureOf(wrong.compile());
    expect([error.code, error.message]).toEqual([
      'OPTIONS_INVALID',
      expect.stringContaining('no data source "billing"'),
    ]);
  });
});

@Module({})
class Subscriberless {}
