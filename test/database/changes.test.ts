import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ContractPolicy } from '../../src/options.js';
import type { MigrationClass } from '../../src/files/migration.js';
import type { RevertOptions, RunOptions } from '../../src/commands/types.js';
import { runCli } from '../support/cli.js';
import { createDatabase, createRole } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';

const one = (name: string, phase: 'expand' | 'contract', up: string, down: string): MigrationClass =>
  migration(name, { phase, up: [up], down: [down] });
const column = (name: string, of: string, phase: 'expand' | 'contract' = 'expand'): MigrationClass =>
  one(name, phase, `ALTER TABLE t ADD ${of} int`, `ALTER TABLE t DROP ${of}`);

const init = one('Init1700000000000', 'expand', 'CREATE TABLE t (id int)', 'DROP TABLE t');
const age = [
  column('AddAgeStep11700000000011', 'age1'),
  column('AddAgeStep21700000000012', 'age2'),
  column('AddAge1700000000013', 'age3', 'contract'),
];
const size = [column('AddSizeStep11700000000021', 'size1'), column('AddSize1700000000022', 'size2')];
const later = column('AddLater1700000000031', 'later');
const all = [init, ...age, ...size, later];

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

/** The text of a file with empty migrations. */
const classesOf = (...names: readonly string[]): string =>
  names.map((name) => `exports.${name} = class ${name} { async up() {} async down() {} };\n`).join('');
const short = (name: string): string => name.slice(0, -13);
const ledger = async (): Promise<string> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => short(String(name))).join(' ');
const run = async (
  migrations: readonly (MigrationClass | string)[] = all,
  options: RunOptions = {},
  contract: ContractPolicy = 'immediately',
): Promise<{ readonly applied: string; readonly deferred: string }> => {
  const { result } = await using({ url: database.url, migrations, settings: { contract } }, (migrator) =>
    migrator.run(options),
  );
  return {
    applied: result.applied.map(({ name }) => short(name)).join(' '),
    deferred: result.deferred.map(short).join(' '),
  };
};
const revert = async (options: RevertOptions = {}, migrations: readonly (MigrationClass | string)[] = all) => {
  const { result, events } = await using({ url: database.url, migrations }, (migrator) => migrator.revert(options));
  const told = events.flatMap((event) => (event.type === 'warning' ? [event.code] : []));
  return {
    reverted: result.reverted.map(({ name }) => short(name)).join(' '),
    changes: result.changes.map(({ name, migrations: own, stay }) => `${short(name)} ${own.length} ${stay.length}`),
    told,
  };
};

describe('run', () => {
  it('counts changes', async () => {
    expect(await run(all, { count: 2 })).toMatchObject({ applied: 'Init AddAgeStep1 AddAgeStep2 AddAge' });
    expect(await run(all, { count: 1 })).toMatchObject({ applied: 'AddSizeStep1 AddSize' });
  });

  it('accepts a part of a name for the whole change', async () => {
    expect(await run(all, { to: 'AddAge' })).toMatchObject({ applied: 'Init AddAgeStep1 AddAgeStep2 AddAge' });
    expect(await run(all, { to: 'AddSizeStep1' })).toMatchObject({ applied: 'AddSizeStep1' });
  });
});

describe('revert', () => {
  it.each([
    ['the last change', {}, 'AddLater', ['AddLater 1 0']],
    ['--count counts changes', { count: 2 }, 'AddLater AddSize AddSizeStep1', ['AddLater 1 0', 'AddSize 2 0']],
    [
      '--step counts migrations',
      { count: 2, unit: 'step' as const },
      'AddLater AddSize',
      ['AddLater 1 0', 'AddSize 1 1'],
    ],
    ['--to a change, which stays', { to: 'AddAge' }, 'AddLater AddSize AddSizeStep1', ['AddLater 1 0', 'AddSize 2 0']],
  ])('%s', async (_title, options, reverted, changes) => {
    await run();
    expect(await revert(options)).toEqual({ reverted, changes, told: [] });
    expect(await ledger()).toBe(
      `Init AddAgeStep1 AddAgeStep2 AddAge AddSizeStep1 AddSize AddLater`
        .split(' ')
        .slice(0, 7 - reverted.split(' ').length)
        .join(' '),
    );
  });

  it('continues with a change of which one step was already reverted', async () => {
    await run();
    await revert({ to: 'AddSize' });
    await revert({ unit: 'step' });
    expect(await revert()).toEqual({ reverted: 'AddSizeStep1', changes: ['AddSize 1 0'], told: [] });
  });

  it('reverts only the part after other changes, reports that, and forgets that it was deferred', async () => {
    const v1 = [init, ...age];
    await run([init]);
    expect(await run(v1, {}, 'next-deploy')).toEqual({ applied: 'AddAgeStep1 AddAgeStep2', deferred: 'AddAge' });
    await run([...v1, ...size], { phase: 'expand' }, 'next-deploy');
    await run([...v1, ...size], { phase: 'contract' }, 'next-deploy');
    expect(await ledger()).toBe('Init AddAgeStep1 AddAgeStep2 AddSizeStep1 AddSize AddAge');
    expect(await revert({}, [...v1, ...size])).toEqual({
      reverted: 'AddAge',
      changes: ['AddAge 1 2'],
      told: ['REVERTED_IN_PART'],
    });
    // The deferral was used up: it is met as if for the first time.
    expect(await run([...v1, ...size], {}, 'next-deploy')).toEqual({ applied: '', deferred: 'AddAge' });
    expect(await revert({ count: 2 }, [...v1, ...size])).toMatchObject({
      reverted: 'AddSize AddSizeStep1 AddAgeStep2 AddAgeStep1',
    });
    const [note] = await database.query(`SELECT count(*)::int AS notes FROM migrations_log WHERE state = 'deferred'`);
    expect(note?.['notes']).toBeGreaterThan(0);
    expect(await run(v1, {}, 'next-deploy')).toEqual({ applied: 'AddAgeStep1 AddAgeStep2', deferred: 'AddAge' });
    expect(await run([...v1, ...size], {}, 'next-deploy')).toEqual({
      applied: 'AddAge AddSizeStep1 AddSize',
      deferred: '',
    });
  });

  it.each(['addage', '1700000000003-AddAge.ts', 'dist/migrations/1700000000003-AddAge.js', 'AddAge'])(
    '--to accepts the usual names: %s',
    async (to) => {
      const project = createProject({
        'migrations/1700000000001-Init.js': classesOf('Init1700000000001'),
        'migrations/1700000000003-AddAge.js': classesOf('AddAgeStep11700000000002', 'AddAge1700000000003'),
        'migrations/1700000000004-AddAgeGroup.js': classesOf('AddAgeGroup1700000000004'),
      });
      const migrations = [`${project.dir}/migrations/*.js`];
      expect((await run(migrations, { to })).applied).toBe('Init AddAgeStep1 AddAge');
      await run(migrations);
      expect((await revert({ to }, migrations)).reverted).toBe('AddAgeGroup');
      project.remove();
    },
  );

  it('redo does the same, and applies it again', async () => {
    await run();
    const { result } = await using({ url: database.url, migrations: all }, (migrator) => migrator.redo({ count: 2 }));
    expect(result.reverted.map(({ name }) => short(name)).join(' ')).toBe('AddLater AddSize AddSizeStep1');
    expect(result.applied.map(({ name }) => short(name)).join(' ')).toBe('AddSizeStep1 AddSize AddLater');
    const step = await using({ url: database.url, migrations: all }, (migrator) => migrator.redo({ unit: 'step' }));
    expect(step.result.applied).toHaveLength(1);
  });
});

it('status groups migrations by change, for programs and for people', async () => {
  const text = (name: string, phase: string, up: string, down: string): string =>
    `exports.${name} = class ${name} { static phase = '${phase}';
       async up(queryRunner) { await queryRunner.query('${up}'); }
       async down(queryRunner) { await queryRunner.query('${down}'); } };\n`;
  const project = createProject({
    'package.json': '{ "name": "app" }',
    '.env': `DATABASE_URL=${database.url}\n`,
    'data-source.js': `const { defineDataSource } = require('nest-migrate/data-source');
module.exports = defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.js'] });`,
    'migrations/1700000000000-Init.js': text('Init1700000000000', 'expand', 'CREATE TABLE t (id int)', 'DROP TABLE t'),
    'migrations/1700000000013-AddAge.js':
      text('AddAgeStep11700000000011', 'expand', 'ALTER TABLE t ADD a int', 'ALTER TABLE t DROP a') +
      text('AddAgeStep21700000000012', 'expand', 'ALTER TABLE t ADD b int', 'ALTER TABLE t DROP b') +
      text('AddAge1700000000013', 'contract', 'ALTER TABLE t DROP a', 'ALTER TABLE t ADD a int'),
  });
  const cli = async (...args: string[]) => (await runCli(args, { cwd: project.dir })).stdout;
  const lines = async (): Promise<readonly string[]> =>
    (await cli('status'))
      .split('\n')
      .map((line) => line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}\d+ ms/, '<when>'));
  expect((await lines()).slice(0, 2)).toEqual([
    '○ Init1700000000000    pending',
    '○ AddAge1700000000013  pending  (3 steps)',
  ]);
  await cli('run', '--count', '1');
  await cli('run', '--phase', 'expand', '--contract', 'next-deploy');
  expect(JSON.parse(await cli('status', '--json'))).toMatchObject({
    changes: [
      { name: 'Init1700000000000', state: 'applied', migrations: ['Init1700000000000'] },
      { name: 'AddAge1700000000013', state: 'applied in part', migrations: age.map(({ name }) => name) },
    ],
  });
  const partly = (await runCli(['status', '--contract', 'next-deploy'], { cwd: project.dir })).stdout;
  expect(
    partly
      .split('\n')
      .slice(0, 5)
      .map((line) => line.replace(/\d{4}-.* ms/, '<when>')),
  ).toEqual([
    '✔ Init1700000000000           <when>',
    '◐ AddAge1700000000013         2 of 3 steps applied',
    '  ✔ AddAgeStep11700000000011  <when>',
    '  ✔ AddAgeStep21700000000012  <when>',
    '  ◌ AddAge1700000000013       deferred, waits for the next deploy',
  ]);
  await cli('run', '--phase', 'all');
  expect((await lines()).slice(0, 2)).toEqual([
    '✔ Init1700000000000    <when>',
    '✔ AddAge1700000000013  <when>  (3 steps)',
  ]);
  expect(JSON.parse(await cli('revert', '--json'))).toMatchObject({
    reverted: [
      { name: 'AddAge1700000000013' },
      { name: 'AddAgeStep21700000000012' },
      { name: 'AddAgeStep11700000000011' },
    ],
    changes: [{ name: 'AddAge1700000000013', stay: [] }],
  });
  project.remove();
});

describe('a log of version 0.1', () => {
  // As 0.1.1 wrote it.
  const created = `CREATE TABLE migrations_log ("id" bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, "migration" character varying NOT NULL,
    "direction" character varying NOT NULL, "state" character varying NOT NULL, "batch" integer NOT NULL, "transactional" boolean NOT NULL,
    "checksum" character varying, "statements_done" integer NOT NULL DEFAULT 0, "statements_hash" character varying, "in_doubt" text,
    "started_at" timestamp with time zone NOT NULL DEFAULT clock_timestamp(), "finished_at" timestamp with time zone, "duration_ms" integer,
    "host" character varying NOT NULL, "pid" integer NOT NULL, "role" character varying NOT NULL DEFAULT current_user, "error" text,
    "newest" character varying)`;
  const written = `INSERT INTO migrations_log (migration, direction, batch, transactional, checksum, host, pid, state, started_at, finished_at, duration_ms)
    VALUES ('Init1700000000000', 'up', 1, true, NULL, 'old', 1, 'applied', clock_timestamp(), clock_timestamp(), 3)`;
  const recorded = (): Promise<Record<string, unknown>[]> =>
    database.query(
      `SELECT migration, change, xid IS NOT NULL AS xid FROM migrations_log WHERE state IN ('applied', 'deferred') ORDER BY id`,
    );

  beforeEach(async () => {
    await database.query(
      'CREATE TABLE migrations (id SERIAL PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL)',
    );
    await database.query(`INSERT INTO migrations ("timestamp", name) VALUES (1700000000000, 'Init1700000000000')`);
    await database.query('CREATE TABLE t (id int)');
    await database.query(created);
    await database.query(written);
  });

  it('is upgraded by the first run with pending migrations, and processes of 0.1 continue to write to it', async () => {
    const columns = async (): Promise<unknown> =>
      (
        await database.query(
          `SELECT count(*)::int AS n FROM information_schema.columns WHERE table_name = 'migrations_log'`,
        )
      )[0]?.['n'];
    expect(await run([init])).toMatchObject({ applied: '' });
    expect(await columns()).toBe(18);
    expect(await run([init, ...age], {}, 'next-deploy')).toEqual({
      applied: 'AddAgeStep1 AddAgeStep2',
      deferred: 'AddAge',
    });
    await database.query(written);
    const change = 'AddAge1700000000013';
    expect(await recorded()).toEqual([
      { migration: 'Init1700000000000', change: null, xid: false },
      { migration: age[0]?.name, change, xid: true },
      { migration: age[1]?.name, change, xid: true },
      { migration: age[2]?.name, change, xid: false },
      { migration: 'Init1700000000000', change: null, xid: false },
    ]);
    // As 0.2 created it.
    await database.query('ALTER TABLE migrations_log DROP COLUMN service');
    expect(await revert({}, [init, ...age])).toMatchObject({ reverted: 'AddAgeStep2 AddAgeStep1' });
    expect(await columns()).toBe(22);
  });

  it('is upgraded by one of several processes that start at once', async () => {
    const all = await Promise.all([1, 2, 3, 4].map(() => run([init, ...age])));
    expect(all.map(({ applied }) => applied).filter(Boolean)).toEqual(['AddAgeStep1 AddAgeStep2 AddAge']);
    expect((await recorded()).map(({ change }) => change)).toEqual([null, ...age.map(() => 'AddAge1700000000013')]);
  });

  it.each([
    [
      'a role that may not alter it',
      'role',
      'this role may not alter it. As its owner: ALTER TABLE "migrations_log" ADD COLUMN',
    ],
    ['another session that reads it', 'session', 'The next run tries again.'],
  ])('%s: the migrations run, and the next step is reported', async (_who, how, says) => {
    const role = await createRole();
    await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role.name}`);
    await database.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role.name}`);
    await database.query(`GRANT CREATE ON SCHEMA public TO ${role.name}`);
    const reader = await database.client();
    if (how === 'session') await reader.query('BEGIN; SELECT FROM migrations_log');
    const url = how === 'role' ? database.urlFor(role.name, role.password) : database.url;
    const migrations = [init, one('Other1700000000050', 'expand', 'CREATE TABLE other (id int)', 'DROP TABLE other')];
    const { result, events } = await using({ url, migrations, settings: { lockTimeout: 100 } }, (migrator) =>
      migrator.run(),
    );
    expect(result.applied).toMatchObject([{ name: 'Other1700000000050' }]);
    const warning = events.find((event) => event.type === 'warning' && event.code === 'LOG_NOT_UPGRADED');
    expect(warning).toMatchObject({ message: expect.stringContaining(says) as unknown });
    await reader.query('ROLLBACK');
    await using({ url: database.url, migrations }, (migrator) => migrator.revert());
    await run(migrations);
    expect((await recorded()).at(-1)).toEqual({
      migration: 'Other1700000000050',
      change: 'Other1700000000050',
      xid: true,
    });
    await database.query(`DROP OWNED BY ${role.name}`);
    await role.drop();
  });
});
