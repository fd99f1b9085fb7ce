import { readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { runCli, startNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Step } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, sample } from '../support/sample.js';

const name = 'AddMood1700000000001';
const commits: readonly Step[] = [
  (queryRunner: QueryRunner) => queryRunner.commitTransaction(),
  (queryRunner: QueryRunner) => queryRunner.startTransaction(),
];
// PostgreSQL refuses a new value of an enum in the transaction that has added it.
const uses = [
  `CREATE TYPE mood AS ENUM ('good')`,
  'CREATE TABLE days (mood mood)',
  ...commits,
  `ALTER TYPE mood ADD VALUE 'bad'`,
  ...commits,
  `INSERT INTO days VALUES ('bad')`,
];

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const run = (up: readonly Step[], more: object = {}) =>
  using(
    { url: database.url, migrations: [migration(name, { up, down: [...commits, 'DROP TABLE days'] })], ...more },
    (migrator) => migrator.run(),
  );

it('a migration sets the isolation level of its transaction first, as without the statements of a run around it', async () => {
  const keep = `INSERT INTO levels SELECT current_setting('transaction_isolation')`;
  await run([
    '/* first */ SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ WRITE',
    'CREATE TABLE levels (level text)',
    keep,
    (queryRunner) => queryRunner.commitTransaction(),
    (queryRunner) => queryRunner.startTransaction('SERIALIZABLE'),
    keep,
  ]);
  expect(await database.query('SELECT level FROM levels')).toEqual([
    { level: 'repeatable read' },
    { level: 'serializable' },
  ]);
  expect(await database.query('SELECT name FROM migrations')).toEqual([{ name }]);
});

it('a migration that sets the level too late fails, as with TypeORM', async () => {
  const late = run(['CREATE TABLE levels (level text)', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE']);
  expect((await failureOf(late)).message).toContain('must be called before any query (25001)');
});

describe('a migration that commits with its query runner and starts another transaction', () => {
  it('is applied and recorded, and can be reverted', async () => {
    await run(uses);
    expect(await database.query('SELECT mood FROM days')).toEqual([{ mood: 'bad' }]);
    expect(await database.query('SELECT name FROM migrations')).toEqual([{ name }]);
    expect(await database.query('SELECT migration, state FROM migrations_log')).toEqual([
      { migration: name, state: 'applied' },
    ]);
    await using(
      { url: database.url, migrations: [migration(name, { up: [], down: [...commits, 'DROP TABLE days'] })] },
      (migrator) => migrator.revert(),
    );
    expect(await database.query('SELECT name FROM migrations')).toEqual([]);
  });

  it('opens savepoints as before while a transaction is open', async () => {
    await run([
      'CREATE TABLE days (mood text)',
      (queryRunner) => queryRunner.startTransaction(),
      `INSERT INTO days VALUES ('bad')`,
      (queryRunner) => queryRunner.rollbackTransaction(),
    ]);
    expect(await database.query('SELECT * FROM days')).toEqual([]);
  });

  it('has the lock timeout in each of them, and is not repeated after it has committed', async () => {
    await database.query('CREATE TABLE taken ()');
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    // If the second transaction has no lock timeout, the test fails instead of waiting forever.
    holder.on('error', () => undefined);
    await holder.query(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = '5s'; LOCK TABLE taken`);
    const error = await failureOf(
      run(['CREATE TABLE days ()', ...commits, 'DROP TABLE taken'], {
        settings: { lockTimeout: '200ms', retryFor: '10s' },
      }),
    );
    await holder.end();
    expect([error.message, error.next]).toEqual([
      expect.stringMatching(/lock timeout[^]*It commits by itself\. Its first 2 statements are done and stay\.$/),
      expect.stringContaining('it continues at statement 3'),
    ]);
    expect(await database.query('SELECT state, statements_done FROM migrations_log')).toEqual([
      { state: 'failed', statements_done: 2 },
    ]);
    await run(['CREATE TABLE days ()', ...commits, 'DROP TABLE taken']);
    expect(await database.query('SELECT state, statements_done FROM migrations_log')).toEqual([
      { state: 'applied', statements_done: 2 },
    ]);
  });

  it('may leave out the second transaction, or roll back the first', async () => {
    const statements = ['CREATE TABLE days ()', 'CREATE INDEX CONCURRENTLY ON migrations (name)', 'SELECT 1 / 0'];
    const [first = '', second = '', third = ''] = statements;
    const commit: Step = (queryRunner) => queryRunner.commitTransaction();
    const failed = await failureOf(run([first, commit, second, third]));
    expect(failed.next).toContain('it continues at statement 4');
    const { events } = await run([first, commit, second, 'SELECT 1']);
    expect(events).toContainEqual({ type: 'resuming', migration: name, statementsDone: 3 });
    const again = migration('Again1700000000002', {
      up: ['CREATE TABLE nights ()', (queryRunner) => queryRunner.rollbackTransaction(), 'CREATE TABLE noons ()'],
    });
    await using({ url: database.url, migrations: [again] }, (migrator) => migrator.run());
    expect(
      await database.query(`SELECT relname FROM pg_class WHERE relname IN ('days', 'nights', 'noons') ORDER BY 1`),
    ).toEqual([{ relname: 'days' }, { relname: 'noons' }]);
    expect(await database.query('SELECT state FROM migrations_log')).toEqual([
      { state: 'applied' },
      { state: 'applied' },
    ]);
  });

  it.each([
    [
      'around an index',
      ['CREATE TABLE days (n int)', 'COMMIT;', 'CREATE INDEX CONCURRENTLY later ON days (n)', 'BEGIN;'],
    ],
    ['around VACUUM', ['CREATE TABLE days (n int)', '/* now */ commit work', 'vacuum days;', 'COMMIT']],
    ['in one message', ['BEGIN; CREATE TABLE days (n int); COMMIT; CREATE INDEX CONCURRENTLY later ON days (n);']],
    ['at its end', ['CREATE TABLE days (n int)', 'END TRANSACTION']],
    ['as a rollback', ['CREATE TABLE nights ()', 'ROLLBACK', 'BEGIN', 'CREATE TABLE days (n int)']],
  ])('may do so in its SQL: %s', async (_where, up) => {
    const failed = await failureOf(run([...up, 'SELECT 1 / 0']));
    expect(failed.message).toMatch(/division by zero[^]*It commits by itself\./);
    await run([...up, 'SELECT 1']);
    expect(await database.query('SELECT state FROM migrations_log')).toEqual([{ state: 'applied' }]);
    expect(await database.query('SELECT name FROM migrations')).toEqual([{ name }]);
    expect(
      await database.query(`SELECT to_regclass('days') IS NULL AS missing, to_regclass('nights') AS lost`),
    ).toEqual([{ missing: false, lost: null }]);
  });

  it('fails as before if its first COMMIT fails, and the log says so', async () => {
    const deferred = [
      'CREATE TABLE days (id int PRIMARY KEY, before int REFERENCES days DEFERRABLE INITIALLY DEFERRED)',
      'INSERT INTO days VALUES (1, 2)',
    ];
    const error = await failureOf(run([...deferred, ...commits]));
    expect(error.message).toMatch(/violates foreign key[^]*It commits by itself\. None of its statements is done\.$/);
    expect(await database.query('SELECT state FROM migrations_log')).toEqual([{ state: 'failed' }]);
    await run([...deferred, 'INSERT INTO days VALUES (2, 1)', ...commits]);
    expect(await database.query('SELECT name FROM migrations')).toEqual([{ name }]);
  });

  it('or, without a transaction, in a block, of which the error does not say that nothing was done', async () => {
    const block = 'DO $$ BEGIN CREATE TABLE days (); COMMIT; PERFORM 1 / 0; END $$';
    const whole = migration(name, { transaction: false, up: [block] });
    const error = await failureOf(using({ url: database.url, migrations: [whole] }, (migrator) => migrator.run()));
    expect(error.message).toMatch(/None of its statements is done\. What statement 1 has committed by itself stays\.$/);
    expect(await database.query(`SELECT to_regclass('days') IS NOT NULL AS stays`)).toEqual([{ stays: true }]);
  });

  it('cannot share its transaction with other migrations', async () => {
    const before = migration('Before1700000000000', { up: ['CREATE TABLE nights ()'] });
    const migrations = [before, migration(name, { up: uses })];
    const error = await failureOf(
      using({ url: database.url, migrations }, (migrator) => migrator.run({ transaction: 'all' })),
    );
    expect([error.code, error.message]).toEqual(['USAGE', expect.stringContaining(`${name} commits its transaction`)]);
    expect(await database.query('SELECT name FROM migrations')).toEqual([]);
  });

  it('is executed by a dry run with savepoints, and without a warning', async () => {
    const { result, events } = await using(
      { url: database.url, migrations: [migration(name, { up: uses })] },
      (migrator) => migrator.run({ mode: 'dry' }),
    );
    expect(result.statements?.map(({ sql, executed }) => [sql, executed])).toEqual([
      [`CREATE TYPE mood AS ENUM ('good')`, true],
      ['CREATE TABLE days (mood mood)', true],
      ['COMMIT', false],
      ['START TRANSACTION', false],
      [`ALTER TYPE mood ADD VALUE 'bad'`, true],
      ['COMMIT', false],
      ['START TRANSACTION', false],
      [`INSERT INTO days VALUES ('bad')`, expect.any(Boolean)],
    ]);
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
  });
});

describe('kill -9', () => {
  let project: TestProject;
  beforeAll(() => {
    project = createProject({
      'package.json': '{ "name": "mood", "type": "module" }',
      'data-source.js': `export default { type: 'postgres', url: process.env.URL, migrations: ['migrations/*.js'] };`,
      'migrations/1700000000001-AddMood.js': `export class ${name} {
  async up(runner) {
    await runner.query("CREATE TYPE mood AS ENUM ('good')");
    await runner.query('CREATE TABLE days (mood mood)');
    await runner.commitTransaction();
    await runner.startTransaction();
    await runner.query("ALTER TYPE mood ADD VALUE 'bad'");
    await runner.commitTransaction();
    await runner.query('CREATE INDEX CONCURRENTLY moods ON days (mood)');
    await runner.startTransaction();
    await runner.query("INSERT INTO days VALUES ('bad')");
  }
}`,
    });
  });
  afterAll(() => project.remove());

  it.each(sample(['before', 'during'], 2))(
    '%s a statement: the next run continues',
    async (when) => {
      const last = Number(await dying(database, 'never', 0));
      const points = full ? Array.from({ length: last }, (_, n) => n + 1) : [3, 6, 12].map((n) => last - n);
      for (const at of points) {
        const own = await createDatabase();
        const where = `${when} ${at}: ${await dying(own, when, at)}`;
        const { code, stderr } = await runCli(['run'], { cwd: project.dir, env: { URL: own.url } });
        const days = await own.query('SELECT mood FROM days').catch(() => undefined);
        const unfinished = await own.query(`SELECT state, error FROM migrations_log WHERE state <> 'applied'`);
        await own.drop();
        expect({ where, code, stderr: code === 0 ? '' : stderr, days, unfinished }).toEqual({
          where,
          code: 0,
          stderr: '',
          days: [{ mood: 'bad' }],
          unfinished: [],
        });
      }
    },
    3_600_000,
  );

  /** Runs the migration until the command dies, and returns what it wrote of that: the statement, or how many there are. */
  async function dying({ url }: TestDatabase, when: string, at: number): Promise<string> {
    const log = join(project.dir, 'killed-at');
    rmSync(log, { force: true });
    const args = ['--import', resolve('test/generate/kill-at.mjs'), resolve('dist/esm/cli/main.js'), 'run'];
    const env = { URL: url, KILL_WHEN: when, KILL_AT: String(at), KILL_LOG: log };
    const { signal, stderr } = await startNode(args, { cwd: project.dir, env }).result;
    if (signal !== 'SIGKILL' && when !== 'never') throw new Error(`It did not die: ${stderr}`);
    return readFileSync(log, 'utf8');
  }
});
