import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { itInFull } from '../support/sample.js';

const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.sql'] });
`;

let project: TestProject;
beforeAll(() => {
  project = createProject({
    'package.json': '{ "name": "app" }',
    'data-source.ts': dataSource,
    'migrations/1700000000001-users.sql':
      '-- up\nCREATE TABLE users (id int PRIMARY KEY);\n-- down\nDROP TABLE users;\n',
  });
});
afterAll(() => project.remove());

const cli = (env: Readonly<Record<string, string>>, ...args: string[]) => runCli(args, { cwd: project.dir, env });

describe('database create and drop', () => {
  let admin: TestDatabase;
  beforeAll(async () => {
    admin = await createDatabase();
  });
  afterAll(() => admin.drop());
  const missing = (): { readonly name: string; readonly url: string } => {
    const name = `${admin.name}_new`;
    return { name, url: serverUrl().replace(/\/postgres$/, `/${name}`) };
  };

  it('create a missing database, and drop it if it is named', async () => {
    const { name, url } = missing();
    const env = { DATABASE_URL: url };
    const run = await cli(env, 'run');
    expect(run.stderr).toContain('→ Create it: nest-migrate database create');
    const created = await cli(env, 'database', 'create');
    expect([created.code, created.stdout]).toEqual([0, `The database ${name} was created.\n`]);
    expect((await cli(env, 'run')).code).toBe(0);
    const again = await cli(env, 'database', 'create', '--json');
    expect([again.code, JSON.parse(again.stdout)]).toEqual([0, { database: name, state: 'existed' }]);

    for (const [args, more, said] of [
      [[], {}, `can be lost: nest-migrate database drop --yes-drop ${name}\n`],
      [['--yes-drop', 'other'], {}, `--yes-drop names other, but the database is ${name}.`],
      [[], { NODE_ENV: 'production' }, 'NODE_ENV is production'],
      [[], { DATABASE_URL: `postgres://db.invalid/${name}` }, 'db.invalid'],
    ] as const) {
      const refused = await cli({ ...env, ...more }, 'database', 'drop', ...args);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(said)]);
      expect(refused.stderr).toContain('Nothing was done.');
    }
    const terminal = ['--import', resolve('test/support/terminal.mjs'), resolve('dist/esm/cli/main.js')];
    const kept = await runNode([...terminal, 'database', 'drop'], { cwd: project.dir, env, input: 'n\n' });
    expect([kept.code, kept.stderr]).toEqual([2, expect.stringMatching(/Continue\? \(y\/N\)[^]*Nothing was done/)]);
    const session = await runBeside(url, () => cli(env, 'database', 'drop', '--yes-drop', name));
    expect([session.code, session.stderr]).toEqual([
      1,
      expect.stringMatching(/in use.*\n.*pid \d+ \(an app, \w+, from 127/),
    ]);
    const dropped = await runBeside(url, () => cli(env, 'database', 'drop', '--yes-drop', name, '--force', '--json'));
    expect([dropped.code, JSON.parse(dropped.stdout)]).toEqual([0, { database: name, state: 'dropped' }]);
    const gone = await cli({ ...env, NODE_ENV: 'production' }, 'database', 'drop', '--yes-drop', name);
    expect([gone.code, gone.stdout]).toEqual([0, `The database ${name} does not exist.\n`]);
  });

  it('print the statement for an administrator if the role may not', async () => {
    const name = `${admin.name}_denied`;
    const role = await createRole();
    try {
      const url = admin.urlFor(role.name, role.password).replace(/\/\w+$/, `/${name}`);
      const { code, stderr } = await cli({ DATABASE_URL: url }, 'database', 'create');
      expect([code, stderr]).toEqual([1, expect.stringContaining(`CREATE DATABASE "${name}" OWNER "${role.name}"`)]);
      expect(stderr).not.toContain(role.password);
      const owned = admin.urlFor(role.name, role.password);
      const drop = await cli({ DATABASE_URL: owned }, 'database', 'drop', '--yes-drop', admin.name);
      expect([drop.code, drop.stderr]).toEqual([1, expect.stringContaining(`DROP DATABASE "${admin.name}"`)]);
    } finally {
      await role.drop();
    }
  });

  itInFull('makes and removes the folder of the embedded database', async () => {
    const env = { NEST_MIGRATE_EMBEDDED: '.nest-migrate/postgres' };
    const states: unknown[] = [];
    for (const args of [['create'], ['create'], ['drop', '--yes-drop', 'postgres'], ['drop', '--yes-drop', 'postgres']])
      states.push(JSON.parse((await cli(env, 'database', ...args, '--json')).stdout));
    const database = 'postgres';
    expect(states).toEqual(['created', 'existed', 'dropped', 'absent'].map((state) => ({ database, state })));
    expect(project.has('.nest-migrate/postgres')).toBe(false);
  });
});

describe('fresh', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(() => database.drop());
  const fresh = (...args: string[]) =>
    cli({ DATABASE_URL: database.url }, 'fresh', '--yes-drop', database.name, ...args);
  const there = async (): Promise<unknown> =>
    (await database.query(`SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`)).map(
      ({ relname }) => relname,
    );

  it('drops everything that migrations could have created, and runs them all again', async () => {
    project.write(
      'migrations/1700000000002-all-kinds.sql',
      `-- up
CREATE EXTENSION citext;
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('ok'); CREATE DOMAIN positive AS int CHECK (value > 0); CREATE TYPE pair AS (a int, b citext);
CREATE SEQUENCE numbers;
CREATE TABLE app.parts (id int, mood app.mood, at pair) PARTITION BY RANGE (id);
CREATE TABLE app.part PARTITION OF app.parts FOR VALUES FROM (1) TO (9);
CREATE VIEW moods AS SELECT mood FROM app.parts; CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM users;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT n * 2'; CREATE PROCEDURE nothing() LANGUAGE sql AS '';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int); CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE COLLATION plain FROM "C"; CREATE TEXT SEARCH CONFIGURATION words (COPY = simple); CREATE STATISTICS both_of ON id, (id + 1) FROM users;
CREATE PUBLICATION published FOR TABLE users;
-- down
SELECT 1;
`,
    );
    project.write('package.json', '{ "name": "app", "nest-migrate": { "ignore": ["table:kept"] } }');
    expect((await cli({ DATABASE_URL: database.url }, 'run')).code).toBe(0);
    await database.query(
      'INSERT INTO users VALUES (1); CREATE TABLE kept (id int REFERENCES users); CREATE TABLE by_hand ()',
    );
    const before = await there();
    const { code, stdout, stderr } = await fresh('--json');
    expect([code, stderr]).toEqual([0, expect.stringContaining('✔ AllKinds1700000000002 applied')]);
    const result = JSON.parse(stdout) as Readonly<Record<string, readonly unknown[]>>;
    expect(result['dropped']).toEqual(
      expect.arrayContaining([
        'table public.users',
        'type app.mood',
        'schema app',
        'extension citext',
        'publication published',
      ]),
    );
    expect(result).toMatchObject({ kept: [{ object: 'table public.kept', reason: 'ignored' }], applied: [{}, {}] });
    expect(await database.query('SELECT count(*)::int AS users FROM users')).toEqual([{ users: 0 }]);
    expect([...((await there()) as string[]), 'by_hand'].toSorted()).toEqual((before as string[]).toSorted());
    project.write('package.json', '{ "name": "app" }');
    const people = await fresh();
    expect([people.code, people.stdout]).toEqual([
      0,
      expect.stringMatching(/^\d+ objects dropped, 2 migrations applied in [\d.]+ m?s\.\n$/),
    ]);
    expect(await there()).not.toContain('kept');
  });

  itInFull('changes nothing if it could not finish', async () => {
    const refused = async (code: string, ...args: string[]): Promise<string> => {
      const before = await there();
      const { stdout } = await fresh('--json', ...args);
      const { error } = JSON.parse(stdout) as { readonly error: { readonly code: string; readonly message: string } };
      expect([error.code, await there()]).toEqual([code, before]);
      return error.message;
    };
    project.write('migrations/1700000000003-broken.sql', '-- down\nSELECT 1;\n-- up\nSELECT (1;\n-- up\n');
    await refused('FILE_INVALID');
    await refused('SEED_UNKNOWN', '--seed');
    project.delete('migrations/1700000000003-broken.sql');
    await database.query(
      'CREATE TABLE knex_migrations (); CREATE TABLE billing_ledger (id serial PRIMARY KEY, "timestamp" bigint, name varchar)',
    );
    expect(await refused('DATABASE_IN_USE')).toMatch(/public\.billing_ledger, public\.knex_migrations/);
    await database.query('DROP TABLE knex_migrations, billing_ledger');
    await database.query(`INSERT INTO migrations ("timestamp", name) VALUES (1700000000009, 'Other1700000000009');
      INSERT INTO migrations_log (migration, direction, state, batch, transactional, host, pid, service)
        VALUES ('Other1700000000009', 'up', 'applied', 1, true, 'h', 1, 'billing')`);
    expect(await refused('DATABASE_IN_USE')).toContain('billing');
    await database.query(`DELETE FROM migrations WHERE name LIKE 'Other%'`);
    const app = await database.client();
    await app.query('BEGIN; LOCK TABLE users');
    const { stdout } = await fresh('--json', '--lock-timeout', '50ms');
    await app.query('ROLLBACK');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'DATABASE_IN_USE' } });
    expect(await there()).toContain('users');
  });

  itInFull('needs no right to create databases, and keeps what belongs to other roles', async () => {
    const role = await createRole();
    const own = await createDatabase();
    try {
      await own.query(
        `ALTER DATABASE ${own.name} OWNER TO ${role.name}; CREATE EXTENSION citext; CREATE TABLE theirs ()`,
      );
      project.delete('migrations/1700000000002-all-kinds.sql');
      const env = { DATABASE_URL: own.urlFor(role.name, role.password) };
      for (const _time of [1, 2]) {
        const { stdout } = await cli(env, 'fresh', '--yes-drop', own.name, '--json');
        expect(JSON.parse(stdout)).toMatchObject({
          applied: [{ name: 'Users1700000000001' }],
          kept: [
            { object: 'table public.theirs', reason: 'owner' },
            { object: 'extension citext', reason: 'owner' },
          ],
        });
      }
    } finally {
      await own.drop();
      await role.drop();
    }
  });
});

describe('seeds', () => {
  let database: TestDatabase;
  let seeded: TestProject;
  beforeAll(async () => {
    database = await createDatabase();
    seeded = createProject({
      'package.json': '{ "name": "app" }',
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }',
      'data-source.ts': dataSource,
      'migrations/1700000000001-users.sql':
        '-- up\nCREATE TABLE users (id int PRIMARY KEY, name text);\n-- down\nDROP TABLE users;\n',
      'seeds/01-people.sql': "INSERT INTO users VALUES (1, 'Ada');\nINSERT INTO users VALUES (2, 'Bo');\n",
      'seeds/02-names.ts': `import type { QueryRunner } from 'typeorm';
import type { Seed } from 'nest-migrate';
export class Names implements Seed {
  static readonly when = 'always';
  async run(queryRunner: QueryRunner): Promise<void> { await queryRunner.query("UPDATE users SET name = name || '!'"); }
}
`,
      'seeds/03-demo.sql': "-- environments: demo, test\nINSERT INTO users VALUES (3, 'Demo');\n",
    });
  });
  afterAll(async () => {
    seeded.remove();
    await database.drop();
  });
  const seed = (env: Readonly<Record<string, string>>, ...args: string[]) =>
    runCli(args, { cwd: seeded.dir, env: { DATABASE_URL: database.url, ...env } });
  const users = async (): Promise<string> =>
    (await database.query('SELECT name FROM users ORDER BY id')).map(({ name }) => name).join(' ');

  it('run in the order of their names, once or always, in their environments, after the migrations', async () => {
    const early = await seed({}, 'seed');
    expect([early.code, early.stderr]).toEqual([1, expect.stringMatching(/Users1700000000001[^]*→ nest-migrate run/)]);
    expect((await seed({}, 'run')).code).toBe(0);
    const first = JSON.parse((await seed({}, 'seed', '--json')).stdout) as object;
    expect(first).toMatchObject({
      ran: [{ name: '01-people' }, { name: '02-names' }],
      skipped: [{ name: '03-demo', reason: 'environment' }],
    });
    const second = await seed({ NODE_ENV: 'test' }, 'seed');
    expect([second.code, second.stderr, second.stdout]).toEqual([
      0,
      expect.stringMatching(/^✔ 02-names [\d.]+ m?s\n✔ 03-demo [\d.]+ m?s\n$/),
      expect.stringMatching(/^2 seeds run in [\d.]+ m?s; skipped: 01-people \(already run\)\.\n$/),
    ]);
    expect(await users()).toBe('Ada!! Bo!! Demo');
    const named = await seed({}, 'seed', 'nowhere');
    expect([named.code, named.stderr]).toEqual([2, expect.stringContaining('01-people, 02-names, 03-demo')]);
    expect((await seed({}, 'seed', '03-demo')).stderr).toContain('demo, test');
    // A seed that is named runs again.
    await database.query('DELETE FROM users');
    expect((await seed({}, 'seed', '01-people')).code).toBe(0);
    expect(await users()).toBe('Ada Bo');
    expect(await database.query('SELECT name FROM migrations_seeds ORDER BY 1')).toEqual([
      { name: '01-people' },
      { name: '03-demo' },
    ]);
  });

  it('leave nothing behind if they fail, and name the statement and the file', async () => {
    const before = await users();
    seeded.write('seeds/04-wrong.sql', "INSERT INTO users VALUES (4, 'Cy');\n\nINSERT INTO users VALUES (1, 'Ada');\n");
    const { code, stderr } = await seed({}, 'seed', '04-wrong');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^✖ Seed 04-wrong failed at its statement 2 \(line 3 of its file\): duplicate key .*23505/),
    ]);
    expect(stderr).toContain('rolled back');
    expect(await users()).toBe(before);
    seeded.write('seeds/04-wrong.sql', '-- transaction: false\nSELECT 1;\n');
    expect((await seed({}, 'seed')).stderr).toContain('transaction: false');
    seeded.delete('seeds/04-wrong.sql');
  });

  itInFull('fresh --seed, and new ones by create --seed', async () => {
    const created = JSON.parse((await seed({}, 'create', '--seed', 'demo users', '--json')).stdout) as object;
    expect(created).toMatchObject({ file: 'seeds/04-demo-users.ts' });
    expect((await seed({}, 'create', '--seed', 'more', '--sql')).stdout).toBe('Written: seeds/05-more.sql\n');
    const { stdout } = await seed({}, 'fresh', '--seed', '--yes-drop', database.name, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      applied: [{}],
      seeded: ['01-people', '02-names', '04-demo-users', '05-more'].map((name) => ({ name })),
    });
    expect(await users()).toBe('Ada! Bo!');
    const drift = await seed({}, 'drift', '--json', '--shadow', serverUrl());
    expect(JSON.parse(drift.stdout)).toMatchObject({ drift: [] });
  });

  itInFull('a class is injected inside an app, and its repository takes part in the transaction', async () => {
    seeded.write(
      'app.cjs',
      `require('reflect-metadata');
const { Module, Injectable } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { DataSource } = require('typeorm');
const { defineDataSource, MigrationsModule, MigrationsService } = require('nest-migrate');
const dataSource = defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.sql'] }, { seeds: 'injected' });
class AppModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource })] })(AppModule);
(async () => {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  console.log(JSON.stringify(await app.get(MigrationsService).seed()));
  console.log((await app.get(MigrationsService).seed().catch((error) => error)).skipped[0].reason);
  await app.close();
})();
`,
    );
    seeded.write(
      'injected/01-injected.js',
      `const { DataSource } = require('typeorm');
exports.Injected = class Injected {
  constructor(dataSource) { this.dataSource = dataSource; }
  async run(queryRunner) {
    await this.dataSource.query("INSERT INTO users VALUES (9, 'Zoe')");
    if ((await queryRunner.query('SELECT * FROM users WHERE id = 9')).length !== 1) throw new Error('another transaction');
  }
};
Reflect.defineMetadata('design:paramtypes', [DataSource], exports.Injected);
`,
    );
    const { stdout, stderr } = await runNode(['app.cjs'], { cwd: seeded.dir, env: { DATABASE_URL: database.url } });
    expect([stderr, stdout]).toEqual(['', expect.stringMatching(/"ran":\[\{"name":"01-injected"[^]*\nrun before\n$/)]);
    expect(await users()).toContain('Zoe');
  });
});

/** While an app is connected. */
async function runBeside<T>(url: string, work: () => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, application_name: 'an app' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work();
  } finally {
    await client.end().catch(() => undefined);
  }
}
