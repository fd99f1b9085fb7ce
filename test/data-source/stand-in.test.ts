import { expect, it } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import { keepingAway } from '../../src/data-source/keep-away.js';
import { lateDataSource } from '../../src/data-source/late-data-source.js';
import { standingIn, standsInFor } from '../../src/data-source/stand-in.js';
import { createMigrator } from '../../src/migrator.js';
import { createTestDatabase } from '../../src/testing/index.js';
import { createDatabase, serverUrl } from '../support/database.js';
import { failureOf, migration } from '../support/migrations.js';

const User = new EntitySchema<{ id: number; name: string }>({
  name: 'User',
  columns: { id: { type: 'int', primary: true }, name: { type: 'text' } },
});

/** What other code of the app finds in the data source while a migration uses it. */
const seen: unknown[] = [];
let atOnce = (): unknown => undefined;

const createUsers = migration('CreateUsers1700000000001', {
  up: ['CREATE TABLE "user" ("id" int PRIMARY KEY, "name" text NOT NULL)'],
  down: ['DROP TABLE "user"'],
});
/** As in projects where a migration imports the data source of `src/data-source.ts`. */
const addAdmin = migration('AddAdmin1700000000002', {
  up: [
    async () => {
      if (!AppDataSource.isInitialized) await AppDataSource.initialize();
      seen.push(atOnce());
      await AppDataSource.getRepository(User).save({ id: 1, name: 'admin' });
      await AppDataSource.transaction((manager) => manager.insert(User, { id: 2, name: 'second' }));
    },
  ],
  down: [() => AppDataSource.createQueryBuilder().delete().from(User).execute()],
});
const AppDataSource = new DataSource({
  type: 'postgres',
  url: 'postgres://a:b@127.0.0.1:1/not_to_be_touched',
  entities: [User],
  migrations: [createUsers, addAdmin] as unknown as (new () => never)[],
});
const own = Object.getOwnPropertyDescriptors(AppDataSource);

it('a migration that imports the data source of the project uses the shadow on which it is replayed', async () => {
  const outside: unknown[] = [];
  const timer = setInterval(() => {
    if (seen.length > 0) outside.push([AppDataSource.isInitialized, AppDataSource.manager === own.manager.value]);
  }, 1);
  atOnce = () => [AppDataSource.isInitialized, AppDataSource.manager === own.manager.value];
  const migrator = createMigrator({ dataSource: AppDataSource });
  const { steps } = await migrator.check({ only: ['replay'], shadow: serverUrl(), cache: false });
  await migrator.close();
  clearInterval(timer);
  expect(steps).toEqual([expect.objectContaining({ state: 'ok', findings: [] })]);
  expect(seen[0]).toEqual([true, false]);
  expect(outside).toContainEqual([false, true]);
  expect(outside).not.toContainEqual([true, false]);
  expect(Object.getOwnPropertyDescriptors(AppDataSource)).toEqual(own);
});

it('a migration that connects to the database of the project by itself is stopped where it is tried out', async () => {
  const real = await createDatabase();
  const others: DataSource[] = [];
  const addAnother = migration('AddAnother1700000000003', {
    up: [
      async () => {
        const other = new DataSource({ type: 'postgres', url: real.url });
        others.push(other);
        await other.initialize().catch(() => new Promise(() => undefined));
        await other.query('CREATE TABLE reached ()');
      },
    ],
  });
  const dataSource = new DataSource({
    type: 'postgres',
    url: real.url,
    migrations: [addAnother] as unknown as (new () => never)[],
  });
  const migrator = createMigrator({ dataSource });
  const { steps } = await migrator.check({ only: ['replay'], shadow: serverUrl(), cache: false });
  expect(steps[0]?.findings).toEqual([
    expect.objectContaining({
      message: expect.stringMatching(/could not be replayed.*: it connects by itself to .*, the database of the data/),
      next: expect.stringContaining('queryRunner.manager'),
    }),
  ]);
  expect((await failureOf(migrator.run({ mode: 'dry' }))).message).toContain('it connects by itself');
  expect(others).toHaveLength(2);
  expect(await real.query(`SELECT to_regclass('reached') AS reached`)).toEqual([{ reached: null }]);
  await migrator.run();
  expect(await real.query(`SELECT to_regclass('reached') AS reached`)).toEqual([{ reached: 'reached' }]);
  await migrator.close();
  await others.at(-1)?.destroy();
  await real.drop();
});

it('in a test database, it uses that database', async () => {
  const database = await createTestDatabase(AppDataSource, { server: serverUrl() });
  expect(await database.dataSource.query('SELECT id, name FROM "user" ORDER BY id')).toEqual([
    { id: 1, name: 'admin' },
    { id: 2, name: 'second' },
  ]);
  await database.close();
  expect(Object.getOwnPropertyDescriptors(AppDataSource)).toEqual(own);
});

it.each(['a class', 'created late'])(
  'other code does not notice meanwhile, and nothing of it is left: %s',
  async (how) => {
    const options = { type: 'postgres', url: 'postgres://a:b@127.0.0.1:1/app' } as const;
    const real = new DataSource(options);
    const project = how === 'a class' ? real : lateDataSource(options, () => real);
    const made = new DataSource({ ...options, database: 'another' });
    standsInFor(project, made);
    const { manager } = real;
    let end: () => void = () => undefined;
    const working = standingIn(made, async () => {
      expect([project.manager, project.options]).toEqual([made.manager, made.options]);
      await new Promise<void>((resolve) => (end = resolve));
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(project.manager).toBe(manager);
    expect([project.options, typeof project.createQueryRunner]).toEqual([options, 'function']);
    end();
    await working;
    expect(project.manager).toBe(manager);
    expect(Object.getOwnPropertyDescriptor(real, 'manager')).toHaveProperty('value', manager);
  },
);

it('an address that nothing can connect to is no reason not to try out a migration', async () => {
  const project = new DataSource({ type: 'postgres', host: '127.0.0.1' });
  Object.assign(project.options, { url: 'postgres://user:pa#ss@host:port/app' });
  expect(await keepingAway(project, () => Promise.resolve('done'))).toBe('done');
});
