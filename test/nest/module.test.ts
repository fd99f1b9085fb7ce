import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import type { DynamicModule, OnModuleInit } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { getDataSourceToken, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { Column, DataSource, Entity, EntityManager, PrimaryColumn, Repository } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { getMigrationsToken, migratedDataSource, MigrationsHealthIndicator, MigrationsModule, MigrationsService } from '../../src/index.js';
import type { MigrateEvent } from '../../src/index.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { createDatabase, serverLog } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';

@Entity('users')
class User {
  @PrimaryColumn('int')
  id!: number;

  @Column('text')
  name!: string;
}

const createUsers = migration('CreateUsers1700000000001', { up: [`CREATE TABLE users (id int PRIMARY KEY, name text)`, `INSERT INTO users VALUES (1, 'Ada')`], down: ['DROP TABLE users'] });
const addAge = migration('AddAge1700000000002', { up: ['ALTER TABLE users ADD age int'], down: ['ALTER TABLE users DROP COLUMN age'] });

/** Looks at the database at every moment at which a provider can. */
@Injectable()
class EagerService implements OnModuleInit {
  readonly seen: Promise<number>;
  initialised = -1;

  constructor(@InjectRepository(User) readonly users: Repository<User>) {
    this.seen = users.count();
  }

  async onModuleInit(): Promise<void> {
    this.initialised = await this.users.count();
  }
}

@Module({ imports: [TypeOrmModule.forFeature([User])], providers: [EagerService], exports: [EagerService] })
class UsersModule {}

let database: TestDatabase;
const apps: TestingModule[] = [];
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
  delete process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
  await database.drop();
});

const sourceFor = (migrations: readonly MigrationClass[] = [createUsers], more: object = {}): DataSource =>
  new DataSource({ type: 'postgres', url: database.url, migrations: migrations as unknown as (new () => never)[], ...more });

async function boot(...imports: readonly (DynamicModule | Promise<DynamicModule> | (new () => object))[]): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports: [...imports] }).setLogger(false).compile();
  apps.push(app);
  return app.init();
}

const applied = async (): Promise<unknown[]> => (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

describe('MigrationsModule.forRoot with a data source', () => {
  it.each(['before', 'after'])('migrates before anything sees the database, imported %s the feature module', async (order) => {
    const migrations = MigrationsModule.forRoot({ dataSource: sourceFor() });
    const app = await (order === 'before' ? boot(migrations, UsersModule) : boot(UsersModule, migrations));
    const service = app.get(EagerService);
    expect([await service.seen, service.initialised]).toEqual([1, 1]);
  });

  it('waits for a server that is still starting', async () => {
    const late = new DataSource({ type: 'postgres', url: 'postgres://a:b@127.0.0.1:1/x', migrations: [] });
    const started = Date.now();
    const error = await failureOf(boot(MigrationsModule.forRoot({ dataSource: late, connect: { timeout: 500, retryEvery: 100 } })));
    expect(error.code).toBe('CONNECTION_FAILED');
    expect(Date.now() - started).toBeGreaterThan(400);
  });

  it('does not load a migration file that is applied already, and shows the option afterwards', async () => {
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }));
    const app = await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }));
    expect(app.get(DataSource).migrations).toEqual([]);
    expect(app.get(DataSource).options.migrations).toHaveLength(1);
  });

  it('costs one question to the database when nothing is pending', async () => {
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }));
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const mark = serverLog(database).length;
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }));
    await sleep(50);
    const all = serverLog(database).slice(mark).filter((line) => /(?:statement|execute [^:]*): /.test(line) && !line.includes('ALTER DATABASE'));
    const ours = all.filter((line) => line.includes('migrations'));
    expect(ours).toHaveLength(1);
    // Everything else is what TypeORM asks by itself when it connects.
    await sourceFor([]).initialize().then((plain) => plain.destroy());
    await sleep(50);
    const plain = serverLog(database).slice(mark).filter((line) => /(?:statement|execute [^:]*): /.test(line) && !line.includes('ALTER DATABASE'));
    expect(all).toHaveLength(plain.length - all.length + 1);
  });

  it('serves two apps, one after the other, on the same data source', async () => {
    const dataSource = sourceFor();
    const first = await boot(MigrationsModule.forRoot({ dataSource }), UsersModule);
    await apps.pop()?.close();
    expect(dataSource.isInitialized).toBe(false);
    expect(first).toBeDefined();
    const second = await boot(MigrationsModule.forRoot({ dataSource }), UsersModule);
    expect(second.get(EagerService).initialised).toBe(1);
  });

  it.each(['synchronize', 'dropSchema', 'migrationsRun'])('refuses %s: true, with the reason', async (option) => {
    const error = await failureOf(boot(MigrationsModule.forRoot({ dataSource: sourceFor([createUsers], { [option]: true }) })));
    expect(error.code).toBe('SYNCHRONIZE_ON');
    expect(error.message).toContain(`${option}: true. With it TypeORM would`);
  });

  it('fails at once, and says what failed, when a migration fails', async () => {
    const broken = migration('Broken1700000000003', { up: ['SELECT 1/0'] });
    const dataSource = sourceFor([createUsers, broken]);
    const error = await failureOf(boot(MigrationsModule.forRoot({ dataSource })));
    expect(error.message).toContain('Migration Broken1700000000003 failed at its statement 1: division by zero');
    expect(error.stack).toMatch(/^MigrateError: .*\n[\s\S]*Finished before it, and kept: CreateUsers1700000000001\.\n→ Correct the migration/);
    expect(dataSource.isInitialized).toBe(false);
  });
});

describe('onBootstrap', () => {
  it("'check' refuses to start while something is pending", async () => {
    const error = await failureOf(boot(MigrationsModule.forRoot({ dataSource: sourceFor(), onBootstrap: 'check' })));
    expect([error.code, error.message]).toEqual(['MIGRATIONS_PENDING', expect.stringContaining('CreateUsers1700000000001')]);
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }));
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor(), onBootstrap: 'check' }));
  });

  it("'wait' waits until another process has migrated", async () => {
    const waiting = boot(MigrationsModule.forRoot({ dataSource: sourceFor(), onBootstrap: 'wait', waitTimeout: '10s' }), UsersModule);
    await sleep(300);
    await using({ url: database.url, migrations: [createUsers] }, (migrator) => migrator.run());
    expect((await waiting).get(EagerService).initialised).toBe(1);
    const error = await failureOf(boot(MigrationsModule.forRoot({ dataSource: sourceFor([createUsers, addAge]), onBootstrap: 'wait', waitTimeout: 200 })));
    expect(error.code).toBe('WAIT_TIMEOUT');
  });

  it("'revert' goes back to `to`, and needs it", async () => {
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor([createUsers, addAge]) }));
    await boot(MigrationsModule.forRoot({ dataSource: sourceFor([createUsers, addAge]), onBootstrap: 'revert', to: 'CreateUsers' }));
    expect(await applied()).toEqual(['CreateUsers1700000000001']);
    expect((await failureOf(boot(MigrationsModule.forRoot({ dataSource: sourceFor(), onBootstrap: 'revert' })))).code).toBe('OPTIONS_INVALID');
  });

  it("'off' does nothing, and the environment overrides", async () => {
    process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'off';
    const app = await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }));
    expect(await app.get(MigrationsService).pending()).toEqual([{ name: 'CreateUsers1700000000001', timestamp: 1700000000001 }]);
    process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'sometimes';
    expect((await failureOf(boot(MigrationsModule.forRoot({ dataSource: sourceFor() })))).message).toContain('NEST_MIGRATE_ON_BOOTSTRAP must be one of');
  });

  it('reports unknown settings', async () => {
    const error = await failureOf(boot(MigrationsModule.forRoot({ dataSource: sourceFor(), ...({ lockTimeOut: 1 } as object) })));
    expect(error.message).toContain('unknown setting "lockTimeOut"');
  });
});

describe('other ways to set it up', () => {
  it('forRootAsync takes the ConfigService', async () => {
    process.env['TEST_MODE'] = 'run';
    const app = await boot(
      ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true }),
      MigrationsModule.forRootAsync({
        inject: [ConfigService],
        useFactory: (config: ConfigService) => ({ dataSource: () => Promise.resolve(sourceFor()), onBootstrap: config.getOrThrow<'run'>('TEST_MODE') }),
      }),
      UsersModule,
    );
    expect(app.get(EagerService).initialised).toBe(1);
    delete process.env['TEST_MODE'];
  });

  it('forRootAsync takes a class', async () => {
    const dataSource = sourceFor();
    class Options {
      createMigrationsOptions(): { dataSource: DataSource } {
        return { dataSource };
      }
    }
    await boot(MigrationsModule.forRootAsync({ useClass: Options }), UsersModule);
    expect(await applied()).toEqual(['CreateUsers1700000000001']);
  });

  it('joins a TypeOrmModule that is there', async () => {
    const app = await boot(
      TypeOrmModule.forRoot({ type: 'postgres', url: database.url, autoLoadEntities: true, migrations: [createUsers] as unknown as (new () => never)[] }),
      MigrationsModule.forRoot(),
    );
    expect(await applied()).toEqual(['CreateUsers1700000000001']);
    expect((await app.get(MigrationsService).status()).pending).toEqual([]);
  });

  it('migratedDataSource migrates inside a TypeOrmModule of the app', async () => {
    const app = await boot(
      UsersModule,
      TypeOrmModule.forRootAsync({
        useFactory: () => ({ type: 'postgres', url: database.url, autoLoadEntities: true, migrations: [createUsers] as unknown as (new () => never)[] }),
        dataSourceFactory: migratedDataSource(),
      }),
    );
    expect(await app.get(EagerService).seen).toBe(1);
  });

  it('takes several connections by name', async () => {
    const second = await createDatabase();
    const other = new DataSource({ type: 'postgres', url: second.url, migrations: [migration('Other1700000000001', { up: ['CREATE TABLE other ()'] })] as unknown as (new () => never)[] });
    const app = await boot(MigrationsModule.forRoot({ dataSource: sourceFor() }), MigrationsModule.forRoot({ name: 'other', dataSource: other }), UsersModule);
    const service = app.get<MigrationsService>(getMigrationsToken('other'));
    expect((await service.status()).applied.map(({ name }) => name)).toEqual(['Other1700000000001']);
    expect((await app.get(MigrationsService).status()).applied.map(({ name }) => name)).toEqual(['CreateUsers1700000000001']);
    expect(app.get(getDataSourceToken('other'))).toBe(other);
    await apps.pop()?.close();
    await second.drop();
  });
});

describe('MigrationsService and health', () => {
  it('runs, reverts and tells what happens', async () => {
    const app = await boot(MigrationsModule.forRoot({ dataSource: sourceFor(), onBootstrap: 'off' }), TerminusModule);
    const service = app.get(MigrationsService);
    const health = app.get(MigrationsHealthIndicator);
    const events: MigrateEvent[] = [];
    const stop = service.onEvent((event) => void events.push(event));
    expect(await health.isHealthy()).toEqual({ migrations: { status: 'down', pending: 1, lastApplied: null } });
    await service.run();
    expect(events.map(({ type }) => type)).toEqual(['migration-started', 'statement', 'statement', 'migration-finished']);
    stop();
    const checked = await (await app.resolve(HealthCheckService)).check([() => health.isHealthy('database')]);
    expect(checked).toMatchObject({ status: 'ok', info: { database: { status: 'up', pending: 0, lastApplied: 'CreateUsers1700000000001' } } });
    await service.revert();
    expect(events).toHaveLength(4);
    await expect((await app.resolve(HealthCheckService)).check([() => health.isHealthy()])).rejects.toMatchObject({ status: 503 });
  });
});

describe('migrations with dependencies', () => {
  @Injectable()
  class Seed1700000000002 {
    constructor(
      @InjectRepository(User) private readonly users: Repository<User>,
      private readonly config: ConfigService,
      private readonly manager: EntityManager,
      @Inject('GREETING') private readonly greeting: string,
    ) {}
    async up(queryRunner: QueryRunner): Promise<void> {
      await this.users.insert({ id: 2, name: `${this.greeting} ${this.config.getOrThrow<string>('WHO')}` });
      await this.manager.query(`INSERT INTO users VALUES (3, 'Eve')`);
      if (this.config.get('FAIL') === 'yes') await queryRunner.query('SELECT 1/0');
    }
    async down(): Promise<void> {
      await this.users.delete({ id: 2 });
    }
  }

  @Module({ providers: [{ provide: 'GREETING', useValue: 'Hello' }], exports: ['GREETING'] })
  class GreetingModule {}

  const modules = (fail: string, ...imports: (new () => object)[]) => [
    ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [() => ({ WHO: 'Bob', FAIL: fail })] }),
    MigrationsModule.forRoot({ dataSource: sourceFor([createUsers, Seed1700000000002 as unknown as MigrationClass]), imports }),
    UsersModule,
  ];

  it('get them, and what belongs to the database takes part in the transaction', async () => {
    const error = await failureOf(boot(...modules('yes', GreetingModule)));
    expect(error.message).toContain('Seed1700000000002 failed at its statement 3: division by zero');
    expect(await database.query('SELECT id FROM users ORDER BY id')).toEqual([{ id: 1 }]);
    await boot(...modules('no', GreetingModule));
    expect(await database.query('SELECT name FROM users ORDER BY id')).toEqual([{ name: 'Ada' }, { name: 'Hello Bob' }, { name: 'Eve' }]);
  });

  it('say which one is missing and how to provide it', async () => {
    const error = await failureOf(boot(...modules('no')));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.message).toContain('its dependency GREETING is not available');
    expect(error.next).toContain('imports: [TheModule]');
  });

  it('say so where there is no Nest app', async () => {
    const error = await failureOf(using({ url: database.url, migrations: [createUsers, Seed1700000000002 as unknown as MigrationClass] }, (migrator) => migrator.run()));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.next).toContain('--app src/app.module.ts');
  });
});
