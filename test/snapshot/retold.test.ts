import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { DataSource, Table } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { MigrationClass } from '../../src/files/migration.js';
import { noCache } from '../../src/shadow/cache.js';
import type { SchemaCache } from '../../src/shadow/cache.js';
import { ofMigrations } from '../../src/snapshot/of-migrations.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { Random } from '../support/random.js';
import { full } from '../support/sample.js';

let database: TestDatabase;
beforeAll(async () => void (database = await createDatabase()));
afterAll(() => database.drop());

type Up = (queryRunner: QueryRunner) => Promise<unknown>;

/** Classes in a list, whose source is unknown, so that only what they send tells whether they are the same. */
function migrationsOf(ups: readonly Up[]): MigrationClass[] {
  return ups.map((up, index) => {
    const name = `M${index}${1700000000000 + index}`;
    return class {
      readonly name = name;
      up = up;
    };
  });
}

interface Kept extends SchemaCache {
  /** The number of values that were stored. */
  stored: number;
}

function keeping(): Kept {
  const values = new Map<string, Buffer>();
  return {
    stored: 0,
    get: <T>(key: string) => {
      const bytes = values.get(key);
      return Promise.resolve(bytes && (deserialize(bytes) as T));
    },
    set(key, value) {
      this.stored += 1;
      values.set(key, serialize(value));
      return Promise.resolve();
    },
  };
}

/** What the migrations lead to: the objects of the schema with their details, and the origin of each. */
async function resultOf(ups: readonly Up[], cache: SchemaCache): Promise<object> {
  const project = {
    dataSource: new DataSource({ type: 'postgres', url: database.url }),
    migrations: migrationsOf(ups),
    settings: { dir: undefined, sources: undefined, initialState: undefined },
    loads: 'javascript' as const,
    instantiate: (one: MigrationClass) => Promise.resolve(new (one as unknown as new () => object)()),
  };
  const { schema, origins, metadata } = await ofMigrations(project, { url: serverUrl(), cache, unmanaged: [] });
  return deserialize(serialize({ facts: schema.facts, origins, metadata })) as object;
}

const send =
  (...statements: readonly string[]): Up =>
  async (queryRunner) => {
    for (const sql of statements) await queryRunner.query(sql);
  };
const tableA = send(
  'CREATE TABLE "a" ("id" uuid DEFAULT gen_random_uuid(), "at" timestamptz DEFAULT now(), "n" float DEFAULT random())',
);

/** Whether the same migrations need not be replayed a second time. */
async function isRecognised(...ups: readonly Up[]): Promise<boolean> {
  const cache = keeping();
  const first = await resultOf(ups, cache);
  const { stored } = cache;
  const second = await resultOf(ups, cache);
  const isKnown = stored > 0 && cache.stored === stored;
  // Otherwise, the two may differ, which is why nothing was stored.
  if (isKnown) expect(second).toEqual(first);
  return isKnown;
}

describe('migrations whose code is unknown are not replayed again if they', () => {
  const rows = send('INSERT INTO a DEFAULT VALUES');
  it.each<[string, readonly Up[]]>([
    ['send the same', [tableA, rows]],
    ['look whether a table exists', [tableA, async (q) => (await q.getTable('a')) && q.query('CREATE TABLE "b" ()')]],
    [
      'have TypeORM write the SQL',
      [async (q) => q.createTable(new Table({ name: 'b', columns: [{ name: 'id', type: 'int' }] }))],
    ],
    [
      'read a table without rows',
      [tableA, async (q) => (await q.query('SELECT * FROM a')).length === 0 && q.query('CREATE TABLE "b" ()')],
    ],
    ['use another query runner', [async (q) => q.connection.createQueryRunner().query('CREATE TABLE "b" ()')]],
    ['use the connection', [async (q) => ((await q.connect()) as QueryRunner).query('CREATE TABLE "b" ()')]],
    [
      'read rows that are the same each time',
      [
        send('CREATE TABLE c (n int)', 'INSERT INTO c VALUES (1), (2)'),
        async (q) => q.query(`CREATE TABLE "b${(await q.query('SELECT n FROM c')).length}" ()`),
      ],
    ],
    [
      'read the catalog after rows were written',
      [
        tableA,
        rows,
        async (q) =>
          q.query(
            `CREATE TABLE "b${(await q.query('SELECT FROM pg_class c, pg_namespace n WHERE n.oid = c.relnamespace AND relname = $1', ['a'])).length}" ()`,
          ),
      ],
    ],
  ])('%s', async (_what, ups) => {
    expect(await isRecognised(...ups)).toBe(true);
  });
});

describe('migrations are replayed again if they', () => {
  const rows = send('INSERT INTO a DEFAULT VALUES');
  const swallowing: Up = async (q) => {
    await q.query('SAVEPOINT s');
    await q.query('CREATE TABLE a ()').catch(() => q.query('ROLLBACK TO SAVEPOINT s'));
  };
  it.each<[string, readonly Up[]]>([
    ['ask for the time', [async (q) => q.query('SELECT now()')]],
    ['read rows with values that differ', [tableA, rows, async (q) => q.query('SELECT * FROM a')]],
    ['count such rows', [tableA, rows, async (q) => q.query('SELECT count(*) FROM a WHERE n < 0.5')]],
    [
      'read rows that another part of a statement has written',
      [
        tableA,
        send('CREATE TABLE c (n int)', 'DELETE FROM c', 'WITH i AS (INSERT INTO a DEFAULT VALUES) DELETE FROM c'),
        async (q) => q.query('SELECT * FROM a'),
      ],
    ],
    ['change such rows', [tableA, rows, send('UPDATE a SET id = NULL WHERE n < 0.5')]],
    ['get them back', [tableA, send('INSERT INTO a DEFAULT VALUES RETURNING n')]],
    [
      'read them in a block',
      [
        tableA,
        rows,
        send('DO $$ BEGIN IF EXISTS (SELECT FROM a WHERE n < 0.5) THEN CREATE TABLE b (); END IF; END $$'),
      ],
    ],
    ['read them beside the catalog', [tableA, rows, async (q) => q.query('SELECT count(*) FROM pg_namespace n, a')]],
    [
      'call a function that depends on the moment',
      [
        send('CREATE FUNCTION f() RETURNS float LANGUAGE sql AS $$ SELECT random() $$'),
        async (q) => q.query('SELECT f()'),
      ],
    ],
    [
      'read a view that depends on the moment',
      [send('CREATE VIEW v AS SELECT random() AS n'), async (q) => q.query('SELECT n FROM v')],
    ],
    ['have SQL with a moment in a default', [send(`CREATE TABLE b (at timestamptz DEFAULT 'now')`)]],
    ['go on after an error', [tableA, swallowing]],
    [
      'send something other than a text',
      [
        async (q) =>
          ((await q.connect()) as { query(config: object): Promise<unknown> }).query({ text: 'CREATE TABLE "b" ()' }),
      ],
    ],
  ])('%s', async (_what, ups) => {
    expect(await isRecognised(...ups)).toBe(false);
  });
});

it('migrations that send something else now are replayed', async () => {
  const cache = keeping();
  let column = 'one';
  const ups: readonly Up[] = [tableA, async (q) => q.query(`ALTER TABLE "a" ADD "${column}" int`)];
  const first = await resultOf(ups, cache);
  column = 'other';
  const second = await resultOf(ups, cache);
  expect(second).not.toEqual(first);
  expect(second).toEqual(await resultOf(ups, noCache));
  column = 'one';
  expect(await resultOf(ups, cache)).toEqual(first);
});

it('code that hides that it sends something else is noticed', async () => {
  const cache = keeping();
  let sql = 'SELECT 1';
  const ups: readonly Up[] = [tableA, async (q) => q.query(sql).catch(() => undefined)];
  await resultOf(ups, cache);
  sql = 'ALTER TABLE "a" ADD "b" int';
  expect(await resultOf(ups, cache)).toEqual(await resultOf(ups, noCache));
});

it('files that such migrations read need not be known', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'nest-migrate-retold-')), 'a.sql');
  const ups: readonly Up[] = [async (q) => q.query(readFileSync(file, 'utf8'))];
  const cache = keeping();
  for (const type of ['int', 'text', 'int']) {
    writeFileSync(file, `CREATE TABLE "a" ("id" ${type})`);
    expect(await resultOf(ups, cache)).toEqual(await resultOf(ups, noCache));
    expect(await isRecognised(...ups)).toBe(true);
  }
  rmSync(dirname(file), { recursive: true });
});

it('a schema from the cache is that of a replay, whatever changes in the code', async () => {
  const random = new Random(7);
  const pool: readonly Up[] = [
    send('CREATE TABLE IF NOT EXISTS "a" ("id" int)'),
    send('create table if not exists b (at timestamptz default now())'),
    async (q) => (await q.hasTable('b')) && q.query('INSERT INTO b DEFAULT VALUES'),
    async (q) => (await q.getTable('a')) ?? q.query('CREATE TABLE "a" ("id" int, "more" int)'),
    async (q) =>
      (await q.hasTable('b')) &&
      q.query(`CREATE TABLE IF NOT EXISTS "c${(await q.query('SELECT * FROM b')).length}" ()`),
    send('DROP TABLE IF EXISTS "a"'),
    send('CREATE TABLE IF NOT EXISTS "a" ("id" bigint)', 'COMMENT ON TABLE "a" IS \'x\''),
  ];
  const cache = keeping();
  let ups = pool.slice(0, 3);
  for (let round = 0; round < (full ? 30 : 4); round += 1) {
    const at = random.below(ups.length + 1);
    ups = ups.length > 5 ? ups.slice(0, at) : ups.toSpliced(at, round % 2, random.pick(pool));
    expect(await resultOf(ups, cache)).toEqual(await resultOf(ups, noCache));
    expect(await resultOf(ups, cache)).toEqual(await resultOf(ups, noCache));
  }
}, 600_000);
