import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module, Optional } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { ModuleRef } from '@nestjs/core';
import {
  getRepositoryToken,
  InjectDataSource,
  InjectEntityManager,
  InjectRepository,
  TypeOrmModule,
} from '@nestjs/typeorm';
import {
  DataSource,
  Entity,
  EntityManager,
  EntitySchema,
  ManyToOne,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Repository,
  Tree,
  TreeChildren,
  TreeParent,
  TreeRepository,
} from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { createMigrator, migrated, MigrationsModule, MigrationsService } from '../../src/index.js';
import type { Migrator } from '../../src/index.js';
import type { Instantiate, MigrationClass } from '../../src/files/migration.js';
import { createInstantiate } from '../../src/nest/instantiate.js';
import { getInstantiateToken } from '../../src/nest/migrations.constants.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { Apps, asOption, createUsers, sourceFor, User, UsersModule } from './apps.js';
import type { Imported } from './apps.js';
import { refusals, refused, RefusedModule } from './refused.js';

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
  it('get them, and everything that belongs to the database takes part in the transaction', async () => {
    const imports = [GreetingModule];
    const error = await failureOf(boot(Seed1700000000002, { imports }, await config('yes')));
    expect(error.message).toContain('Seed1700000000002 failed at its statement 3: division by zero');
    expect(await names()).toEqual(['Ada']);
    const app = await boot(Seed1700000000002, { imports }, await config('no'));
    expect(await names()).toEqual(['Ada', 'Hello Bob', 'undefined']);
    await app.get(MigrationsService).revert();
    expect(await names()).toEqual(['Ada', 'undefined']);
  });

  it('get them as properties, too', async () => {
    class Property1700000000002 {
      @InjectRepository(User) private readonly users!: Repository<User>;
      @Inject('GREETING') private readonly greeting!: string;
      async up(): Promise<void> {
        await this.users.insert({ id: 2, name: this.greeting });
      }
      async down(): Promise<void> {}
    }
    await boot(Property1700000000002, { imports: [GreetingModule] });
    expect(await names()).toEqual(['Ada', 'Hello']);
  });

  it('get the dependencies of a named connection', async () => {
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

  it('fail with the missing one and how to provide it', async () => {
    const error = await failureOf(boot(Seed1700000000002, {}, await config('no')));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.message).toContain('its dependency GREETING is not available');
    expect(error.next).toContain('imports: [TheModule]');
  });

  it('fail with the error of a provider', async () => {
    @Module({
      providers: [{ provide: 'GREETING', useFactory: () => Promise.reject(new Error('no words')) }],
      exports: ['GREETING'],
    })
    class SilentModule {}
    const error = await failureOf(boot(Seed1700000000002, { imports: [SilentModule] }, await config('no')));
    expect(error.message).toMatch(/no words/);
  });

  it('wait for a slow provider', async () => {
    const slow = { provide: 'GREETING', useFactory: () => new Promise((done) => setTimeout(() => done('Slow'), 400)) };
    @Module({ providers: [slow], exports: ['GREETING'] })
    class SlowModule {}
    await boot(Seed1700000000002, { imports: [SlowModule] }, await config('no'));
    expect(await names()).toContain('Slow Bob');
  });

  it('fail if the type of a parameter is unknown', async () => {
    class Unknown1700000000002 {
      constructor(readonly what: unknown) {}
      async up(): Promise<void> {}
      async down(): Promise<void> {}
    }
    const error = await failureOf(boot(Unknown1700000000002));
    expect(error.message).toContain('the type of parameter 1 of its constructor is unknown');
    expect(error.next).toContain('@Injectable()');
  });

  it('get the same from migrated(), which keeps the TypeOrmModule of the app', async () => {
    const useFactory = () => ({
      type: 'postgres' as const,
      url: database.url,
      autoLoadEntities: true,
      migrations: asOption([createUsers, Seed1700000000002]),
    });
    const typeOrm = (imports: Imported[]) => TypeOrmModule.forRootAsync(migrated({ imports, useFactory }));
    const error = await failureOf(apps.boot(typeOrm([]), UsersModule, await config('no')));
    expect([error.code, error.message]).toEqual(['MIGRATION_DEPENDENCY', expect.stringContaining('GREETING')]);
    await apps.boot(typeOrm([GreetingModule]), UsersModule, await config('no'));
    expect(await names()).toEqual(['Ada', 'Hello Bob', 'undefined']);
  });

  it('fail without a Nest app', async () => {
    const migrations = [createUsers, Seed1700000000002 as unknown as MigrationClass];
    const error = await failureOf(using({ url: database.url, migrations }, (migrator) => migrator.run()));
    expect(error.code).toBe('MIGRATION_DEPENDENCY');
    expect(error.next).toContain('--app src/app.module.ts');
  });
});

@Entity('label')
class Label {
  @PrimaryColumn('text')
  name!: string;
  @ManyToOne(() => User, { lazy: true })
  user!: Promise<User | null>;
}

@Entity('node')
@Tree('materialized-path')
class Node {
  @PrimaryGeneratedColumn()
  id!: number;
  @TreeParent()
  parent!: Node | null;
  @TreeChildren()
  children!: Node[];
}

class LabelRepository extends Repository<Label> {
  constructor(dataSource: DataSource) {
    super(Label, dataSource.createEntityManager());
  }
  add(name: string): Promise<unknown> {
    return this.save({ name });
  }
}

/** Each way to the database that a data source has; the table was created a moment ago in the same transaction. */
const ways: Readonly<Record<string, (dataSource: DataSource) => Promise<unknown>>> = {
  query: (dataSource) => dataSource.query(`INSERT INTO label VALUES ($1)`, ['query']),
  manager: (dataSource) => dataSource.manager.save(Label, { name: 'manager' }),
  transaction: (dataSource) => dataSource.transaction((manager) => manager.insert(Label, { name: 'transaction' })),
  'entity manager': (dataSource) => dataSource.createEntityManager().insert(Label, { name: 'entity manager' }),
  'its data source': (dataSource) =>
    dataSource.getRepository(Label).manager.connection.query(`INSERT INTO label VALUES ('its data source')`),
  repository: (dataSource) => dataSource.getRepository(Label).insert({ name: 'repository' }),
  'custom repository': (dataSource) => new LabelRepository(dataSource).add('custom repository'),
  'query builder': (dataSource) =>
    dataSource.createQueryBuilder().insert().into(Label).values({ name: 'query builder' }).execute(),
  'query runner': async (dataSource) => {
    const runner = dataSource.createQueryRunner();
    await runner.connect();
    await runner.startTransaction();
    await runner.manager.insert(Label, { name: 'query runner' });
    await runner.commitTransaction();
    await runner.release();
  },
};

const labels = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM label ORDER BY ctid')).map(({ name }) => name);

describe('an injected data source', () => {
  const seen: { dataSource?: DataSource; labels?: readonly Label[]; user?: User | null | undefined; roots?: number } =
    {};
  @Injectable()
  class Uses1700000000002 {
    constructor(
      private readonly dataSource: DataSource,
      @InjectRepository(Node) private readonly nodes: TreeRepository<Node>,
    ) {}
    async up(queryRunner: QueryRunner): Promise<void> {
      seen.dataSource = this.dataSource;
      await queryRunner.query('ALTER TABLE users ADD age int');
      await queryRunner.query('CREATE TABLE label (name text PRIMARY KEY, "userId" int DEFAULT 1)');
      await queryRunner.query('CREATE TABLE node (id serial PRIMARY KEY, mpath text, "parentId" int)');
      for (const way of Object.values(ways)) await way(this.dataSource);
      // Given up inside: what was done before stays.
      await this.dataSource
        .transaction(async (manager) => {
          await manager.insert(Label, { name: 'given up' });
          throw new Error('enough');
        })
        .catch(() => undefined);
      seen.labels = await this.dataSource.createQueryBuilder(Label, 'label').getMany();
      seen.user = await seen.labels[0]?.user;
      await this.nodes.save({ parent: await this.nodes.save({}) });
      seen.roots = (await this.nodes.findRoots()).length;
      if (fails) await queryRunner.query('SELECT 1/0');
    }
    async down(): Promise<void> {}
  }
  let fails = false;
  const bootWith = (more: object = {}) => {
    const migrations = [createUsers, Uses1700000000002 as unknown as MigrationClass];
    const dataSource = sourceFor(database.url, migrations, { entities: [User, Label, Node], ...more });
    return apps.boot(MigrationsModule.forRoot({ dataSource }));
  };

  it.each([{}, { migrationsTransactionMode: 'each' }])('works on the connection of the migration', async (more) => {
    fails = true;
    const error = await failureOf(bootWith(more));
    expect(error.message).toContain('division by zero');
    // What it wrote is gone, with the tables.
    expect(await database.query(`SELECT to_regclass('label') AS label, to_regclass('node') AS node`)).toEqual([
      { label: null, node: null },
    ]);
    fails = false;
    await bootWith(more);
    expect(await labels()).toEqual(Object.keys(ways));
    expect(seen).toMatchObject({
      user: { id: 1, name: 'Ada' },
      roots: 1,
      labels: Object.keys(ways).map((name) => ({ name })),
    });
  });

  it('works without a transaction too', async () => {
    Object.assign(Uses1700000000002, { transaction: false });
    await bootWith();
    delete (Uses1700000000002 as { transaction?: boolean }).transaction;
    expect(await labels()).toEqual(Object.keys(ways));
  });

  it('cannot be used afterwards', async () => {
    await bootWith();
    expect((await failureOf(seen.dataSource?.query('SELECT 1') ?? Promise.resolve())).message).toMatch(/released/);
  });

  it.each(['destroy', 'initialize', 'synchronize', 'dropDatabase', 'runMigrations', 'undoLastMigration'] as const)(
    'refuses %s() and ending the transaction',
    async (method) => {
      @Injectable()
      class Wrong1700000000002 {
        constructor(private readonly dataSource: DataSource) {}
        async up(): Promise<void> {
          if (method === 'undoLastMigration') await this.dataSource.createQueryRunner().commitTransaction();
          await this.dataSource[method]();
        }
        async down(): Promise<void> {}
      }
      const error = await failureOf(boot(Wrong1700000000002));
      const called = method === 'undoLastMigration' ? 'commitTransaction' : method;
      expect([error.code, error.message]).toEqual([
        'MIGRATION_FAILED',
        expect.stringContaining(`${called}() is not for a migration`),
      ]);
      expect(error.message).toContain('rolled back');
      expect(await names()).toEqual(['Ada']);
    },
  );

  it('works the same with TypeORM 0.3', async () => {
    const old = createRequire(import.meta.url)('typeorm-0-3') as typeof import('typeorm');
    const schema = new old.EntitySchema<Label>({
      name: 'Label',
      target: Label,
      columns: { name: { type: 'text', primary: true } },
    });
    class Old1700000000001 {
      constructor(
        readonly dataSource: DataSource,
        readonly manager: EntityManager,
        readonly labels: Repository<Label>,
      ) {}
      async up(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query('CREATE TABLE label (name text PRIMARY KEY)');
        for (const way of ['query', 'manager', 'transaction', 'repository', 'query builder', 'query runner'])
          await ways[way]?.(this.dataSource);
        await this.manager.connection.query(`INSERT INTO label VALUES ('by its data source')`);
        await this.labels.insert({ name: 'injected' });
      }
      async down(): Promise<void> {}
    }
    const types = [old.DataSource, old.EntityManager, Object];
    Reflect.defineMetadata('design:paramtypes', types, Old1700000000001);
    Inject('LabelRepository')(Old1700000000001, undefined, 2);
    const migrations = asOption([Old1700000000001]);
    const dataSource = new old.DataSource({ type: 'postgres', url: database.url, migrations, entities: [schema] });
    const app = await apps.boot(GreetingModule);
    const migrator = createMigrator({ dataSource, instantiate: createInstantiate(app.get(ModuleRef), 'default') });
    await migrator.run();
    await migrator.close();
    expect(await labels()).toHaveLength(8);
  });
});

@Injectable()
class UsersService {
  @Inject('GREETING') private readonly greeting!: string;
  constructor(
    @InjectRepository(User) readonly users: Repository<User>,
    @InjectEntityManager() private readonly manager: EntityManager,
  ) {}
  async add(id: number): Promise<void> {
    await this.users.insert({ id, name: this.greeting });
    await this.manager.query(`UPDATE users SET name = name || '!' WHERE id = ${id}`);
  }
}

@Injectable()
class Accounts {
  constructor(
    readonly service: UsersService,
    @Inject('ALIAS') readonly alias: UsersService,
    @Inject('COUNT') readonly count: () => Promise<number>,
    @Optional() @Inject('NOWHERE') readonly nowhere: unknown,
  ) {}
}

@Module({
  imports: [TypeOrmModule.forFeature([User]), GreetingModule],
  providers: [
    UsersService,
    Accounts,
    { provide: 'ALIAS', useExisting: UsersService },
    {
      provide: 'COUNT',
      useFactory: async (users: Repository<User>) => () => users.count(),
      inject: [getRepositoryToken(User)],
    },
  ],
  exports: [UsersService, Accounts],
})
class AccountsModule {}

describe('an injected service', () => {
  @Injectable()
  class Uses1700000000002 {
    constructor(
      private readonly accounts: Accounts,
      private readonly service: UsersService,
      private readonly config: ConfigService,
    ) {}
    async up(queryRunner: QueryRunner): Promise<void> {
      const { service, alias, count, nowhere } = this.accounts;
      await queryRunner.query('ALTER TABLE users ADD age int');
      await queryRunner.query(`INSERT INTO users VALUES (${(await count()) + 1}, '${String(nowhere)}')`);
      await service.add(3);
      if (alias === service && this.service === service) await alias.add(4);
      if (this.config.get('FAIL') === 'yes') await queryRunner.query('SELECT 1/0');
    }
    async down(): Promise<void> {}
  }
  const imports = [AccountsModule];

  it('that depends on the database works on the connection of the migration, at start', async () => {
    const error = await failureOf(boot(Uses1700000000002, { imports }, await config('yes')));
    expect(error.message).toContain('division by zero');
    expect(await names()).toEqual(['Ada']);
    await boot(Uses1700000000002, { imports }, await config('no'));
    expect(await names()).toEqual(['Ada', 'undefined', 'Hello!', 'Hello!']);
  });

  it('in a running app is a new instance', async () => {
    await boot(migration('Nothing1700000000002', { up: [] }), { to: 'CreateUsers' });
    const app = await boot(Uses1700000000002, { imports, onBootstrap: 'off' }, await config('yes'));
    expect((await failureOf(app.get(MigrationsService).run())).message).toContain('division by zero');
    expect(await names()).toEqual(['Ada']);
    expect(await app.get(UsersService).users.count()).toBe(1);
    expect(app.get(UsersService).users.manager.queryRunner).toBeUndefined();
  });

  it.each(refusals)('is refused if that is impossible: %s', async (name, message) => {
    @Injectable()
    class Refused1700000000002 {
      constructor(@Inject(refused[name]) readonly what: unknown) {}
      async up(): Promise<void> {}
      async down(): Promise<void> {}
    }
    const error = await failureOf(boot(Refused1700000000002, { imports: [RefusedModule] }));
    expect([error.code, error.message]).toEqual(['MIGRATION_DEPENDENCY', expect.stringContaining(message)]);
  });
});

describe('a migration that is only tried', () => {
  const sent: string[] = [];
  @Injectable()
  class Mailer {
    send(name: string): void {
      sent.push(name);
    }
  }
  @Module({ providers: [Mailer], exports: [Mailer] })
  class MailerModule {}
  @Injectable()
  class Welcome1700000000002 {
    constructor(
      @InjectRepository(User) private readonly users: Repository<User>,
      private readonly config: ConfigService,
      private readonly mailer: Mailer,
    ) {}
    async up(): Promise<void> {
      for (const { name } of await this.users.find())
        this.mailer.send(`${this.config.getOrThrow<string>('WHO')} ${name}`);
    }
    async down(): Promise<void> {}
  }
  /** It goes on without the mail. */
  @Injectable()
  class Silent1700000000002 extends Welcome1700000000002 {
    override async up(): Promise<void> {
      await super.up().catch(() => undefined);
    }
  }
  const start = async (
    options: object,
    of: typeof Welcome1700000000002 = Welcome1700000000002,
  ): Promise<{ migrator: Migrator; service: MigrationsService }> => {
    const app = await boot(of, { imports: [MailerModule], ...options }, await config('no'));
    const instantiate = app.get<Instantiate>(getInstantiateToken('default'));
    return {
      migrator: createMigrator({ dataSource: app.get(DataSource), instantiate }),
      service: app.get(MigrationsService),
    };
  };
  const notCalled = 'uses Mailer.send. Replays and dry runs work with the database alone, so it was not called.';

  it.each([
    ['', Welcome1700000000002],
    [', also where it catches what that throws', Silent1700000000002],
  ])('gets a stand-in for each provider that could do more than use the database%s', async (_also, tried) => {
    sent.length = 0;
    const used = `${tried.name} ${notCalled}`;
    const { migrator, service } = await start({ to: 'CreateUsers' }, tried);
    const { findings } = await migrator.lint({ all: true, targetVersion: 15 });
    expect(findings.map(({ rule, message }) => [rule, message])).toEqual([
      ['cannot-be-judged', expect.stringContaining(used)],
    ]);
    const error = await failureOf(service.run({ mode: 'dry' }));
    expect([error.code, error.message, error.next]).toEqual([
      'MIGRATION_DEPENDENCY',
      expect.stringContaining(used),
      expect.stringContaining('replayProviders: [Mailer]'),
    ]);
    expect(sent).toEqual([]);
    await service.run();
    expect(sent).toEqual(['Bob Ada']);
  });

  it('gets the providers that it may use', async () => {
    sent.length = 0;
    const { migrator, service } = await start({ to: 'CreateUsers', replayProviders: [Mailer] });
    await migrator.lint({ all: true, targetVersion: 15 });
    await service.run({ mode: 'dry' });
    expect(sent).toEqual(['Bob Ada', 'Bob Ada']);
  });
});
