import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { MigrateEvent, RunningMigration } from '../../src/index.js';
import { createMigrator } from '../../src/migrator.js';
import { backfill } from '../../src/index.js';
import { backfillLines } from '../../src/sql/index.js';
import { runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import { itInFull } from '../support/sample.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  // A millisecond for each row, and more.
  await database.query(`CREATE SCHEMA shop; CREATE TABLE shop."Order" (id int PRIMARY KEY, country text, pad text) WITH (fillfactor = 30);
    INSERT INTO shop."Order" SELECT i, NULL, repeat('x', 100) FROM generate_series(1, 2500) AS i; ANALYZE shop."Order";
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.001); RETURN new; END';
    CREATE TRIGGER slow BEFORE UPDATE ON shop."Order" FOR EACH ROW EXECUTE FUNCTION slow()`);
});
afterEach(() => database.drop());

const filled = { table: 'shop."Order"', set: "country = 'DE'", unfilled: 'country IS NULL' };
const block = (rounds: 'one' | 'until none is left'): string =>
  `DO $backfill$\n${backfillLines({ ...filled, alias: undefined, rounds }).join('\n')}\n$backfill$`;
const fill = (up: Parameters<typeof migration>[1]['up']): MigrationClass =>
  migration('Fill1700000000001', { up, transaction: false });

/** Runs it, while another process asks for its status again and again. */
async function watch(
  ...made: readonly MigrationClass[]
): Promise<{ running: readonly RunningMigration[]; events: MigrateEvent[] }> {
  const events: MigrateEvent[] = [];
  const dataSource = new DataSource({ type: 'postgres', url: database.url, migrations: [...made] });
  await dataSource.initialize();
  const migrator = createMigrator({ dataSource, onEvent: (event) => void events.push(event) });
  const running: RunningMigration[] = [];
  const run = migrator.run({ transaction: made.length > 1 ? 'all' : 'each' });
  const isOver = run.then(
    () => true,
    () => true,
  );
  try {
    while (!(await Promise.race([isOver, sleep(200, false)]))) {
      const { result } = await using({ url: database.url, migrations: made }, (other) => other.status());
      running.push(...(result.running ?? []));
      expect(result.problems).toEqual([]);
    }
    await run;
    expect(await dataSource.query('SHOW application_name')).toEqual([{ application_name: '' }]);
  } finally {
    await migrator.close();
    await dataSource.destroy();
  }
  return { running, events };
}

it.each<[string, MigrationClass, 'blocks' | 'rows', string]>([
  ['a generated backfill', fill([block('until none is left')]), 'blocks', 'backfill of shop."Order"'],
  [
    'backfill()',
    fill([(queryRunner) => backfill(queryRunner, { table: filled.table, set: filled.set, batchSize: 50 })]),
    'rows',
    'backfill of shop."Order"',
  ],
])('%s reports its progress, here and to other processes', async (_title, made, unit, what) => {
  const { running, events } = await watch(made);
  const told = events.flatMap((event) => (event.type === 'progress' ? event : []));
  expect(told[0]).toMatchObject({ migration: 'Fill1700000000001', what, unit, rate: expect.any(Number) });
  // On a busy machine, the last look may come before the first batch or after the last one.
  const seen = running.findLast(({ done }) => done > 0);
  for (const one of [told.at(-1), seen]) {
    const { done = 0, total = 0, rows = done, rate = 0 } = one ?? {};
    expect([done > 0, done <= total, rows > 300, rows <= 2500, rate > 10, rate < 1000]).toEqual(Array(6).fill(true));
  }
  expect(seen).toMatchObject({ name: 'Fill1700000000001', direction: 'up', what, unit });
  expect(seen?.leftMs).toBeGreaterThanOrEqual(0);
  expect(await database.query('SELECT count(country)::int AS n FROM shop."Order"')).toEqual([{ n: 2500 }]);
});

it('between two batches, a backfill is not taken for one that has stopped, and it is never done too early', async () => {
  // Nothing is known of the number of its rows.
  await database.query(`CREATE TABLE fresh (id int PRIMARY KEY, done boolean) WITH (autovacuum_enabled = off);
    INSERT INTO fresh SELECT i FROM generate_series(1, 3000) AS i`);
  const made = fill([
    (queryRunner) => backfill(queryRunner, { table: 'fresh', set: 'done = true', batchSize: 500, pause: '400ms' }),
  ]);
  const { running, events } = await watch(made);
  expect(running.map(({ what }) => what)).toContain('between two statements');
  expect(running.every(({ name, direction }) => name === 'Fill1700000000001' && direction === 'up')).toBe(true);
  const told = events.flatMap((event) => (event.type === 'progress' ? event : []));
  expect(told.length).toBeGreaterThan(1);
  for (const { done, total } of told.slice(0, -1)) expect(total === 0 || done < total).toBe(true);
  expect(told.at(-1)).toMatchObject({ done: 3000, total: 3000, leftMs: 0 });
});

it('a statement without progress reports of the server is shown with its duration', async () => {
  const made = migration('Slow1700000000001', { up: [`/* a */ SELECT pg_sleep(1.5)`] });
  const { running } = await watch(made);
  // The last look may see the statement that records it.
  const seen = running.findLast(({ what }) => what === '/* a */ SELECT pg_sleep(1.5)');
  expect(seen).toMatchObject({ name: 'Slow1700000000001', direction: 'up', total: 0 });
  expect(seen?.elapsedMs).toBeGreaterThan(500);
});

it('of several migrations in one transaction, the one that runs now is seen', async () => {
  const names = ['One1700000000001', 'Two1700000000002', 'Three1700000000003'];
  const { running } = await watch(...names.map((name) => migration(name, { up: ['SELECT pg_sleep(0.7)'] })));
  expect([...new Set(running.map(({ name }) => name))]).toEqual(names);
});

itInFull('an index that is built concurrently is seen by the statement that the log names', async () => {
  const app = await database.client();
  await app.query('BEGIN; INSERT INTO shop."Order" VALUES (0)');
  const made = migration('Index1700000000001', {
    up: ['CREATE INDEX CONCURRENTLY by_country ON shop."Order" (country)'],
    transaction: false,
  });
  const watched = watch(made);
  await sleep(1500);
  await app.query('ROLLBACK');
  expect((await watched).running[0]).toMatchObject({
    name: 'Index1700000000001',
    direction: 'up',
    what: expect.stringMatching(/^CREATE INDEX CONCURRENTLY .*, waiting for writers before build$/),
    unit: 'sessions',
  });
});

itInFull('and is told every ten seconds', async () => {
  const made = migration('Slow1700000000001', { up: ['SELECT pg_sleep(12)'] });
  const { events } = await watch(made);
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'progress',
      migration: 'Slow1700000000001',
      what: 'SELECT pg_sleep(12)',
      total: 0,
    }),
  );
});

itInFull('a terminal shows a bar', async () => {
  const project = createProject({
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.sql'] });
`,
    'migrations/1700000000001-Fill.sql': `-- transaction: false\n-- up\n${block('one')};\n`,
  });
  try {
    const terminal = ['--import', resolve('test/support/terminal.mjs'), resolve('dist/esm/cli/main.js')];
    const env = { DATABASE_URL: database.url, TERM: 'xterm', NO_COLOR: '1' };
    const { code, stderr } = await runNode([...terminal, 'run'], { cwd: project.dir, env });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(
        /█+░+ Fill1700000000001: backfill of shop."Order", \d+ rows \(\d+ %\), \d+\s+rows\/s,\s+about/,
      ),
    ]);
  } finally {
    project.remove();
  }
});
