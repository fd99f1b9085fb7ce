import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { getDataSourceToken, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import type { TypeOrmModuleAsyncOptions } from '@nestjs/typeorm';
import { DataSource, EntitySchema, Repository } from 'typeorm';
import {
  getMigrationsToken,
  InjectMigrations,
  migrated,
  MigrationsHealthIndicator,
  MigrationsModule,
  MigrationsService,
} from '../../src/index.js';
import type { MigrateEvent } from '../../src/index.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { runNode } from '../support/cli.js';
import { createDatabase, serverLog, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { addAge, Apps, asOption, createUsers, EagerService, sourceFor, User, UsersModule } from './apps.js';

let database: TestDatabase;
let apps: Apps;
beforeEach(async () => {
  database = await createDatabase();
  apps = new Apps();
});
afterEach(async () => {
  await apps.close();
  delete process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
  await database.drop();
});

const source = (migrations?: readonly MigrationClass[], more?: object): DataSource =>
  sourceFor(database.url, migrations, more);
const applied = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

describe('MigrationsModule.forRoot with a data source', () => {
  it("follows the entities with onBootstrap: 'dev', and is refused in production", async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-module-'));
    const dataSource = (): DataSource => source([], { migrations: [join(dir, '*.{ts,js,sql}')] });
    const options = { onBootstrap: 'dev', dir, shadow: serverUrl() } as const;
    try {
      await apps.boot(MigrationsModule.forRoot({ dataSource: dataSource(), ...options }), UsersModule);
      expect(apps.log).toContainEqual(expect.stringMatching(/^The database matches the entities; written: /));
      const [{ found } = {}] = await database.query(`SELECT count(name) AS found FROM users`);
      expect(found).toBe('0');
      expect(await applied()).toEqual([expect.stringMatching(/^Init\d{13}$/)]);
      await database.query(`INSERT INTO users VALUES (1, 'Ada')`);
      const renamed = new EntitySchema({
        name: 'users',
        columns: { id: { type: 'int', primary: true }, label: { type: 'text' } },
      });
      const other = source([], { migrations: [join(dir, '*.{ts,js,sql}')], entities: [renamed] });
      const asked = await failureOf(apps.boot(MigrationsModule.forRoot({ dataSource: other, ...options })));
      expect(asked.next).toMatch(/^Answer with the command npx nest-migrate dev, then start the app again\.\n[^]*--\w/);
      process.env['NODE_ENV'] = 'production';
      const refused = await failureOf(apps.boot(MigrationsModule.forRoot({ dataSource: dataSource(), ...options })));
      expect(refused).toMatchObject({ code: 'NOT_CONFIRMED', message: expect.stringContaining('production') });
    } finally {
      process.env['NODE_ENV'] = 'test';
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it.each(['before', 'after'])('refuses a second connection of the same name, imported %s it', async (order) => {
    @Module({ imports: [TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres', url: database.url }) })] })
    class DatabaseModule {}
    const own = MigrationsModule.forRoot({ dataSource: source([createUsers]) });
    const error = await failureOf(apps.boot(...(order === 'before' ? [own, DatabaseModule] : [DatabaseModule, own])));
    expect([error.code, error.message]).toEqual([
      'OPTIONS_INVALID',
      'The app has two connections named "default": that of MigrationsModule, and one of TypeOrmModule.forRoot. The database was not touched.',
    ]);
    expect(error.next).toContain('MigrationsModule.forRoot() without dataSource');
    expect(await database.query(`SELECT to_regclass('migrations') AS ledger`)).toEqual([{ ledger: null }]);
    // Of another name, it is one more.
    const other = TypeOrmModule.forRoot({ type: 'postgres', url: database.url, name: 'other' });
    await apps.boot(MigrationsModule.forRoot({ dataSource: source([createUsers]) }), other);
  });

  it.each(['before', 'after'])('migrates before anything sees the database, imported %s the feature', async (order) => {
    const migrations = MigrationsModule.forRoot({ dataSource: source() });
    const app = await (order === 'before' ? apps.boot(migrations, UsersModule) : apps.boot(UsersModule, migrations));
    const service = app.get(EagerService);
    expect([await service.seen, service.initialised]).toEqual([1, 1]);
    expect(apps.log).toEqual(
      expect.arrayContaining([
        'Applying CreateUsers1700000000001 (1 of 1)',
        expect.stringMatching(/^Applied CreateUsers1700000000001 in \d+ ms$/),
      ]),
    );
  });

  it.each(['a function', 'a promise'])('accepts the data source from %s too', async (how) => {
    const dataSource = how === 'a promise' ? Promise.resolve(source()) : () => source();
    const app = await apps.boot(MigrationsModule.forRoot({ dataSource }), UsersModule);
    expect(app.get(EagerService).initialised).toBe(1);
  });

  it('adds the entities of forFeature to those of the data source', async () => {
    const dataSource = source([createUsers], { entities: [User] });
    await apps.boot(MigrationsModule.forRoot({ dataSource }), UsersModule);
    expect(dataSource.entityMetadatas.map(({ name }) => name)).toEqual(['User']);
  });

  it('is not serialized with its data source: Nest 10 identifies modules by what they contain', async () => {
    const dataSource = source();
    let reads = 0;
    // Serializing the data source would read it.
    Object.defineProperty(dataSource, 'probe', { enumerable: true, get: () => ++reads });
    const modules = { imports: [MigrationsModule.forRoot({ dataSource, onBootstrap: 'off' })] };
    const app = await Test.createTestingModule(modules, { moduleIdGeneratorAlgorithm: 'deep-hash' }).compile();
    await app.close();
    expect(reads).toBe(0);
    expect(Object.values(dataSource)).toContain(1);
  });

  it('waits for a server that is still starting', async () => {
    const late = new DataSource({ type: 'postgres', url: 'postgres://a:b@127.0.0.1:1/x', migrations: [] });
    const attempts: MigrateEvent[] = [];
    const onEvent = (event: MigrateEvent): void => void attempts.push(event);
    const options = { dataSource: late, connect: { timeout: 500, retryEvery: 100 }, onEvent };
    const error = await failureOf(apps.boot(MigrationsModule.forRoot(options)));
    expect([error.code, error.next]).toEqual([
      'CONNECTION_FAILED',
      expect.stringContaining("in an app, the setting connect: { timeout: '2min' }"),
    ]);
    expect(attempts.length).toBeGreaterThan(2);
    // The same line every second says nothing new.
    expect(apps.log.filter((line) => line.startsWith('No connection yet'))).toHaveLength(1);
    expect(apps.log.join()).not.toContain('Unable to connect');
  });

  it('does not load an applied migration file, and shows the option afterwards', async () => {
    await apps.boot(MigrationsModule.forRoot({ dataSource: source() }));
    const app = await apps.boot(MigrationsModule.forRoot({ dataSource: source() }));
    expect(app.get(DataSource).migrations).toEqual([]);
    expect(app.get(DataSource).options.migrations).toHaveLength(1);
  });

  it('costs one query if nothing is pending', async () => {
    await apps.boot(MigrationsModule.forRoot({ dataSource: source() }));
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const statementsOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
      const before = statements(database).length;
      await work();
      await sleep(50);
      return statements(database).slice(before);
    };
    const all = await statementsOf(() => apps.boot(MigrationsModule.forRoot({ dataSource: source() })));
    // Everything else is what TypeORM asks by itself when it connects.
    const plain = await statementsOf(async () => (await source([]).initialize()).destroy());
    expect(plain.length).toBeGreaterThan(0);
    expect(all).toHaveLength(plain.length + 1);
    expect(all.filter((line) => line.includes('migrations'))).toHaveLength(1);
  });

  it('serves two apps, one after the other, on the same data source', async () => {
    const dataSource = source();
    await apps.boot(MigrationsModule.forRoot({ dataSource }), UsersModule);
    await apps.close();
    expect(dataSource.isInitialized).toBe(false);
    const second = await apps.boot(MigrationsModule.forRoot({ dataSource }), UsersModule);
    expect(second.get(EagerService).initialised).toBe(1);
  });

  it('refuses a database other than PostgreSQL at once', async () => {
    const dataSource = source();
    Object.assign(dataSource, { options: { ...dataSource.options, type: 'mysql' } });
    const error = await failureOf(apps.boot(MigrationsModule.forRoot({ dataSource }), UsersModule));
    expect([error.code, error.message]).toEqual([
      'DATA_SOURCE_INVALID',
      'The data source connects to mysql. Nothing was changed.',
    ]);
    expect(dataSource.isInitialized).toBe(false);
  });

  it.each(['synchronize', 'dropSchema', 'migrationsRun'])('refuses %s: true with the reason', async (option) => {
    const dataSource = source([createUsers], { [option]: true });
    const error = await failureOf(apps.boot(MigrationsModule.forRoot({ dataSource })));
    expect(error.code).toBe('SYNCHRONIZE_ON');
    expect(error.message).toContain(`${option}: true. With it, TypeORM would`);
    expect(dataSource.isInitialized).toBe(false);
  });

  it('fails at once if a migration fails, and reports the error', async () => {
    const broken = migration('Broken1700000000003', { up: ['SELECT 1/0'] });
    const dataSource = source([createUsers, broken]);
    const error = await failureOf(apps.boot(MigrationsModule.forRoot({ dataSource })));
    expect(error.message).toContain('Migration Broken1700000000003 failed at its statement 1: division by zero');
    expect(error.stack).toMatch(
      /^MigrateError: .*\n[\s\S]*Finished before it, and kept: CreateUsers1700000000001\.\n→ Correct the migration/,
    );
    // What Node prints for an uncaught error.
    expect(inspect(error)).toBe(error.stack);
    expect(dataSource.isInitialized).toBe(false);
    expect(apps.log.join()).not.toContain('Retrying');
  });

  it('can restrict MigrationsService to the modules that import it', async () => {
    @Injectable()
    class Elsewhere {
      constructor(readonly migrations: MigrationsService) {}
    }
    @Module({ providers: [Elsewhere] })
    class ElsewhereModule {}
    const error = await failureOf(
      apps.boot(MigrationsModule.forRoot({ dataSource: source(), isGlobal: false }), ElsewhereModule),
    );
    expect(error.message).toContain('MigrationsService');
    const app = await apps.boot(MigrationsModule.forRoot({ dataSource: source() }), ElsewhereModule);
    expect(app.get(Elsewhere).migrations).toBe(app.get(MigrationsService));
  });
});

describe('onBootstrap', () => {
  const boot = (options: object, migrations?: readonly MigrationClass[]) =>
    apps.boot(MigrationsModule.forRoot({ dataSource: source(migrations), ...options }));

  it("'run' runs up to `to`", async () => {
    await boot({ to: 'CreateUsers' }, [createUsers, addAge]);
    expect(await applied()).toEqual(['CreateUsers1700000000001']);
  });

  it("'check' refuses to start while a migration is pending", async () => {
    const error = await failureOf(boot({ onBootstrap: 'check' }));
    expect([error.code, error.message]).toEqual([
      'MIGRATIONS_PENDING',
      expect.stringContaining('CreateUsers1700000000001'),
    ]);
    expect(error.next).toContain('npx nest-migrate run');
    await boot({});
    await boot({ onBootstrap: 'check' });
  });

  it.each(['run', 'check', 'wait'])(
    "'%s' refuses to start if no migration is found and none is applied: a bundle has left them out",
    async (onBootstrap) => {
      const folder = mkdtempSync(join(tmpdir(), 'nest-migrate-bundle-'));
      const pattern = join(folder, 'migrations/*.js');
      const start = (more: object = {}) => boot({ onBootstrap, ...more }, [pattern] as never);
      try {
        const error = await failureOf(start());
        expect([error.code, error.exitCode]).toEqual(['MIGRATIONS_NOT_FOUND', 2]);
        expect(error.message).toContain(`${pattern} (in ${join(folder, 'migrations')})`);
        // Files that are not matched are a mistake; a folder without any is that of a project that has no migrations yet.
        mkdirSync(join(folder, 'migrations'));
        writeFileSync(join(folder, 'migrations/1700000000001-CreateUsers.cjs'), '');
        expect((await failureOf(start())).code).toBe('MIGRATIONS_NOT_FOUND');
        await start({ noMigrations: 'warn' });
        rmSync(join(folder, 'migrations/1700000000001-CreateUsers.cjs'));
        await start();
        // Whatever made the schema, it was made.
        rmSync(join(folder, 'migrations'), { recursive: true });
        await boot({}, [createUsers]);
        await start();
        expect(apps.log).toContain(`No migration matches ${pattern} (looked in ${join(folder, 'migrations')}).`);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  it('starts without deferred contract migrations, and reports them', async () => {
    const dropName = migration('DropName1700000000003', { phase: 'contract', up: ['ALTER TABLE users DROP name'] });
    const [old, version] = [[createUsers], [createUsers, addAge, dropName]];
    const contract = 'next-deploy';
    await boot({ contract }, old);
    expect((await failureOf(boot({ onBootstrap: 'check', contract }, version))).message).toContain('AddAge');
    // A target for every boot is no word that the old version is gone.
    const app = await boot({ contract, to: 'DropName' }, version);
    expect(await applied()).toEqual(['CreateUsers1700000000001', 'AddAge1700000000002']);
    expect(apps.log).toContain('DropName1700000000003 is deferred: it waits for the next deploy');
    const { migrations } = await app.get(MigrationsHealthIndicator).isHealthy();
    expect(migrations).toMatchObject({ status: 'up', pending: 0 });
    // Whatever these processes are set to: the one that migrates has decided.
    await boot({ onBootstrap: 'check' }, version);
    await boot({ onBootstrap: 'wait', waitTimeout: '5s' }, version);
    expect(await applied()).toHaveLength(2);
  });

  it("'wait' waits until another process has migrated", async () => {
    const dataSource = source();
    const waiting = apps.boot(
      MigrationsModule.forRoot({ dataSource, onBootstrap: 'wait', waitTimeout: '10s' }),
      UsersModule,
    );
    await sleep(1200);
    await using({ url: database.url, migrations: [createUsers] }, (migrator) => migrator.run());
    expect((await waiting).get(EagerService).initialised).toBe(1);
    // Not with every poll.
    expect(apps.log.filter((line) => line.includes('pending'))).toEqual([
      'CreateUsers1700000000001 is pending: waiting until another process has applied it',
    ]);
    const error = await failureOf(boot({ onBootstrap: 'wait', waitTimeout: 200 }, [createUsers, addAge]));
    expect([error.code, await applied()]).toEqual(['WAIT_TIMEOUT', ['CreateUsers1700000000001']]);
    expect(error.next).toContain("in an app: waitTimeout: '10min'");
    expect((await failureOf(boot({ onBootstrap: 'wait', waitTimeout: 'soon' }))).code).toBe('OPTIONS_INVALID');
  });

  it("'revert' reverts to `to`, and requires it", async () => {
    await boot({}, [createUsers, addAge]);
    await boot({ onBootstrap: 'revert', to: 'CreateUsers' }, [createUsers, addAge]);
    expect(await applied()).toEqual(['CreateUsers1700000000001']);
    expect((await failureOf(boot({ onBootstrap: 'revert' }))).code).toBe('OPTIONS_INVALID');
  });

  it("'off' does nothing, and the environment overrides", async () => {
    process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'off';
    const app = await boot({ onBootstrap: 'run' });
    const pending = [{ name: 'CreateUsers1700000000001', timestamp: 1700000000001, phase: 'expand' }];
    expect(await app.get(MigrationsService).pending()).toEqual(pending);
    process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'sometimes';
    const error = await failureOf(boot({}));
    expect(error.code).toBe('OPTIONS_INVALID');
    expect(error.message).toContain('NEST_MIGRATE_ON_BOOTSTRAP must be one of');
    expect((await failureOf(boot({ onBootstrap: 'nie' }))).message).not.toContain('nie');
    process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = '';
    expect((await failureOf(boot({ onBootstrap: 'nie' }))).message).toContain('onBootstrap must be one of');
  });

  it('unknown settings are reported', async () => {
    expect((await failureOf(boot({ lockTimeOut: 1 }))).message).toContain('unknown setting "lockTimeOut"');
  });
});

describe('other ways to set it up', () => {
  it('forRootAsync accepts the ConfigService', async () => {
    const app = await apps.boot(
      ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [() => ({ MODE: 'run' })] }),
      MigrationsModule.forRootAsync({
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({
          dataSource: () => Promise.resolve(source()),
          onBootstrap: config.getOrThrow<'run'>('MODE'),
        }),
      }),
      UsersModule,
    );
    expect(app.get(EagerService).initialised).toBe(1);
  });

  it('forRootAsync accepts a class, new or existing', async () => {
    const dataSource = source();
    class Options {
      createMigrationsOptions(): { dataSource: DataSource } {
        return { dataSource };
      }
    }
    @Module({ providers: [Options], exports: [Options] })
    class OptionsModule {}
    await apps.boot(MigrationsModule.forRootAsync({ useClass: Options }), UsersModule);
    expect(await applied()).toEqual(['CreateUsers1700000000001']);
    await apps.close();
    await apps.boot(MigrationsModule.forRootAsync({ imports: [OptionsModule], useExisting: Options }), UsersModule);
    expect(dataSource.isInitialized).toBe(true);
    // @ts-expect-error: a JavaScript app may say nothing at all.
    expect(() => MigrationsModule.forRootAsync({})).toThrow('needs one of useFactory');
  });

  it('a missing or duplicate connection is reported', async () => {
    const nothing = await failureOf(apps.boot(MigrationsModule.forRoot({})));
    expect(nothing.message).toContain('the app has no TypeORM connection');
    const asked = await failureOf(apps.boot(MigrationsModule.forRootAsync({ useFactory: () => ({}) })));
    expect(asked.message).toContain('without a dataSource');
    const twice = await failureOf(
      apps.boot(
        MigrationsModule.forRoot({ dataSource: source() }),
        MigrationsModule.forRootAsync({ existingConnection: true, useFactory: () => ({ dataSource: source() }) }),
      ),
    );
    expect(twice.message).toContain('existingConnection');
  });

  const typeOrmOptions = () => ({
    type: 'postgres' as const,
    url: database.url,
    autoLoadEntities: true,
    migrations: asOption([createUsers]),
  });

  it.each(['before', 'after'])(
    'joins an existing TypeOrmModule, before any onModuleInit, imported %s it',
    async (order) => {
      const typeOrm = TypeOrmModule.forRoot(typeOrmOptions());
      const modules =
        order === 'before' ? [MigrationsModule.forRoot(), typeOrm] : [typeOrm, MigrationsModule.forRoot()];
      const app = await apps.boot(UsersModule, ...modules);
      expect(await applied()).toEqual(['CreateUsers1700000000001']);
      expect(app.get(EagerService).initialised).toBe(1);
      expect((await app.get(MigrationsService).status()).pending).toEqual([]);
    },
  );

  it('joins a named connection', async () => {
    const app = await apps.boot(
      TypeOrmModule.forRoot({ ...typeOrmOptions(), name: 'second' }),
      MigrationsModule.forRoot({ name: 'second' }),
    );
    const service = app.get<MigrationsService>(getMigrationsToken('second'));
    expect((await service.status()).applied).toHaveLength(1);
  });

  class TypeOrmOptions {
    createTypeOrmOptions() {
      return typeOrmOptions();
    }
  }
  @Module({ providers: [TypeOrmOptions], exports: [TypeOrmOptions] })
  class TypeOrmOptionsModule {}
  const typeOrms: readonly (readonly [string, TypeOrmModuleAsyncOptions])[] = [
    ['a factory', { inject: ['ONE'], extraProviders: [{ provide: 'ONE', useValue: 1 }], useFactory: typeOrmOptions }],
    ['a class', { useClass: TypeOrmOptions }],
    ['an existing class', { imports: [TypeOrmOptionsModule], useExisting: TypeOrmOptions }],
    ['a name', { name: 'second', useFactory: typeOrmOptions }],
    [
      'a factory of the data source',
      {
        useFactory: typeOrmOptions,
        dataSourceFactory: (options) =>
          Promise.resolve(new DataSource({ ...typeOrmOptions(), ...options, entities: [User] })),
      },
    ],
  ];

  it.each(typeOrms)('migrated() migrates inside the TypeOrmModule of the app, given %s', async (_what, typeOrm) => {
    const { name = 'default' } = typeOrm;
    const app = await apps.boot(
      ...(name === 'default' ? [UsersModule] : []),
      TypeOrmModule.forRootAsync(migrated(typeOrm)),
      MigrationsModule.forRoot({ name, onBootstrap: 'off' }),
    );
    const dataSource = app.get<DataSource>(getDataSourceToken(name));
    expect(await dataSource.query('SELECT name FROM users')).toEqual([{ name: 'Ada' }]);
    if (name === 'default') expect(await app.get(EagerService).seen).toBe(1);
    expect(await app.get<MigrationsService>(getMigrationsToken(name)).pending()).toEqual([]);
  });

  it('migrated() fails at once, and accepts the options of MigrationsModule', async () => {
    const migrations = asOption([migration('No1700000000001', { up: ['nonsense'] })]);
    const useFactory = () => ({ ...typeOrmOptions(), migrations });
    const error = await failureOf(apps.boot(TypeOrmModule.forRootAsync(migrated({ useFactory }))));
    expect(error.code).toBe('MIGRATION_FAILED');
    expect(error.stack).toMatch(/^MigrateError: Migration No1700000000001 failed/);
    expect(error.stack).toContain('→ ');
    expect(apps.log.join()).not.toMatch(/Retrying|Unable to connect/);
    await apps.boot(TypeOrmModule.forRootAsync(migrated({ useFactory }, { onBootstrap: 'off' })));
    const nothing = await failureOf(apps.boot(TypeOrmModule.forRootAsync(migrated({}))));
    expect([nothing.code, nothing.next]).toEqual(['OPTIONS_INVALID', expect.stringContaining('migrated({ useFactory')]);
  });

  it('migrated() loads the files through the import of the project if there is one', async () => {
    const asked: string[] = [];
    const load = (file: string) => Promise.resolve((asked.push(file), { CreateUsers1700000000001: createUsers }));
    const folder = mkdtempSync(join(tmpdir(), 'nest-migrate-migrated-'));
    const file = join(folder, '1700000000001-CreateUsers.ts');
    writeFileSync(file, 'export class CreateUsers1700000000001 {}');
    const useFactory = () => ({ ...typeOrmOptions(), migrations: [join(folder, '*.ts')] });
    await apps.boot(TypeOrmModule.forRootAsync(migrated({ useFactory }, { import: load })));
    expect([await applied(), [...new Set(asked)]]).toEqual([['CreateUsers1700000000001'], [file]]);
    rmSync(folder, { recursive: true });
  });

  it('supports several connections by name', async () => {
    const second = await createDatabase();
    @Injectable()
    class Both {
      constructor(
        @InjectMigrations() readonly main: MigrationsService,
        @InjectMigrations('other') readonly other: MigrationsService,
        @InjectRepository(User, 'other') readonly users: Repository<User>,
      ) {}
    }
    @Module({ imports: [TypeOrmModule.forFeature([User], 'other')], providers: [Both] })
    class BothModule {}
    const other = sourceFor(second.url, [createUsers, addAge]);
    const app = await apps.boot(
      BothModule,
      MigrationsModule.forRoot({ dataSource: source() }),
      MigrationsModule.forRoot({ name: 'other', dataSource: other }),
      UsersModule,
    );
    const both = app.get(Both);
    expect(await both.users.count()).toBe(1);
    expect((await both.other.status()).applied).toHaveLength(2);
    expect((await both.main.status()).applied).toHaveLength(1);
    expect(app.get(getDataSourceToken('other'))).toBe(other);
    await apps.close();
    await second.drop();
  });
});

describe('MigrationsService and health', () => {
  it('runs, reverts and emits events', async () => {
    const options = { dataSource: source(), onBootstrap: 'off' as const };
    const app = await apps.boot(MigrationsModule.forRoot(options), TerminusModule);
    const service = app.get(MigrationsService);
    const events: MigrateEvent[] = [];
    const stopBad = service.onEvent(() => {
      throw new Error('oops');
    });
    const stop = service.onEvent((event) => void events.push(event));
    await service.run();
    const types = ['migration-started', 'statement', 'statement', 'migration-finished'];
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(apps.log).toContain('A listener of migration-started failed: oops');
    stop();
    stopBad();
    expect((await service.redo()).reverted.map(({ name }) => name)).toEqual(['CreateUsers1700000000001']);
    expect((await service.wait({ until: 'migrated' })).pending).toEqual([]);
    await service.revert();
    expect(events).toHaveLength(4);
    expect(await applied()).toEqual([]);
  });

  it('is up if nothing is pending', async () => {
    const options = { dataSource: source(), onBootstrap: 'off' as const };
    const app = await apps.boot(MigrationsModule.forRoot(options), TerminusModule);
    const health = app.get(MigrationsHealthIndicator);
    const check = async (): Promise<unknown> =>
      (await app.resolve(HealthCheckService)).check([() => health.isHealthy('database')]);
    const down = { database: { status: 'down', pending: 1, lastApplied: null } };
    await expect(check()).rejects.toMatchObject({ status: 503, response: { status: 'error', error: down } });
    await app.get(MigrationsService).run();
    const up = { database: { status: 'up', pending: 0, lastApplied: 'CreateUsers1700000000001' } };
    expect(await check()).toMatchObject({ status: 'ok', info: up });
  });

  it('is down by an error under @nestjs/terminus 10, which treats every returned value as healthy', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-terminus-'));
    const terminus = join(dir, 'node_modules/@nestjs/terminus');
    mkdirSync(terminus, { recursive: true });
    const app = join(dir, 'app.cjs');
    writeFileSync(
      app,
      `const { MigrationsHealthIndicator } = require(${JSON.stringify(resolve('dist/cjs/index.js'))});
new MigrationsHealthIndicator({ status: async () => ({ applied: [], pending: [{ name: 'A' }] }) })
  .isHealthy('database').then((is) => console.log(is.database.status), ({ isHealthCheckError, causes }) => console.log(isHealthCheckError, causes.database.status));`,
    );
    const under = async (version: string): Promise<string> => {
      writeFileSync(join(terminus, 'package.json'), JSON.stringify({ name: '@nestjs/terminus', version }));
      return (await runNode([app], { cwd: dir })).stdout.trim();
    };
    try {
      expect([await under('10.3.0'), await under('11.1.0')]).toEqual(['true down', 'down']);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('is down without showing a secret if the database does not answer', async () => {
    const connect = { timeout: 200, retryEvery: 100 };
    const app = await apps.boot(MigrationsModule.forRoot({ dataSource: source(), connect }));
    const dataSource = app.get(DataSource);
    await dataSource.destroy();
    Object.assign(dataSource.options, { url: 'postgres://me:hush@127.0.0.1:1/x' });
    const { migrations } = await app.get(MigrationsHealthIndicator).isHealthy();
    expect(migrations?.status).toBe('down');
    expect(migrations?.message).toContain('No connection to postgres://me:***@127.0.0.1:1/x');
    expect(migrations?.message).not.toContain('hush');
  });
});

function statements(of: TestDatabase): readonly string[] {
  return serverLog(of).filter((line) => /(?:statement|execute [^:]*): /.test(line) && !line.includes('ALTER DATABASE'));
}
