import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { backfill } from '../../src/index.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import { itInFull } from '../support/sample.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  await database.query(`CREATE TABLE counted (a int, b text, n int, filled text, PRIMARY KEY (b, a));
    INSERT INTO counted SELECT i, 'b' || i % 7, 0 FROM generate_series(1, 5000) AS i;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''refused''; END';
    CREATE TRIGGER refuse BEFORE UPDATE ON counted FOR EACH ROW WHEN (old.a = 4000) EXECUTE FUNCTION refuse()`);
});
afterEach(() => database.drop());

const fills = (where: { readonly where?: string }, kind: 'in batches' | 'in one transaction' = 'in batches') =>
  migration('Fill1700000000001', {
    up: [
      (queryRunner: QueryRunner) =>
        backfill(queryRunner, { table: 'counted', set: "n = n + 1, filled = 'x'", batchSize: 500, ...where }),
    ],
    ...(kind === 'in batches' && { transaction: false }),
  });
/** How many rows were counted so often. */
const counts = (): Promise<unknown> =>
  database.query('SELECT n, count(*)::int AS rows FROM counted GROUP BY n ORDER BY n');

it('continues after the last committed batch and fills each row once, although the rows do not show which are done', async () => {
  const how = { url: database.url, migrations: [fills({})] };
  const failed = await failureOf(using(how, (migrator) => migrator.run()));
  expect(failed.message).toMatch(/^Migration Fill1700000000001 failed at its statement 1: refused/);
  expect(failed.message).toMatch(/None of its statements is done.* the batches up to row \d+ are committed and stay/);
  const { result: now } = await using(how, (migrator) => migrator.status());
  expect(now.problems[0]?.message).toMatch(/after 0 statements and the batches of the next one up to row \d+: refused/);
  const [left, done] = (await counts()) as readonly { readonly rows: number }[];
  expect(left?.rows).toBeLessThan(5000);
  expect(done?.rows).toBeGreaterThanOrEqual(500);
  expect(await database.query('SELECT count(DISTINCT xmin::text) > 1 AS batches FROM counted WHERE n = 1')).toEqual([
    { batches: true },
  ]);
  await database.query('DROP TRIGGER refuse ON counted');
  // A row that is locked holds up its batch, no longer than the lock timeout at a time.
  const app = await database.client();
  await app.query('BEGIN; UPDATE counted SET b = b WHERE n = 0');
  const { events } = await using(
    {
      ...how,
      settings: { lockTimeout: '50ms' },
      onEvent: ({ type }) => void (type === 'retrying' && app.query('ROLLBACK')),
    },
    (migrator) => migrator.run(),
  );
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['resuming', 'retrying', 'progress']));
  expect(events).toContainEqual({
    type: 'resuming',
    migration: 'Fill1700000000001',
    statementsDone: 0,
    rows: done?.rows,
  });
  expect(await counts()).toEqual([{ n: 1, rows: 5000 }]);
});

it('starts again if the migration was edited in the meantime', async () => {
  await failureOf(using({ url: database.url, migrations: [fills({})] }, (migrator) => migrator.run()));
  await database.query('DROP TRIGGER refuse ON counted');
  await using({ url: database.url, migrations: [fills({ where: 'n = 0' })] }, (migrator) => migrator.run());
  expect(await counts()).toEqual([{ n: 1, rows: 5000 }]);
});

it('works with TypeORM alone, where it continues by its WHERE', async () => {
  const migrations = [fills({ where: 'filled IS NULL' })] as unknown as (new () => never)[];
  const dataSource = await new DataSource({ type: 'postgres', url: database.url, migrations }).initialize();
  try {
    await failureOf(dataSource.runMigrations({ transaction: 'each' }));
    expect((await counts()) as unknown[]).toHaveLength(2);
    await database.query('DROP TRIGGER refuse ON counted');
    await dataSource.runMigrations({ transaction: 'each' });
    expect(await counts()).toEqual([{ n: 1, rows: 5000 }]);
  } finally {
    await dataSource.destroy();
  }
});

it('is refused in a transaction, without a primary key, and with invalid options', async () => {
  const failing = async (made: ReturnType<typeof migration>): Promise<string> =>
    (await failureOf(using({ url: database.url, migrations: [made] }, (migrator) => migrator.run()))).message;
  expect(await failing(fills({}, 'in one transaction'))).toContain('each batch is a separate transaction');
  await database.query('ALTER TABLE counted DROP CONSTRAINT counted_pkey');
  expect(await failing(fills({}))).toContain('needs a primary key');
  const none = {} as QueryRunner;
  const odd = await failureOf(backfill(none, { table: 'counted', set: 'n = 1', batchSize: 0 }));
  expect(odd.message).toContain('batchSize');
});

itInFull('the server says how far a long statement has come', async () => {
  const app = await database.client();
  await app.query('BEGIN; UPDATE counted SET n = n WHERE a = 1');
  const index = migration('Index1700000000003', {
    up: ['CREATE INDEX CONCURRENTLY counted_n ON counted (n)'],
    transaction: false,
  });
  const { events } = await using(
    {
      url: database.url,
      migrations: [index],
      onEvent: ({ type }) => void (type === 'progress' && app.query('ROLLBACK')),
    },
    (migrator) => migrator.run(),
  );
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'progress',
      migration: 'Index1700000000003',
      what: expect.stringMatching(/^CREATE INDEX CONCURRENTLY .*, waiting for writers before build$/),
      unit: 'sessions',
      total: 1,
    }),
  );
});

itInFull('create --data writes a migration that lint has nothing against, and that a dry run executes', async () => {
  await database.query('DROP TRIGGER refuse ON counted');
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'tsconfig.json': '{}',
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.{ts,sql}'] });
`,
    'migrations/1700000000001-users.sql':
      '-- up\nCREATE TABLE users (id int PRIMARY KEY, country text);\n-- down\nDROP TABLE users;\n',
  });
  const cli = (...args: readonly string[]) =>
    runCli(args, { cwd: project.dir, env: { DATABASE_URL: database.url, FORCE_COLOR: '0' } });
  try {
    const { file } = JSON.parse((await cli('create', '--data', 'fill countries', '--json')).stdout) as {
      readonly file: string;
    };
    const text = project.read(file);
    project.write(file, text.replace(/^( +)\/\/ (await backfill)/m, '$1$2'));
    expect(project.read(file)).not.toBe(text);
    const dry = await cli('run', '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/UPDATE users SET country = 'DE'/)]);
    const lint = await cli('lint', '--all', '--json');
    expect(JSON.parse(lint.stdout)).toMatchObject({ findings: [] });
  } finally {
    project.remove();
  }
});
