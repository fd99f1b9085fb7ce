import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { Survey } from '../../src/commands/context.js';
import { lostLedgerOf } from '../../src/commands/lost-ledger.js';
import { readLedger } from '../../src/database/ledger.js';
import { tablesOf } from '../../src/database/tables.js';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase, serverLog } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, sample } from '../support/sample.js';

const [users, pets] = ['CreateUsers1700000000001', 'CreatePets1700000000002'];
const sql = (table: string): string => `-- up\nCREATE TABLE ${table} (id int);\n-- down\nDROP TABLE ${table};\n`;

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.{ts,sql}'] });
`,
    '.env': `DATABASE_URL=${database.url}\n`,
    'migrations/1700000000001-CreateUsers.sql': sql('users'),
    'migrations/1700000000002-CreatePets.sql': sql('pets'),
  });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

const cli = (...args: string[]) => runCli(args, { cwd: project.dir });
const names = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

describe('a migration with two rows in the ledger, as two processes of TypeORM leave it', () => {
  const twice = (name: string) =>
    database.query(
      `INSERT INTO migrations (timestamp, name) SELECT timestamp, name FROM migrations WHERE name = $1 LIMIT 1`,
      [name],
    );

  it('counts once, is reported with the statement that repairs it, and is reverted like any other', async () => {
    await cli('run');
    await twice(pets);
    await twice(users);
    await twice(users);
    const { code, stdout } = await cli('status', '--check');
    expect([code, stdout.match(/^✔/gm)]).toEqual([3, ['✔', '✔']]);
    expect(stdout).toContain(`! ${users} is recorded 3 times in "migrations"`);
    expect(stdout).toContain(`! ${pets} is recorded twice in "migrations"`);
    const { applied, problems } = JSON.parse((await cli('status', '--json')).stdout);
    expect(applied.map(({ name }: { name: string }) => name)).toEqual([users, pets]);
    expect(problems).toMatchObject([
      { code: 'LEDGER_DUPLICATE', migration: users },
      { code: 'LEDGER_DUPLICATE', migration: pets },
    ]);
    expect((await cli('run')).stdout).toBe('Nothing to do: nothing is pending.\n');
    // What is told to be typed.
    await database.query(/: (DELETE .*;)$/.exec(problems[0].message)?.[1] ?? '');
    expect(await names()).toEqual([users, pets, pets]);
    const reverted = await cli('revert');
    expect([reverted.code, reverted.stderr]).toEqual([0, expect.stringContaining(`✔ ${pets} reverted`)]);
    expect(await names()).toEqual([users]);
    expect((await cli('run')).code).toBe(0);
    expect(await names()).toEqual([users, pets]);
  });

  it.each([
    ['each on its own', {}, undefined],
    ['without a transaction', { transaction: false }, undefined],
    ['by name only', {}, 'fake'],
  ] as const)('is reverted in the order of the first rows: %s', async (_title, description, mode) => {
    const migrations = [users, pets].map((name, index) =>
      migration(name, { ...description, up: [`CREATE TABLE t${index} ()`], down: [`DROP TABLE t${index}`] }),
    );
    const how = { url: database.url, migrations };
    await using(how, (migrator) => migrator.run());
    await twice(users);
    const { result } = await using(how, (migrator) => migrator.revert({ which: 'all', mode }));
    expect(result.reverted.map(({ name }) => name)).toEqual([pets, users]);
    expect(await names()).toEqual([]);
  });
});

it('is suspected to be another table if that one lists the pending migrations', async () => {
  await cli('run');
  await database.query(`ALTER TABLE migrations RENAME TO "Old-ledger"`);
  const refused = await cli('run');
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining(
      "✖ Nothing was run: 2 of the pending migrations are in the table Old-ledger, so perhaps they are applied already; the data source names the table migrations.\n→ If so, set migrationsTableName: 'Old-ledger' in",
    ),
  ]);
  const { problems } = JSON.parse((await cli('status', '--json')).stdout);
  expect(problems).toMatchObject([{ code: 'OTHER_LEDGER', migration: null }]);
  // A tenant has a schema with a ledger of its own.
  await database.query(
    'CREATE SCHEMA tenant; ALTER TABLE "Old-ledger" SET SCHEMA tenant; DROP TABLE users, pets, migrations_log',
  );
  expect((await cli('run')).code).toBe(0);
});

it.each(
  sample(
    [
      ['the table is missing', 'DROP TABLE migrations'],
      ['its rows are missing', 'TRUNCATE migrations'],
    ],
    2,
  ),
)('is suspected to be lost if the log lists pending migrations as applied: %s', async (_title, sql) => {
  await cli('run');
  await database.query(sql);
  const refused = await cli('run');
  const said =
    '2 of the 2 pending migrations are applied according to the table migrations_log, but the table migrations lists none';
  expect([refused.code, refused.stderr]).toEqual([
    1,
    `✖ Nothing was run: ${said}. Perhaps its rows were lost.
→ If what they have created is there, record them again: nest-migrate run --fake --to ${pets}
  If it is gone, too, empty the log: TRUNCATE "migrations_log"
More: nest-migrate help LEDGER_LOST
`,
  ]);
  const { problems } = JSON.parse((await cli('status', '--json')).stdout);
  expect(problems).toMatchObject([{ code: 'LEDGER_LOST', migration: null, message: expect.stringContaining(said) }]);
  // What is told to be typed.
  expect((await cli('run', '--fake', '--to', pets)).code).toBe(0);
  expect((await cli('run')).stdout).toBe('Nothing to do: nothing is pending.\n');
  await database.query(`${sql}; DROP TABLE users, pets; TRUNCATE "migrations_log"`);
  expect((await cli('run')).code).toBe(0);
});

it('is not suspected to be lost if another process has applied the migrations since it was read', async () => {
  const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
  const [tables, client] = [
    tablesOf(dataSource),
    { query: async (sql: string) => ({ rows: await dataSource.query(sql), rowCount: null }) },
  ];
  await cli('run');
  await database.query('CREATE TABLE read_before AS TABLE migrations; TRUNCATE migrations');
  const state = await readLedger(client, tables);
  const before = { state, foreign: [], pending: [{ name: users }, { name: pets }] } as unknown as Survey;
  expect((await lostLedgerOf(before, client, { tables }))?.names).toEqual([users, pets]);
  await database.query('INSERT INTO migrations TABLE read_before');
  expect(await lostLedgerOf(before, client, { tables })).toBeUndefined();
  await dataSource.destroy();
});

it('is suspected to be in another schema if the search path, which a dump does not contain, leads to public', async () => {
  await database.query('CREATE SCHEMA shop');
  const name = database.url.split('/').at(-1);
  await database.query(`ALTER DATABASE ${name} SET search_path TO shop`);
  expect((await cli('run')).code).toBe(0);
  await database.query(`ALTER DATABASE ${name} RESET search_path`);
  const refused = await cli('run');
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringContaining(
      `✖ Nothing was run: 2 of the pending migrations are in the table shop.migrations, so perhaps they are applied already; the search path of this connection leads to the schema public.
→ If so, set the search path again, which a dump does not contain: ALTER DATABASE ${name} SET search_path TO "shop", public`,
    ),
  ]);
  // What is told to be typed.
  await database.query(`ALTER DATABASE ${name} SET search_path TO "shop", public`);
  expect((await cli('run')).stdout).toBe('Nothing to do: nothing is pending.\n');
});

it('is not read as a ledger if it belongs to another tool', async () => {
  await database.query('CREATE TABLE migrations (id int, migration text, batch int)');
  for (const command of ['status', 'run']) {
    const { code, stderr } = await cli(command);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /It probably belongs to another tool\. Nothing was changed\.\n→ Name .*'typeorm_migrations'/,
      ),
    ]);
  }
});

describe('the file of an applied migration', () => {
  const edit = () => project.write('migrations/1700000000001-CreateUsers.sql', sql('people'));
  const edited = `Edited after being applied: ${users}. The database still has what the earlier version created.`;
  const newer = `Applied, and newer than every file here: ${pets}. A newer deploy or another branch has applied it.`;
  const missing = `Applied, but the file is not here: ${pets}. \`nest-migrate status\` shows whether it can be reverted.`;
  beforeEach(async () => void (await cli('run')));

  it('is refused if it was edited, even if nothing is pending, and when an app starts', async () => {
    edit();
    const { code, stdout, stderr } = await cli('run');
    expect([code, stdout, stderr.split('\n')[0]]).toEqual([1, '', `✖ ${edited} Nothing was changed.`]);
    const migrations = [`${project.dir}/migrations/*.sql`];
    const error = await failureOf(
      using({ url: database.url, migrations }, (migrator) => migrator.run({ phase: 'due' })),
    );
    expect(error.code).toBe('MIGRATION_EDITED');
  });

  it.each([
    ['without --strict', [], 0],
    ['with --strict', ['--strict'], 3],
  ])(
    'causes one line of warning for each kind of problem %s, whether or not something is pending',
    async (_title, flags, code) => {
      edit();
      project.delete('migrations/1700000000002-CreatePets.sql');
      const nothing = await cli('run', '--edited', 'warn', ...flags);
      expect(nothing).toMatchObject({
        code,
        stdout: 'Nothing to do: nothing is pending.\n',
        stderr: `! ${edited}\n! ${newer}\n`,
      });
      project.write('migrations/1700000000003-CreateToys.sql', sql('toys'));
      const something = await cli('run', '--edited', 'warn', ...flags);
      expect([something.code, something.stderr.split('\n')]).toEqual([
        code,
        [`! ${edited}`, `! ${missing}`, expect.stringContaining('✔ CreateToys1700000000003 applied'), ''],
      ]);
      const json = await cli('run', '--edited', 'warn', '--json', ...flags);
      expect([json.code, JSON.parse(json.stdout).problems]).toEqual([
        code,
        [
          { code: 'EDITED', migration: users, message: `${users} was edited after it was applied.` },
          { code: 'FILE_MISSING', migration: pets, message: expect.stringContaining('its file is not here') },
        ],
      ]);
    },
  );

  it('causes no warning if it is unchanged: --strict, --dry-run, other line endings', async () => {
    project.write('migrations/1700000000001-CreateUsers.sql', sql('users').replaceAll('\n', ' \r\n'));
    expect(await cli('run', '--strict')).toMatchObject({ code: 0, stderr: '' });
    expect(await cli('run', '--strict', '--dry-run')).toMatchObject({ code: 0, stderr: '' });
  });

  it('is checked without another query, and only if it is SQL', async () => {
    project.write(
      'migrations/1700000000003-Later.ts',
      `export class Later1700000000003 { async up() {} async down() {} }`,
    );
    await cli('run');
    project.write('migrations/1700000000003-Later.ts', 'this is not read; it would not even be TypeScript');
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const before = serverLog(database).length;
    expect(await cli('run')).toMatchObject({ code: 0, stderr: '' });
    await sleep(50);
    const statements = serverLog(database)
      .slice(before)
      .filter((line) => / (?:statement|execute [^:]*): /.test(line));
    expect(statements).toEqual([expect.stringContaining('FROM "migrations"')]);
  });
});

describe('a ledger that two services share', () => {
  const invoices = migration('CreateInvoices1700000000009', {
    up: ['CREATE TABLE invoices (id int)'],
    down: ['DROP TABLE invoices'],
  });
  const stuck = migration('IndexInvoices1700000000010', {
    transaction: false,
    up: ['CREATE TABLE payments (id int)', 'SELECT 1 / 0'],
  });
  const billing = { migrations: [invoices, stuck], settings: { service: 'billing' } } as const;
  const namedAs = (name: string) => project.write('package.json', JSON.stringify({ name }));
  const shop = () => ({
    url: database.url,
    migrations: [`${project.dir}/migrations/*.sql`],
    settings: { service: 'shop' },
  });

  it('shows by the log which unknown migrations belong to the other service: they are no problem, and are not reverted', async () => {
    namedAs('shop');
    await cli('run');
    await failureOf(using({ url: database.url, ...billing }, (migrator) => migrator.run()));
    expect(await database.query('SELECT DISTINCT migration, service FROM migrations_log ORDER BY 1')).toEqual(
      [
        { migration: invoices.name, service: 'billing' },
        { migration: pets, service: 'shop' },
        { migration: users, service: 'shop' },
        { migration: stuck.name, service: 'billing' },
      ].toSorted((a, b) => (a.migration < b.migration ? -1 : 1)),
    );

    const status = await cli('status', '--check');
    expect([status.code, status.stderr]).toEqual([0, '']);
    expect(status.stdout).not.toContain(invoices.name);
    expect(status.stdout).toContain(
      `2 migrations applied (last: ${pets}); nothing is pending.\nAlso in this ledger, from other services: 1 migration of billing.\n`,
    );
    const { applied, changes, foreign, problems } = (await using(shop(), (migrator) => migrator.status())).result;
    expect([applied.length, changes.length, problems]).toEqual([2, 2, []]);
    expect(foreign).toMatchObject([{ name: invoices.name, timestamp: 1700000000009, service: 'billing' }]);

    // Older than the newest of the other service, which is half done besides.
    project.write('migrations/1700000000003-CreateToys.sql', sql('toys'));
    expect(await cli('run', '--strict')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^✔ CreateToys1700000000003 applied .*\n$/),
    });
    for (const [name, state] of [
      [stuck.name, 'stopped halfway'],
      [invoices.name, 'is applied'],
    ] as const)
      expect(await failureOf(using(shop(), (migrator) => migrator.resolve(name, { as: 'finished' })))).toMatchObject({
        code: 'MIGRATION_UNKNOWN',
        message: `${name} belongs to the service billing, which shares this ledger; it ${state}. Nothing was changed.`,
      });
    const ofBilling = { url: database.url, migrations: [invoices], settings: { service: 'billing' } };
    await using(ofBilling, (migrator) => migrator.resolve(stuck.name, { as: 'not-started' }));
    await using(ofBilling, (migrator) => migrator.revert());
    await using(ofBilling, (migrator) => migrator.run());
    expect(await names()).toEqual([users, pets, 'CreateToys1700000000003', invoices.name]);
    const reverted = async (which: 'all' | undefined) =>
      (await using(shop(), (migrator) => migrator.revert({ which }))).result.reverted.map(({ name }) => name);
    expect(await reverted(undefined)).toEqual(['CreateToys1700000000003']);
    expect(await reverted('all')).toEqual([pets, users]);
    expect(await names()).toEqual([invoices.name]);
    expect(await reverted(undefined)).toEqual([]);
  });

  it('contains migrations of this service under its former name, and of an unknown one', async () => {
    await using(shop(), (migrator) => migrator.run());
    namedAs('@acme/shop');
    project.delete('migrations/1700000000002-CreatePets.sql');
    await database.query(`INSERT INTO migrations (timestamp, name) VALUES (1700000000009, '${invoices.name}')`);
    const { applied, newer, foreign, problems } = JSON.parse((await cli('status', '--json')).stdout);
    expect([applied.length, foreign]).toEqual([3, []]);
    expect(newer).toMatchObject([{ name: pets }, { name: invoices.name }]);
    expect(problems).toEqual([]);
    // A name that is given says which migrations are meant.
    const named = { ...shop(), settings: { service: 'pets' } };
    expect((await using(named, (migrator) => migrator.status())).result.foreign).toMatchObject([
      { name: pets, service: 'shop' },
    ]);
  });
});

it(
  'a large .sql file is executed in pieces with little memory',
  async () => {
    const statement = `INSERT INTO big VALUES ${`(1, 'it''s ${'x'.repeat(80)} -- ; $1'),\n`.repeat(900)}(2, '');\n`;
    const size = full ? 500_000_000 : 10_000_000;
    const file = openSync(project.write('migrations/1700000000004-Big.sql', ''), 'w');
    writeSync(file, '-- up\nCREATE TABLE big (id int, t text);\n');
    for (let written = 0; written < size; written += statement.length) writeSync(file, statement);
    writeSync(file, '-- down\nDROP TABLE big;\n');
    closeSync(file);
    project.write(
      'peak.cjs',
      `process.on('exit', () => require('node:fs').writeFileSync('peak', String(process.resourceUsage().maxRSS)));`,
    );
    const bin = resolve('dist/esm/cli/main.js');
    const { code, stderr } = await runNode(['--require', './peak.cjs', bin, 'run'], { cwd: project.dir });
    expect([code, stderr]).toEqual([0, expect.stringContaining('Big1700000000004 applied')]);
    const [counted] = await database.query('SELECT count(*) FILTER (WHERE id = 2)::int AS n FROM big');
    expect(counted).toEqual({ n: Math.ceil(size / statement.length) });
    // In kilobytes. Read at once, ten megabytes took almost 800. A busy machine collects garbage late.
    expect(Number(project.read('peak'))).toBeLessThan(400 * 1024);
  },
  full ? 600_000 : 60_000,
);
