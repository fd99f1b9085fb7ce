import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Optional } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { InjectDataSource, InjectEntityManager, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, EntityManager, EntitySchema, Repository } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { migratedDataSource, MigrationsModule, MigrationsService } from '../../src/index.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, using } from '../support/migrations.js';
import { Apps, asOption, createUsers, sourceFor, User, UsersModule } from './apps.js';
import type { Imported } from './apps.js';

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

@Injectable()
class Seed1700000000002 {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly config: ConfigService,
    private readonly manager: EntityManager,
    @Inject('GREETING') private readonly greeting: string,
    @Optional() @Inject('NOWHERE') private readonly nowhere: string | undefined,
  ) {}
  async up(queryRunner: QueryRunner): Promise<void> {
    await this.users.insert({ id: 2, name: `${this.greeting} ${this.config.getOrThrow<string>('WHO')}` });
    await this.manager.query(`INSERT INTO users VALUES (3, '${String(this.nowhere)}')`);
    if (this.config.get('FAIL') === 'yes') await queryRunner.query('SELECT 1/0');
  }
  async down(): Promise<void> {
    await this.users.delete({ id: 2 });
  }
}

@Module({ providers: [{ provide: 'GREETING', useFactory: async () => 'Hello' }], exports: ['GREETING'] })
class GreetingModule {}

const config = (fail: string): Promise<Imported> | Imported =>
  ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [() => ({ WHO: 'Bob', FAIL: fail })] });

/** An app whose second migration is this one. */
const boot = (second: object, options: object = {}, ...more: Imported[]) =>
  apps.boot(
    MigrationsModule.forRoot({
      dataSource: sourceFor(database.url, [createUsers, second as MigrationClass]),
      ...options,
    }),
    UsersModule,
    ...more,
  );
const names = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM users ORDER BY id')).map(({ name }) => name);

describe('migrations with dependencies', () => {
  it('get them, and what belongs to the database takes part in the transaction', async () => {
    const imports = [GreetingModule];
    const error = await failureOf(boot(Seed1700000000002, { imports }, await config('yes')));
    expect(error.message).toContain('Seed1700000000002 failed at its statement 3: division by zero');
    expect(await names()).toEqual(['Ada']);
    const app = await boot(Seed1700000000002, { imports }, await config('no'));
    expect(await names()).toEqual(['Ada', 'Hello Bob', 'undefined']);
    await app.get(MigrationsService).revert();
    expect(await names()).toEqual(['Ada', 'undefined']);
  });

  it('get what belongs to a named connection', async () => {
    const Label = new EntitySchema<{ id: number }>({ name: 'Label', columns: { id: { type: 'int', primary: true } } });
    @Injectable()
    class Named1700000000002 {
      constructor(
        @InjectRepository(User, 'second') private readonly users: Repository<User>,
        @InjectRepository(Label, 'second') private readonly labels: Repository<{ id: number }>,
        @InjectDataSource('second') private readonly dataSource: DataSource,
        @InjectEntityManager('second') private readonly manager: EntityManager,
      ) {}
      async up(): Promise<void> {
        await this.manager.query('CREATE TABLE label (id int)');
        await this.labels.insert({ id: 7 });
        await this.users.insert({ id: 2, name: String(this.dataSource === this.manager.connection) });
      }
      async down(): Promise<void> {}
    }
    const migrations = [createUsers, Named1700000000002 as unknown as MigrationClass];
    const dataSource = sourceFor(database.url, migrations, { entities: [User, Label] });
    await apps.boot(MigrationsModule.forRoot({ name: 'second', dataSource }));
    expect([await names(), await database.query('SELECT id FROM label')]).toEqual([['Ada', 'true'], [{ id: 7 }]]);
  });

  it('say which one is missing and how to provide it', async () => {
    const error = await failureOf(boot(Seed1700000000002, {}, await config('no')));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.message).toContain('its dependency GREETING is not available');
    expect(error.next).toContain('imports: [TheModule]');
  });

  it('say when a provider fails', async () => {
    @Module({
      providers: [{ provide: 'GREETING', useFactory: () => Promise.reject(new Error('no words')) }],
      exports: ['GREETING'],
    })
    class SilentModule {}
    const error = await failureOf(boot(Seed1700000000002, { imports: [SilentModule] }, await config('no')));
    expect(error.message).toMatch(/no words/);
  });

  it('do not wait for what waits for the database', async () => {
    @Injectable()
    class UsersService {
      constructor(@InjectRepository(User) readonly users: Repository<User>) {}
    }
    @Module({ imports: [TypeOrmModule.forFeature([User])], providers: [UsersService], exports: [UsersService] })
    class ServiceModule {}
    @Injectable()
    class Circular1700000000002 {
      constructor(private readonly service: UsersService) {}
      async up(): Promise<void> {
        await this.service.users.insert({ id: 2, name: 'Bob' });
      }
      async down(): Promise<void> {}
    }
    const error = await failureOf(boot(Circular1700000000002, { imports: [ServiceModule] }));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.message).toContain(
      'UsersService needs the database itself (UsersService → UserRepository → DataSource)',
    );
    // Where the connection is there already, it can be had.
    const app = await boot(Circular1700000000002, { imports: [ServiceModule], onBootstrap: 'off' });
    await app.get(MigrationsService).run();
    expect(await names()).toEqual(['Ada', 'Bob']);
  });

  it('wait for a provider that takes its time', async () => {
    const slow = { provide: 'GREETING', useFactory: () => new Promise((done) => setTimeout(() => done('Slow'), 400)) };
    @Module({ providers: [slow], exports: ['GREETING'] })
    class SlowModule {}
    await boot(Seed1700000000002, { imports: [SlowModule] }, await config('no'));
    expect(await names()).toContain('Slow Bob');
  });

  it('say so when nothing tells what a parameter is', async () => {
    class Unknown1700000000002 {
      constructor(readonly what: unknown) {}
      async up(): Promise<void> {}
      async down(): Promise<void> {}
    }
    const error = await failureOf(boot(Unknown1700000000002));
    expect(error.message).toContain('nothing says what parameter 1 of its constructor is');
    expect(error.next).toContain('@Injectable()');
  });

  it('get repositories from migratedDataSource, and are told about the rest', async () => {
    @Injectable()
    class WithRepository1700000000002 {
      constructor(@InjectRepository(User) private readonly users: Repository<User>) {}
      async up(): Promise<void> {
        await this.users.insert({ id: 2, name: 'Bob' });
      }
      async down(): Promise<void> {}
    }
    const options = (second: unknown) => ({
      type: 'postgres' as const,
      url: database.url,
      autoLoadEntities: true,
      migrations: asOption([createUsers, second as MigrationClass]),
    });
    const typeOrm = (second: unknown) =>
      TypeOrmModule.forRootAsync({ useFactory: () => options(second), dataSourceFactory: migratedDataSource() });
    await apps.boot(typeOrm(WithRepository1700000000002), UsersModule);
    expect(await names()).toEqual(['Ada', 'Bob']);
    await database.query('DROP TABLE users, migrations, migrations_log');
    const error = await failureOf(apps.boot(typeOrm(Seed1700000000002), UsersModule));
    expect([error.code, error.message]).toEqual(['MIGRATION_DEPENDENCY', expect.stringContaining('ConfigService')]);
  });

  it('say so where there is no Nest app', async () => {
    const migrations = [createUsers, Seed1700000000002 as unknown as MigrationClass];
    const error = await failureOf(using({ url: database.url, migrations }, (migrator) => migrator.run()));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.next).toContain('--app src/app.module.ts');
  });
});
