import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { createTestDatabase } from '../../src/testing/index.js';
import type { TestDatabase, TestDatabaseOptions } from '../../src/testing/index.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import { itInFull, sample } from '../support/sample.js';
import { failureOf } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const firstMigration = (role: string): string => `-- up
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('good');
CREATE TABLE plans (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name citext NOT NULL UNIQUE, twice int GENERATED ALWAYS AS (1 + 1) STORED);
INSERT INTO plans (name) VALUES ('free'), ('paid');
CREATE TABLE users (id serial PRIMARY KEY, plan int NOT NULL REFERENCES plans, best_friend int REFERENCES users, mood mood);
CREATE TABLE audit (id bigserial, what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (what) VALUES (TG_OP); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON plans FOR EACH ROW EXECUTE FUNCTION note();
CREATE TABLE visits (at date, who text) PARTITION BY RANGE (at);
CREATE TABLE visits_2020 PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE visits_rest PARTITION OF visits DEFAULT;
INSERT INTO visits VALUES ('2020-02-02', 'Ada');
CREATE MATERIALIZED VIEW visitors AS SELECT who, count(*) AS times FROM visits GROUP BY who;
CREATE MATERIALIZED VIEW unread AS SELECT 1 AS one WITH NO DATA;
CREATE SEQUENCE invoice START 100;
GRANT SELECT ON plans TO ${role};
-- down
DROP TABLE users, plans;
`;

/** Everything of it that a test can change. */
const state = `SELECT
  (SELECT json_agg(p ORDER BY id) FROM plans p) AS plans, (SELECT json_agg(u) FROM users u) AS users, (SELECT json_agg(v) FROM visits v) AS visits,
  (SELECT json_agg(v) FROM visitors v) AS visitors, (SELECT count(*)::int FROM audit) AS audited,
  (SELECT json_agg(s ORDER BY 1) FROM (SELECT sequencename, last_value FROM pg_sequences) s) AS sequences,
  (SELECT relispopulated FROM pg_class WHERE relname = 'unread') AS unread,
  (SELECT json_agg(name ORDER BY id) FROM migrations) AS migrations, (SELECT json_agg(enumlabel) FROM pg_enum) AS moods,
  (SELECT json_agg(indexname ORDER BY 1) FROM pg_indexes WHERE schemaname = 'public') AS indexes`;

/** What tests do, each of which is taken back. */
const changes: readonly (readonly [title: string, ...sql: string[]])[] = [
  ['inserts into empty tables, with foreign keys', `INSERT INTO users (plan, best_friend) VALUES (1, 1), (2, 1)`],
  [
    'changes rows of migrations',
    `UPDATE plans SET name = 'gratis' WHERE id = 1`,
    `DELETE FROM users`,
    `DELETE FROM plans WHERE id = 2`,
  ],
  [
    'replaces rows by the same number',
    `DELETE FROM users`,
    `DELETE FROM plans`,
    `INSERT INTO plans (name) VALUES ('a'), ('b')`,
  ],
  ['truncates', `TRUNCATE plans, users RESTART IDENTITY`],
  [
    'writes to partitions',
    `DELETE FROM visits`,
    `INSERT INTO visits VALUES ('2020-03-03', 'Bo'), ('2031-01-01', 'Cy')`,
  ],
  [
    'refreshes views',
    `INSERT INTO visits VALUES ('2020-03-03', 'Bo')`,
    `REFRESH MATERIALIZED VIEW visitors`,
    `REFRESH MATERIALIZED VIEW unread`,
  ],
  ['takes numbers', `SELECT nextval('invoice'), nextval('users_id_seq')`, `SELECT setval('invoice', 7000)`],
  ['changes the schema', `ALTER TABLE users ADD age int DEFAULT 7`],
  ['adds an index', `CREATE INDEX users_plan ON users (plan)`],
  ['adds a value to a type', `ALTER TYPE mood ADD VALUE 'bad'`],
  ['forgets a migration', `DELETE FROM migrations`],
];

let project: TestProject;
beforeAll(async () => {
  // A role that the server has, and the process makes. What is granted to it stays in templates.
  const role = await createRole();
  project = createProject({ 'seed.sql': `INSERT INTO users (plan) SELECT id FROM plans WHERE name = 'paid'` });
  write('1700000000001-first.sql', firstMigration(role.name));
});
const open: TestDatabase[] = [];
afterAll(async () => {
  for (const database of open) await database.close();
  project.remove();
});

/** Long ago, so that this process cannot have loaded an older one. */
function write(name: string, text: string): void {
  utimesSync(project.write(`migrations/${name}`, text), 1000, 1000);
}

const nowhere = 'postgres://app:secret@127.0.0.1:1/not_to_be_touched';
const sourceOf = (more: object = {}): DataSource =>
  new DataSource({ type: 'postgres', url: nowhere, migrations: [join(project.dir, 'migrations/*.sql')], ...more });
async function opened(options: TestDatabaseOptions = {}, more: object = {}): Promise<TestDatabase> {
  const database = await createTestDatabase(sourceOf(more), options);
  open.push(database);
  return database;
}
const cache = join(process.env['NEST_MIGRATE_CACHE'] ?? '', 'databases');
const kept = (): readonly string[] => (existsSync(cache) ? readdirSync(cache) : []);

describe.each(['in the process', 'on a server'])('a test database %s', (place) => {
  const where = (): TestDatabaseOptions => ({
    seed: join(project.dir, 'seed.sql'),
    ...(place === 'on a server' && { server: serverUrl() }),
  });

  it('restores the state after migrations and seed, whatever a test has done', async () => {
    const database = await opened(where());
    const { dataSource } = database;
    const look = async (): Promise<unknown> => (await dataSource.query<unknown[]>(state))[0];
    const before = await look();
    expect(before).toMatchObject({
      audited: 0,
      users: [{ id: 1, plan: 2 }],
      visitors: [{ who: 'Ada', times: 1 }],
      unread: false,
    });
    for (const [title, ...statements] of changes) {
      for (const sql of statements) await dataSource.query(sql);
      // oxlint-disable-next-line jest/no-standalone-expect -- they share one database.
      if (title !== 'truncates') expect([title, await look()]).not.toEqual([title, before]);
      await database.reset();
      expect([title, await look()]).toEqual([title, before]);
    }
    // Constraints and triggers are there as before.
    const error = await failureOf(dataSource.query('INSERT INTO users (plan) VALUES (77)'));
    expect(error.message).toContain('violates foreign key constraint');
    await dataSource.query(`INSERT INTO plans (name) VALUES ('new')`);
    expect(await look()).toMatchObject({ audited: 1 });
  });

  it('rolls back the work in a transaction, in which transactions of the app are savepoints', async () => {
    const database = await opened(where());
    const { dataSource } = database;
    const count = async (): Promise<unknown> =>
      (await dataSource.query<unknown[]>('SELECT count(*)::int AS plans FROM plans'))[0];
    const insert = (name: string): Promise<unknown> => dataSource.query('INSERT INTO plans (name) VALUES ($1)', [name]);
    const result = await database.transaction(async () => {
      await insert('one');
      await dataSource.transaction((manager) => manager.query(`INSERT INTO plans (name) VALUES ('two')`));
      await failureOf(dataSource.transaction((manager) => manager.query(`INSERT INTO plans (name) VALUES ('free')`)));
      return count();
    });
    expect([result, await count()]).toEqual([{ plans: 4 }, { plans: 2 }]);
    await failureOf(
      database.transaction(async () => {
        await insert('three');
        throw new Error('a failing test');
      }),
    );
    expect(await count()).toEqual({ plans: 2 });
  });

  it('calls a seed function for each database, and restores its rows', async () => {
    const seed = (dataSource: DataSource): Promise<unknown> =>
      dataSource.query(`INSERT INTO plans (name) VALUES ('seeded')`);
    const database = await opened({ ...where(), seed });
    await database.dataSource.query('DELETE FROM plans');
    await database.reset();
    expect(await database.dataSource.query('SELECT name FROM plans ORDER BY id')).toHaveLength(3);
  });
});

describe('the cache', () => {
  itInFull(
    'is made again when a migration or the seed has changed, and by one of several that ask at once',
    async () => {
      const before = new Set(kept());
      const added = (): number => kept().filter((name) => !before.has(name)).length;
      write(
        '1700000000002-second.sql',
        '-- up\nCREATE TABLE second (id int, at date);\nINSERT INTO second VALUES (0, now());\n-- down\nDROP TABLE second;',
      );
      await Promise.all([opened(), opened(), opened()]);
      expect(added()).toBe(1);
      project.write('seed.sql', 'DELETE FROM second; INSERT INTO second VALUES (1), (2)');
      const seeded = await opened({ seed: join(project.dir, 'seed.sql') });
      expect([added(), await seeded.dataSource.query('SELECT id FROM second')]).toEqual([2, [{ id: 1 }, { id: 2 }]]);
      await opened({ seed: join(project.dir, 'seed.sql') });
      expect(added()).toBe(2);
    },
  );

  it.each(sample([{ server: serverUrl() }, {}], 2))("includes the rows of the project's seeds: %j", async (where) => {
    const seed = (text: string): void =>
      utimesSync(project.write('seeds/01-plans.sql', `INSERT INTO plans (name) VALUES ('${text}')`), 1000, 1000);
    const seeded = async (): Promise<readonly unknown[]> => {
      const database = await opened({ seed: true, ...where });
      await database.dataSource.query('DELETE FROM plans');
      await database.reset();
      return database.dataSource.query(`SELECT name FROM plans WHERE name LIKE 'seed %'`);
    };
    seed('seed one');
    const before = kept().length;
    expect([await seeded(), await seeded()]).toEqual([[{ name: 'seed one' }], [{ name: 'seed one' }]]);
    if (!('server' in where)) expect(kept()).toHaveLength(before + 1);
    seed('seed two');
    expect(await seeded()).toEqual([{ name: 'seed two' }]);
    project.delete('seeds/01-plans.sql');
    const none = await failureOf(opened({ seed: true, ...where }));
    expect(none.message).toMatch(/There are no seeds in .*seeds\. Nothing was run\.\nNo test database was created\./);
  });

  it('is one template on a server; leftovers of killed runs are removed, and nothing else', async () => {
    const admin = await createDatabase();
    // Other test files make templates on this server at the same time; those of this role are ours.
    const role = await createRole('SUPERUSER');
    const server = serverUrl().replace('postgres@', `${role.name}:${role.password}@`);
    const named = async (prefix: string, owner = '.*'): Promise<readonly unknown[]> =>
      (
        await admin.query(
          `SELECT datname FROM pg_database WHERE datname ~ '^nest_migrate_${prefix}_' AND datdba::regrole::text ~ '^${owner}$'`,
        )
      ).map(({ datname }) => datname);
    const [left, live, young] = ['1_left', '2_live', `${Math.floor(Date.now() / 1000)}_young`].map(
      (name) => `nest_migrate_test_${name}`,
    );
    const unused = `nest_migrate_free_${'0'.repeat(24)}_1_0123abcd`;
    for (const name of [left, live, young, unused]) await admin.query(`CREATE DATABASE ${name}`);
    const other = await new DataSource({
      type: 'postgres',
      url: serverUrl().replace(/\/postgres$/, `/${live}`),
    }).initialize();
    write('1700000000003-third.sql', '-- up\nCREATE TABLE third (id int);\n-- down\nDROP TABLE third;');
    const openEight = (): Promise<readonly TestDatabase[]> =>
      Promise.all(Array.from({ length: 8 }, () => createTestDatabase(sourceOf(), { server })));
    const eight = await openEight();
    const templates = await named('template', role.name);
    expect(templates).toHaveLength(1);
    expect(new Set(eight.map(({ url }) => url)).size).toBe(8);
    await Promise.all(eight.map((database) => database.close()));
    const names = await named('test');
    expect([names.includes(left), names.includes(live), names.includes(young)]).toEqual([false, true, true]);
    expect(await named('free')).not.toContain(unused);
    expect(await named('test')).not.toContain(new URL(eight[0]?.url ?? '').pathname.slice(1));
    // Several processes take them at the same moment.
    const given = await named('free', role.name);
    expect(given.length).toBeGreaterThan(0);
    const again = await openEight();
    expect(new Set(again.map(({ url }) => url)).size).toBe(8);
    expect(await named('free', role.name)).toEqual([]);
    await Promise.all(again.map((database) => database.close()));
    await other.destroy();
    for (const name of [live, young, ...(await named('free', role.name)), ...templates])
      await admin.query(`DROP DATABASE ${String(name)}`);
    await role.drop();
    await admin.drop();
  });
});

describe('a database on a server that was given back', () => {
  /** What a test file leaves behind, and whether the next one gets the same database. */
  const cases: readonly (readonly [title: string, isTaken: boolean, ...sql: string[]])[] = [
    ['rows', true, `INSERT INTO plans (name) VALUES ('new')`, `DELETE FROM users`, `SELECT nextval('invoice')`],
    ['a column', false, `ALTER TABLE users ADD age int`],
    ['a privilege', false, `REVOKE ALL ON plans FROM PUBLIC`, `GRANT DELETE ON plans TO PUBLIC`],
    ['a policy that is forced', false, `ALTER TABLE users FORCE ROW LEVEL SECURITY`],
    [
      'a setting',
      false,
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 65', current_database()); END $$`,
    ],
    ['a comment', false, `COMMENT ON TABLE plans IS 'changed'`],
    ['a name', false, `ALTER INDEX plans_name_key RENAME TO other`],
    ['the step of a sequence', false, `ALTER SEQUENCE invoice INCREMENT BY 10`],
    ['a publication', false, `CREATE PUBLICATION changes FOR TABLE plans`],
    ['statistics', false, `CREATE STATISTICS pairs ON plan, best_friend FROM users`],
    ['a large object', false, `SELECT lo_create(0)`],
  ];

  it.each(cases)('is the next one if it can be restored: %s', async (_what, isTaken, ...statements) => {
    const role = await createRole('SUPERUSER');
    const server = serverUrl().replace('postgres@', `${role.name}:${role.password}@`);
    const options = { server, seed: join(project.dir, 'seed.sql') };
    const look = async ({ dataSource }: TestDatabase): Promise<readonly unknown[]> => [
      ...(await dataSource.query<unknown[]>(state)),
      (await dataSource.query<unknown[]>('SELECT oid FROM pg_database WHERE datname = current_database()'))[0],
    ];
    const first = await createTestDatabase(sourceOf(), options);
    const [before, oid] = await look(first);
    for (const sql of statements) await first.dataSource.query(sql);
    await first.close();
    const second = await createTestDatabase(sourceOf(), options);
    const [after, other] = await look(second);
    const taken = JSON.stringify(other) === JSON.stringify(oid);
    expect({ isTaken: taken, after }).toEqual({ isTaken, after: before });
    expect(second.url).not.toBe(first.url);
    await second.close();
    const admin = await createDatabase();
    const owned = await admin.query(`SELECT datname FROM pg_database WHERE datdba = '${role.name}'::regrole`);
    expect(owned.map(({ datname }) => String(datname).split('_')[2]).toSorted()).toEqual(['free', 'template']);
    for (const { datname } of owned) await admin.query(`DROP DATABASE ${String(datname)}`);
    await role.drop();
    await admin.drop();
  });

  it('is dropped if a function has filled it', async () => {
    const seed = (dataSource: DataSource): Promise<unknown> =>
      dataSource.query(`INSERT INTO plans (name) VALUES ('seeded')`);
    const first = await createTestDatabase(sourceOf(), { server: serverUrl(), seed });
    await first.close();
    const second = await opened({ server: serverUrl() });
    expect(await second.dataSource.query(`SELECT FROM plans WHERE name = 'seeded'`)).toEqual([]);
  });
});

describe('refused input', () => {
  it('is reported, and leaves nothing behind', async () => {
    const role = await createRole();
    const asRole = serverUrl().replace('postgres@', `${role.name}:${role.password}@`);
    const broken = class Broken1700000000009 {
      up = (runner: QueryRunner): Promise<unknown> => runner.query('SELECT 1/0');
      down = (): Promise<unknown> => Promise.resolve();
    };
    const cases: readonly (readonly [object, TestDatabaseOptions, string, RegExp])[] = [
      [{ migrations: [] }, {}, 'MIGRATIONS_NOT_FOUND', /has no migrations/],
      [
        { migrations: [broken] },
        { server: serverUrl() },
        'MIGRATION_FAILED',
        /Broken1700000000009 failed[^]*division by zero[^]*No test database was created/,
      ],
      [
        {},
        { server: serverUrl(), seed: () => Promise.reject(new Error('no more names')) },
        'TEST_DATABASE_FAILED',
        /seed[^]*no more names/,
      ],
      [{}, { server: serverUrl(), seed: join(project.dir, 'none.sql') }, 'TEST_DATABASE_FAILED', /seed[^]*none\.sql/],
      [{}, { server: asRole }, 'TEST_DATABASE_FAILED', /permission denied to create database/],
      [{}, { server: 'mysql://x' }, 'DATA_SOURCE_INVALID', /does not begin with postgres/],
      [{}, { server: true }, 'TEST_DATABASE_FAILED', /127\.0\.0\.1:1/],
    ];
    for (const [more, options, code, message] of cases) {
      const error = await failureOf(createTestDatabase(sourceOf(more), options));
      expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
      expect(error.message + error.next).not.toMatch(/secret|s3cret/);
    }
    await role.drop();
  });

  it('works for a role that may only create databases', async () => {
    const role = await createRole('CREATEDB');
    write(
      '1700000000001-first.sql',
      '-- up\nCREATE TABLE rows (id int);\nINSERT INTO rows VALUES (1);\n-- down\nDROP TABLE rows;',
    );
    const database = await createTestDatabase(sourceOf(), {
      server: serverUrl().replace('postgres@', `${role.name}:${role.password}@`),
    });
    await database.dataSource.query('DELETE FROM rows');
    await database.reset();
    expect(await database.dataSource.query('SELECT * FROM rows')).toEqual([{ id: 1 }]);
    await database.close();
    await expect(database.reset()).rejects.toMatchObject({
      code: 'TEST_DATABASE_FAILED',
      message: expect.stringContaining('had been closed'),
    });
  });
});
