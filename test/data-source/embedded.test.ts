import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type pg from 'pg';
import { defineDataSource } from '../../src/data-source/define.js';
import { describeConnection } from '../../src/data-source/describe.js';
import { isEmbedded } from '../../src/data-source/embedded-brand.js';
import { closeEmbedded } from '../../src/data-source/embedded.js';
import { runCli, startNode } from '../support/cli.js';
import type { RunningCli } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, itInFull } from '../support/sample.js';

let folder: string;
const inherited = { ...process.env };

beforeAll(() => {
  for (const name of ['DATABASE_URL', 'PGHOST', 'PGDATABASE', 'NEST_MIGRATE_EMBEDDED']) delete process.env[name];
});
afterAll(() => void Object.assign(process.env, inherited));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nest-migrate-embedded-'));
});
afterEach(async () => {
  await closeEmbedded();
  rmSync(folder, { recursive: true, force: true });
});

const dir = (): string => join(folder, '.nest-migrate', 'postgres');
const define = (): DataSource => defineDataSource({ envFile: [], embedded: dir(), entities: [], migrations: [] });
const newClient = (dataSource: DataSource): pg.Client =>
  new (dataSource.driver as unknown as { readonly postgres: typeof pg }).postgres.Client();

async function withClient<T>(dataSource: DataSource, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = newClient(dataSource);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('the embedded database', () => {
  it('is not opened before the first connection', () => {
    const dataSource = define();
    expect(isEmbedded(dataSource)).toBe(true);
    expect(describeConnection(dataSource)).toBe(`the embedded database in ${dir()}`);
    expect(existsSync(dirname(dir()))).toBe(false);
  });

  it('is used through TypeORM, stored on disk, and ignored by git', async () => {
    const dataSource = await define().initialize();
    await dataSource.query('CREATE TABLE kept (id bigint, at timestamptz DEFAULT now())');
    await dataSource.query('INSERT INTO kept VALUES ($1)', ['9007199254740993']);
    await dataSource.destroy();
    expect(existsSync(`${dir()}.lock`)).toBe(false);
    expect(readFileSync(join(dirname(dir()), '.gitignore'), 'utf8')).toBe('*\n');

    const again = await define().initialize();
    expect(await again.query('SELECT id FROM kept')).toEqual([{ id: '9007199254740993' }]);
    await again.destroy();
  });

  itInFull('accepts raw clients before, beside and after the pool', async () => {
    const dataSource = define();
    for (const id of [1, 2])
      await withClient(dataSource, (client) => client.query(`CREATE TABLE before_${id} (id int)`));
    await dataSource.initialize();
    await withClient(dataSource, (client) => client.query('CREATE TABLE beside (id int)'));
    expect(
      await dataSource.query('SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = $1', ['public']),
    ).toEqual([{ n: 3 }]);
    await dataSource.destroy();
    const { rows } = await withClient(dataSource, (client) =>
      client.query('SELECT 1 AS one FROM before_1 RIGHT JOIN (VALUES (1)) v ON true'),
    );
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('rolls back open transactions of a client that ends, and forgets its settings', async () => {
    const dataSource = define();
    await withClient(dataSource, async (client) => {
      await client.query('CREATE TABLE t (id int)');
      await client.query("SET search_path = 'pg_catalog'");
      await client.query('BEGIN');
      await client.query('INSERT INTO public.t VALUES (1)');
    });
    await withClient(dataSource, async (client) => {
      expect((await client.query('SELECT * FROM t')).rows).toEqual([]);
      expect((await client.query('SHOW search_path')).rows).not.toEqual([{ search_path: 'pg_catalog' }]);
    });
  });

  it('answers a query that was running when its client ended', async () => {
    const dataSource = define();
    const client = newClient(dataSource);
    await client.connect();
    const answer = client.query('SELECT 1 AS one');
    const ended = new Promise((resolve) => client.once('end', () => resolve('ended')));
    await client.end();
    expect((await answer).rows).toEqual([{ one: 1 }]);
    expect(await ended).toBe('ended');
  });

  it('waits for the clients of a pool that ends, also with pg 8.11 to 8.16.0', async () => {
    const { Pool } = (define().driver as unknown as { readonly postgres: typeof pg }).postgres;
    // These versions do not wait for the client before they report that it was removed.
    const earlier = {
      _remove(this: pg.Pool & { _idle: { client: unknown }[]; _clients: unknown[] }, client: pg.PoolClient): void {
        this._idle = this._idle.filter((one) => one.client !== client);
        this._clients = this._clients.filter((one) => one !== client);
        void (client as unknown as pg.Client).end();
        this.emit('remove', client);
      },
    };
    const pool = Object.assign(new Pool(), earlier);
    const client = await pool.connect();
    const ended: string[] = [];
    client.once('end', () => ended.push('client'));
    client.release();
    await pool.end();
    expect(ended).toEqual(['client']);
  });

  it('separates the transactions of several clients in its only session', async () => {
    const dataSource = define();
    await withClient(dataSource, async (first) => {
      await first.query('CREATE TABLE account (id int, balance int)');
      await first.query('INSERT INTO account VALUES (1, 0)');
      await withClient(dataSource, async (second) => {
        const transfer = async (client: pg.Client): Promise<void> => {
          for (let round = 0; round < 10; round++) {
            await client.query('BEGIN');
            const { rows } = await client.query<{ balance: number }>('SELECT balance FROM account WHERE id = $1', [1]);
            await client.query('UPDATE account SET balance = $1', [(rows[0]?.balance ?? 0) + 1]);
            await client.query(round % 5 === 4 ? 'ROLLBACK' : 'COMMIT');
          }
        };
        await Promise.all([transfer(first), transfer(second)]);
        expect((await second.query('SELECT balance FROM account')).rows).toEqual([{ balance: 16 }]);
      });
    });
  });

  itInFull('separates the prepared statements of two clients', async () => {
    const dataSource = define();
    await withClient(dataSource, (first) =>
      withClient(dataSource, async (second) => {
        const ask = async (client: pg.Client, offset: number): Promise<void> => {
          for (let n = offset; n < offset + 20; n++) {
            const { rows } = await client.query<{ v: number; w: number }>(`SELECT $1::int AS v, ${n} AS w`, [n]);
            expect(rows).toEqual([{ v: n, w: n }]);
          }
        };
        await Promise.all([ask(first, 0), ask(second, 100)]);
      }),
    );
  });

  itInFull('separates the settings, roles, prepared statements and notifications of clients', async () => {
    const dataSource = define();
    await withClient(dataSource, (first) =>
      withClient(dataSource, async (second) => {
        const heard: string[][] = [[], []];
        for (const [index, client] of [first, second].entries())
          client.on('notification', ({ payload }) => heard[index]?.push(payload ?? ''));
        await first.query(
          "CREATE SCHEMA mine; CREATE ROLE reader; CREATE FUNCTION unseen() RETURNS text LANGUAGE sql AS $$ SELECT set_config('work_mem', '77MB', false) $$",
        );
        await first.query('SET search_path = mine, pg_catalog; SET ROLE reader');
        await first.query('SELECT set_config($1, $2, false)', ['app.tenant', "o'ne"]);
        await first.query('PREPARE written AS SELECT 1 AS one');
        await first.query('LISTEN news');
        const seen = `SELECT current_setting('search_path') AS path, current_setting('role') AS role,
          nullif(current_setting('app.tenant', true), '') AS tenant, current_setting('work_mem') AS memory`;
        const ask = async (client: pg.Client): Promise<unknown> => (await client.query(seen)).rows[0];
        const untouched = { path: 'public', role: 'none', tenant: null, memory: '4MB' };
        expect(await ask(second)).toEqual(untouched);
        await second.query('SELECT unseen()');
        await second.query('SET app.tenant = two');
        const changed = { path: 'mine, pg_catalog', role: 'reader', tenant: "o'ne", memory: '4MB' };
        expect(await ask(first)).toEqual(changed);
        expect(await ask(second)).toEqual({ ...untouched, tenant: 'two', memory: '77MB' });
        expect((await first.query('EXECUTE written')).rows).toEqual([{ one: 1 }]);
        const named = async (client: pg.Client, n: number): Promise<void> => {
          const query = { name: 'same', text: `SELECT $1::int + ${n} AS n` };
          for (let round = 0; round < 3; round++)
            expect((await client.query(query, [round])).rows).toEqual([{ n: round + n }]);
        };
        await Promise.all([named(first, 1), named(second, 100)]);
        await second.query('DISCARD ALL');
        await named(first, 1);
        await second.query('UNLISTEN news');
        await second.query("NOTIFY news, 'heard'; NOTIFY others, 'unheard'");
        await ask(first);
        expect(heard).toEqual([['heard'], []]);
      }),
    );
    await withClient(dataSource, async (third) => {
      expect(
        (
          await third.query(
            "SELECT current_setting('app.tenant', true) AS tenant, current_setting('search_path') AS path",
          )
        ).rows,
      ).toEqual([{ tenant: '', path: 'public' }]);
      expect((await third.query('SELECT * FROM pg_prepared_statements')).rows).toEqual([]);
      expect((await third.query('SELECT * FROM pg_listening_channels()')).rows).toEqual([]);
    });
  });

  it('makes clients wait for state that cannot be moved: temporary tables and advisory locks', async () => {
    const dataSource = define();
    await withClient(dataSource, (first) =>
      withClient(dataSource, async (second) => {
        const order: string[] = [];
        const noted = (what: string, query: Promise<pg.QueryResult>): Promise<unknown[]> =>
          query.then(({ rows }) => (order.push(what), rows));
        await first.query('SELECT pg_advisory_lock(1)');
        const tried = noted('second has it', second.query('SELECT pg_try_advisory_lock(1) AS held'));
        await first.query('SELECT 1');
        await noted('first gives it back', first.query('SELECT pg_advisory_unlock(1)'));
        expect(await tried).toEqual([{ held: true }]);
        // What is not about such locks does not wait for them.
        await noted('first goes on', first.query('SELECT 2'));
        await second.query('SELECT pg_advisory_unlock_all()');
        await first.query('CREATE TEMP TABLE mine (id int)');
        const looked = noted('second looks', second.query("SELECT to_regclass('mine') AS mine"));
        await noted('first drops', first.query('DROP TABLE mine'));
        expect(await looked).toEqual([{ mine: null }]);
        expect(order).toEqual(['first gives it back', 'second has it', 'first goes on', 'first drops', 'second looks']);
        await first.query('CREATE TEMP TABLE mine (id int)');
        await first.query('SELECT pg_advisory_lock(2)');
      }),
    );
    await withClient(dataSource, async (third) => {
      expect((await third.query("SELECT to_regclass('mine') AS mine")).rows).toEqual([{ mine: null }]);
      expect((await third.query("SELECT FROM pg_locks WHERE locktype = 'advisory'")).rows).toEqual([]);
    });
  });

  it('continues after an error, inside and outside a transaction', async () => {
    const dataSource = await define().initialize();
    await expect(dataSource.query('SELECT $1::int / 0', [1])).rejects.toThrow('division by zero');
    await expect(dataSource.transaction((manager) => manager.query('SELECT nothing'))).rejects.toThrow('nothing');
    expect(await dataSource.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await dataSource.destroy();
  });

  it('is shared by data sources with the same folder, and closed with the last one', async () => {
    const first = await define().initialize();
    const second = await define().initialize();
    await first.query('CREATE TABLE shared (id int)');
    await first.destroy();
    expect(existsSync(`${dir()}.lock`)).toBe(true);
    expect(await second.query('SELECT * FROM shared')).toEqual([]);
    await second.destroy();
    expect(existsSync(`${dir()}.lock`)).toBe(false);
  });

  it('has the extensions that TypeORM creates', async () => {
    const dataSource = await define().initialize();
    for (const extension of ['uuid-ossp', 'pgcrypto', 'citext', 'hstore', 'ltree', 'cube', 'btree_gist', 'pg_trgm']) {
      await dataSource.query(`CREATE EXTENSION "${extension}"`);
    }
    await dataSource.destroy();
    const again = await define().initialize();
    expect(await again.query("SELECT 'a' = 'A'::citext AS same, length(uuid_generate_v4()::text) AS n")).toEqual([
      { same: true, n: 36 },
    ]);
    await again.destroy();
  });

  itInFull('loads further extensions when it is opened', async () => {
    const extensions = async () => ({ seg: await (await import('nest-migrate-dev/pglite')).contributed('seg') });
    const options = { envFile: [], entities: [], migrations: [] };
    const dataSource = await defineDataSource({ ...options, embedded: { dir: dir(), extensions } }).initialize();
    await dataSource.query('CREATE EXTENSION seg');
    expect(await dataSource.query("SELECT '1 .. 3'::seg @> '2'::seg AS inside")).toEqual([{ inside: true }]);
    await dataSource.destroy();
  });

  it('does not touch a folder with other contents', async () => {
    mkdirSync(dir(), { recursive: true });
    writeFileSync(join(dir(), 'thesis.txt'), 'mine');
    await expect(define().initialize()).rejects.toMatchObject({ code: 'DATA_SOURCE_INVALID' });
    expect(readFileSync(join(dir(), 'thesis.txt'), 'utf8')).toBe('mine');
    expect(existsSync(`${dir()}.lock`)).toBe(false);
  });

  itInFull('never writes a .gitignore beside a folder of the user', async () => {
    writeFileSync(join(folder, '.gitignore'), 'dist\n');
    const own = join(folder, 'pgdata');
    const dataSource = await defineDataSource({
      envFile: [],
      embedded: { dir: own },
      entities: [],
      migrations: [],
    }).initialize();
    await dataSource.destroy();
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('dist\n');
    expect(readFileSync(join(own, '.gitignore'), 'utf8')).toBe('*\n');
  });

  it('reports damaged files, and files of another PostgreSQL version, with the next step', async () => {
    await withClient(define(), (client) => client.query('SELECT 1'));
    await closeEmbedded();
    const version = join(dir(), 'PG_VERSION');
    const own = readFileSync(version, 'utf8');
    writeFileSync(version, '17\n');
    await expect(define().initialize()).rejects.toMatchObject({
      code: 'EMBEDDED_VERSION',
      message: expect.stringMatching(
        /was created by PostgreSQL 17, but the installed nest-migrate-dev contains PostgreSQL 18,/,
      ) as unknown,
      next: expect.stringContaining('nest-migrate help embedded') as unknown,
    });
    expect(existsSync(`${dir()}.lock`)).toBe(false);
    writeFileSync(version, own);
    rmSync(join(dir(), 'global', 'pg_control'));
    await expect(define().initialize()).rejects.toMatchObject({
      code: 'CONNECTION_FAILED',
      next: expect.stringContaining(dir()) as unknown,
    });
    expect(existsSync(`${dir()}.lock`)).toBe(false);
  });

  itInFull('can be copied with its folder', async () => {
    await withClient(define(), (client) => client.query('CREATE TABLE raw (id int)'));
    await closeEmbedded();
    const copy = join(folder, 'copy');
    cpSync(dirname(dir()), copy, { recursive: true });
    const embedded = join(copy, 'postgres');
    const dataSource = defineDataSource({ envFile: [], embedded, entities: [], migrations: [] });
    expect(await withClient(dataSource, async (client) => (await client.query('SELECT * FROM raw')).rows)).toEqual([]);
  });

  it('is refused in production', async () => {
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(define().initialize()).rejects.toMatchObject({
        code: 'EMBEDDED_IN_PRODUCTION',
        next: expect.stringContaining('DATABASE_URL') as unknown,
      });
    } finally {
      process.env['NODE_ENV'] = inherited['NODE_ENV'];
    }
    expect(existsSync(dir())).toBe(false);
  });
});

const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ entities: [], migrations: [] });
`;

describe('processes and the embedded database', () => {
  let project: TestProject;
  beforeEach(() => {
    project = createProject({
      'package.json': '{ "name": "app", "type": "module" }',
      'data-source.js': dataSource,
      'serve.js': `import dataSource from './data-source.js';
await dataSource.initialize();
await dataSource.query('CREATE TABLE IF NOT EXISTS tick (id serial PRIMARY KEY, text text)');
await dataSource.query('INSERT INTO tick (text) VALUES (repeat($1, 500))', ['x']);
console.log('ready');
for (;;) await dataSource.query('INSERT INTO tick (text) VALUES (repeat($1, 500))', ['x']);
`,
      'count.js': `import dataSource from './data-source.js';
await dataSource.initialize();
const [{ n }] = await dataSource.query('SELECT count(*)::int AS n FROM tick WHERE length(text) = 500');
console.log(JSON.stringify({ n }));
await dataSource.destroy();
`,
      'host.js': `import dataSource from './data-source.js';
await dataSource.initialize();
await dataSource.query('CREATE TABLE IF NOT EXISTS tick (id serial PRIMARY KEY, text text)');
await dataSource.query('TRUNCATE tick');
await dataSource.query('INSERT INTO tick (text) VALUES (repeat($1, 500))', ['x']);
console.log('ready');
const count = () => dataSource.query('SELECT count(*)::int AS n FROM tick').then(([{ n }]) => n);
if (process.argv[2] === undefined) setInterval(() => undefined, 1000);
else {
  // Until another process says that it is there.
  while ((await count()) === 1);
  await dataSource.destroy();
}
`,
      'in-transaction.js': `import dataSource from './data-source.js';
await dataSource.initialize();
const count = (on) => on.query('SELECT count(*)::int AS n FROM tick').then(([{ n }]) => n);
try {
  await dataSource.transaction(async (manager) => {
    await manager.query('INSERT INTO tick (text) VALUES (repeat($1, 500))', ['x']);
    console.log('in transaction');
    for (;;) await count(manager);
  });
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message, n: await count(dataSource) }));
}
await dataSource.destroy();
`,
      'stays.js': `import { readFileSync } from 'node:fs';
import dataSource from './data-source.js';
const owner = () => JSON.parse(readFileSync('.nest-migrate/postgres.lock', 'utf8')).pid;
await dataSource.initialize();
const runner = dataSource.createQueryRunner();
await runner.query("SET app.tenant = 'mine'");
const first = owner();
const client = await dataSource.driver.master.connect();
const heard = [];
client.on('notification', ({ payload }) => heard.push(payload));
await client.query('LISTEN news');
await client.query({ name: 'same', text: 'SELECT 1 AS one' });
await dataSource.query('INSERT INTO tick DEFAULT VALUES');
const failed = [];
const ask = (on) => on.query("SELECT current_setting('app.tenant', true) AS tenant").catch(({ message }) => failed.push(message));
let tenant;
for (const started = Date.now(); Date.now() - started < 20_000 && tenant === undefined;) {
  await ask(dataSource);
  const [row] = await ask(runner);
  if (owner() === process.pid) ({ tenant } = row);
}
const { rows } = await client.query({ name: 'same', text: 'SELECT 1 AS one' });
await runner.query("NOTIFY news, 'still'");
client.release();
console.log(JSON.stringify({ first, failed, tenant, rows, heard, own: owner() === process.pid }));
await runner.release();
await dataSource.destroy();
`,
      'as-another-user.js': `import dataSource from './data-source.js';
if (process.getuid?.() === 0) process.setuid(65534);
await dataSource.initialize();
`,
      'both.cjs': `const { defineDataSource } = require('nest-migrate/data-source');
(async () => {
  const { default: esm } = await import('./data-source.js');
  const cjs = defineDataSource({ entities: [], migrations: [] });
  await Promise.all([esm.initialize(), cjs.initialize()]);
  await esm.query('CREATE TABLE twice (id int)');
  console.log(JSON.stringify(await cjs.query('SELECT * FROM twice')));
  await Promise.all([esm.destroy(), cjs.destroy()]);
})();
`,
      'raw.js': `import dataSource from './data-source.js';
const client = new dataSource.driver.postgres.Client();
await client.connect();
await client.query('CREATE TABLE IF NOT EXISTS raw (id int)');
await client.end();
console.log('done');
`,
    });
  });
  afterEach(() => project.remove());

  const start = (file: string, env = {}, args: readonly string[] = []): RunningCli =>
    startNode([file, ...args], { cwd: project.dir, env: { TMPDIR: tmpdir(), ...env } });
  const ready = (running: RunningCli): Promise<unknown> =>
    new Promise((resolve) => running.process.stdout?.once('data', resolve));
  const lock = (): string => join(project.dir, '.nest-migrate', 'postgres.lock');

  itInFull('is there in Jest without flags for ES modules, another one in each of its workers', async () => {
    const transform = resolve('node_modules/@swc/jest');
    project.write(
      'jest/jest.config.json',
      JSON.stringify({
        rootDir: '.',
        maxWorkers: 2,
        transform: { '\\.[jt]s$': [transform, { module: { type: 'commonjs' } }] },
      }),
    );
    project.write('jest/package.json', '{ "type": "commonjs" }');
    for (const name of ['one', 'two'])
      project.write(
        `jest/${name}.test.js`,
        `const { defineDataSource } = require('nest-migrate/data-source');
const dataSource = defineDataSource({ entities: [], migrations: [] });
beforeAll(() => dataSource.initialize(), 60_000);
afterAll(() => dataSource.destroy());
it('answers', async () => {
  expect(dataSource.driver.postgres.Client).toBeDefined();
  expect(await dataSource.query('SELECT $1::int + 1 AS n', [41])).toEqual([{ n: 42 }]);
  await expect(dataSource.query('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
});
it('names the flag that extensions need', async () => {
  const embedded = { dir: '.nest-migrate/${name}', extensions: async () => ({ vector: {} }) };
  await expect(defineDataSource({ entities: [], migrations: [], embedded }).initialize()).rejects.toMatchObject({
    code: 'OPTIONS_INVALID',
    message: expect.stringContaining('vector'),
    next: expect.stringContaining('--experimental-vm-modules'),
  });
});`,
      );
    const jest = [resolve('node_modules/jest/bin/jest.js'), '--config', 'jest/jest.config.json'];
    const { code, stderr } = await start(jest[0] ?? '', {}, jest.slice(1)).result;
    expect([code, stderr]).toEqual([0, expect.stringContaining('Tests:       4 passed')]);
    expect(project.has('.nest-migrate/postgres-test-2/PG_VERSION')).toBe(true);
    expect(project.has('.nest-migrate/postgres')).toBe(false);
  });

  it('is shared by processes: commands work while an app uses it, and concurrent migrations wait for each other', async () => {
    project.write('data-source.js', dataSource.replace('migrations: []', `migrations: ['migrations/*.js']`));
    project.write(
      'migrations/1700000000001-M.js',
      `export class M1700000000001 {
  async up(q) { await q.query('CREATE TABLE m (id int)'); await q.query('SELECT pg_sleep(0.2)'); }
  async down(q) { await q.query('DROP TABLE m'); }
}\n`,
    );
    const app = start('serve.js');
    await ready(app);
    const command = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args, { cwd: project.dir });
      expect([code, stderr]).toEqual([0, expect.stringContaining(`open in process ${app.process.pid}`)]);
      return stdout;
    };
    expect(statSync(`${lock().slice(0, -5)}.sock`).mode & 0o777).toBe(0o600);
    const runs = await Promise.all([command('run', '--json'), command('run', '--json'), start('count.js').result]);
    const applied = runs.slice(0, 2).map((text) => (JSON.parse(text as string) as { applied: [] }).applied.length);
    expect(applied.toSorted()).toEqual([0, 1]);
    expect(runs[2]).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(await command('status', '--json'))).toMatchObject({ applied: [{}], pending: [], problems: [] });
    await command('revert');
    app.process.kill('SIGKILL');
    await app.result;
    const { stdout, stderr } = await runCli(['status', '--json'], { cwd: project.dir });
    expect([stderr, JSON.parse(stdout)]).toMatchObject([
      expect.not.stringContaining('open in process'),
      { applied: [], pending: [{ name: 'M1700000000001' }] },
    ]);
  });

  itInFull('survives the end of its client and of the process that has it open, by kill -9 and in order', async () => {
    const host = start('host.js');
    await ready(host);
    const killed = start('in-transaction.js');
    await ready(killed);
    killed.process.kill('SIGKILL');
    await killed.result;
    // What the killed one had written is rolled back, and its turn is over.
    expect(await start('count.js').result).toMatchObject({ code: 0, stdout: '{"n":1}\n' });

    const client = start('in-transaction.js');
    await ready(client);
    host.process.kill('SIGKILL');
    const { code, stdout, stderr } = await client.result;
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout.split('\n')[1] ?? '')).toEqual({
      code: 'ECONNRESET',
      message: expect.stringContaining(`Process ${host.process.pid}, through which`),
      n: 1,
    });

    const next = start('host.js', {}, ['until another is there']);
    await ready(next);
    const stays = await start('stays.js').result;
    expect(stays).toMatchObject({ code: 0, stderr: '' });
    // It went on with its setting and without an error, at first through the other process.
    expect(JSON.parse(stays.stdout)).toEqual({
      first: next.process.pid,
      failed: [],
      tenant: 'mine',
      rows: [{ one: 1 }],
      heard: ['still'],
      own: true,
    });
    expect(await next.result).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(dirname(lock())).toSorted()).toEqual(['.gitignore', 'postgres']);
  });

  itInFull('does not wait for a process that is stopped, and waits for a query that takes long', async () => {
    const host = start('host.js');
    await ready(host);
    const long = start('--input-type=module', {}, [
      '--eval',
      "import ds from './data-source.js'; await ds.initialize(); await ds.query('SELECT pg_sleep(16)'); await ds.destroy();",
    ]);
    expect(await long.result).toMatchObject({ code: 0, stderr: '' });
    const client = start('in-transaction.js');
    await ready(client);
    host.process.kill('SIGSTOP');
    const refused = await start('count.js').result;
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`Process ${host.process.pid} has`)]);
    const { stderr } = await client.result;
    expect(stderr).toContain(`Process ${host.process.pid}`);
    host.process.kill('SIGCONT');
    expect(await start('count.js').result).toMatchObject({ code: 0, stdout: '{"n":1}\n' });
  });

  itInFull(
    'is reached in a folder whose path is too long for a socket, and says when its folder cannot be written to',
    async () => {
      const NEST_MIGRATE_EMBEDDED = join(project.dir, 'a'.repeat(60), 'b'.repeat(60), 'postgres');
      const host = start('host.js', { NEST_MIGRATE_EMBEDDED });
      await ready(host);
      const { address } = JSON.parse(readFileSync(`${NEST_MIGRATE_EMBEDDED}.lock`, 'utf8')) as { address: string };
      expect(dirname(address)).toBe(tmpdir());
      expect(await start('count.js', { NEST_MIGRATE_EMBEDDED }).result).toMatchObject({ code: 0, stdout: '{"n":1}\n' });
      host.process.kill('SIGKILL');
      await host.result;
      expect(await start('count.js', { NEST_MIGRATE_EMBEDDED }).result).toMatchObject({ code: 0, stdout: '{"n":1}\n' });
      expect(existsSync(address)).toBe(false);

      mkdirSync(join(project.dir, 'closed'), { mode: 0o555 });
      chmodSync(project.dir, 0o755);
      const { code, stderr } = await start('as-another-user.js', { NEST_MIGRATE_EMBEDDED: 'closed/postgres' }).result;
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(
          /could not be opened, because the file .*closed.postgres.lock could not be written: EACCES/,
        ),
      ]);
    },
  );

  itInFull('survives kill -9 while it is written to, again and again', async () => {
    let before = 0;
    // From the second round on it begins with what a killed one has left.
    const rounds = full ? 10 : 2;
    for (let round = 0; round < rounds; round++) {
      const app = start('serve.js');
      await ready(app);
      await sleep(50 + 70 * (round % 3));
      app.process.kill('SIGKILL');
      await app.result;
      expect(existsSync(lock())).toBe(true);
      const { stdout, stderr, code } = await start('count.js').result;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { n } = JSON.parse(stdout) as { n: number };
      expect(n).toBeGreaterThan(before);
      before = n;
      expect(existsSync(lock())).toBe(false);
    }
  });

  itInFull('keeps what was reported as applied if its process is killed later in the same run', async () => {
    const file = (n: number, body: string): string =>
      project.write(
        `migrations/170000000000${n}-M${n}.js`,
        `export class M${n}170000000000${n} { async up(q) { ${body} } async down() {} }\n`,
      );
    for (const n of [1, 2]) file(n, `await q.query('CREATE TABLE t${n} (id int)');`);
    file(3, `process.kill(process.pid, 'SIGKILL');`);
    project.write('data-source.js', dataSource.replace('migrations: []', `migrations: ['migrations/*.js']`));
    const killed = await runCli(['run'], { cwd: project.dir });
    expect(killed.stderr).toMatch(/M1\d+ applied[^]*M2\d+ applied/);
    const { applied, pending } = JSON.parse((await runCli(['status', '--json'], { cwd: project.dir })).stdout);
    expect([applied.length, pending.length]).toEqual([2, 1]);
  });

  itInFull('is shared by the ESM and the CommonJS build of this package', async () => {
    const { stdout, stderr, code } = await start('both.cjs').result;
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: '[]\n' });
    expect(existsSync(lock())).toBe(false);
  });

  it('lets a process end by itself after writing everything and releasing the lock', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await start('raw.js').result).toMatchObject({ code: 0, stderr: '', stdout: 'done\n' });
      expect(existsSync(lock())).toBe(false);
    }
  });

  itInFull('keeps nothing of what it has answered', async () => {
    project.write(
      'answers.js',
      `import dataSource from './data-source.js';
import { setTimeout as sleep } from 'node:timers/promises';
await dataSource.initialize();
const ask = async (times) => {
  for (let n = 0; n < times; n++) await dataSource.query("SELECT repeat('x', 1000000)");
  await sleep(200);
  return process.memoryUsage.rss();
};
const before = await ask(30);
console.log((await ask(200)) - before);
await dataSource.destroy();
`,
    );
    const { code, stdout } = await start('answers.js').result;
    expect(code).toBe(0);
    // 200 MB were answered. What is left of the last ones waits for the garbage collector.
    expect(Number(stdout)).toBeLessThan(120e6);
  });

  itInFull('needs no cache that it can write', async () => {
    expect(await start('raw.js', { TMPDIR: join(project.dir, 'package.json') }).result).toMatchObject({
      code: 0,
      stderr: '',
    });
  });

  itInFull('is what the .env file says when it names a folder', async () => {
    project.write('.env', 'NEST_MIGRATE_EMBEDDED=elsewhere/pg\n');
    expect(await start('raw.js').result).toMatchObject({ code: 0, stderr: '' });
    expect(project.has('elsewhere/pg/PG_VERSION')).toBe(true);
    expect(project.has('.nest-migrate')).toBe(false);
  });
});
