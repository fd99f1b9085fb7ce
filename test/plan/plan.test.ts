import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { PlanOptions, PlanResult } from '../../src/commands/plan/contract.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { migration, using } from '../support/migrations.js';
import type { Description } from '../support/migrations.js';

const rows = 200_000;
let filled: TestDatabase;
let database: TestDatabase;
beforeAll(async () => {
  filled = await createDatabase();
  await using({ url: filled.url, migrations: [given] }, (migrator) => migrator.run());
  await filled.query('ANALYZE');
  await filled.disconnect();
});
afterAll(() => filled.drop());
beforeEach(async () => {
  database = await createDatabase(filled.name);
});
afterEach(() => database.drop());

const given = migration('CreateOrders1700000000000', {
  up: [
    `CREATE TABLE orders (id int PRIMARY KEY, email text, code text, region text, filling text, quantity int NOT NULL DEFAULT 1, customer int)`,
    `CREATE TABLE customers (id int PRIMARY KEY)`,
    `INSERT INTO customers SELECT generate_series(1, 100)`,
    `INSERT INTO orders SELECT g, 'a' || g, md5(g::text), 'north', repeat('x', 100), g % 10, g % 100 + 1 FROM generate_series(1, ${rows}) g`,
  ],
});

/** Plans migrations on a database where the first is applied and full of rows. */
async function planned(
  pending: readonly Description[],
  options: PlanOptions = {},
  more: readonly string[] = [],
): Promise<PlanResult> {
  const migrations = pending.map((description, index) => migration(`Change${1_700_000_000_001 + index}`, description));
  for (const sql of more) await database.query(sql);
  const { result } = await using({ url: database.url, migrations: [given, ...migrations] }, (migrator) =>
    migrator.plan({ shadow: serverUrl(), ...options }),
  );
  return result;
}

async function verdictOf(up: readonly string[], more: Partial<Description> = {}): Promise<readonly [string, string]> {
  const { migrations } = await planned([{ up, ...more }]);
  return [migrations[0]?.verdict ?? '', (migrations[0]?.why ?? []).join(' ')];
}

describe('plan', () => {
  it('says that nothing is to do', async () => {
    const result = await planned([]);
    expect(result).toMatchObject({ migrations: [], verdict: 'safe now' });
  });

  it('an index that stops writes, with what it locks and how large the table is', async () => {
    const { migrations, tables, verdict } = await planned([{ up: ['CREATE INDEX i ON orders (email)'] }]);
    expect(verdict).toBe('will block');
    expect(migrations[0]?.why.join()).toMatch(/^Writes of public\.orders wait about \d+ ms\.$/);
    expect(migrations[0]?.statements[0]).toMatchObject({
      locks: [{ table: 'public.orders', mode: 'SHARE', blocks: 'writes' }],
      scans: ['public.orders'],
      builds: ['public.i'],
    });
    expect(tables).toEqual([expect.objectContaining({ table: 'public.orders', rows })]);
    expect(await database.query('SELECT FROM pg_class WHERE relname = $1', ['i'])).toEqual([]);
  });

  it.each([
    ['an index beside the traffic', ['CREATE INDEX CONCURRENTLY i ON orders (email)'], { transaction: false }],
    ['a new column', [`ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT 'none'`], {}],
    ['a wider type', ['ALTER TABLE orders ALTER COLUMN email TYPE varchar'], {}],
    ['a new table', ['CREATE TABLE notes (id int PRIMARY KEY)', 'CREATE INDEX ON notes (id)'], {}],
    ['a check that looks at nobody yet', ['ALTER TABLE orders ADD CONSTRAINT c CHECK (quantity >= 0) NOT VALID'], {}],
  ])('%s is safe now', async (_, up, more) => {
    expect(await verdictOf(up, more)).toEqual(['safe now', '']);
  });

  it.each([
    [
      'another type',
      ['ALTER TABLE orders ALTER COLUMN quantity TYPE bigint'],
      /^Reads and writes of public.orders wait/,
    ],
    ['NOT NULL', ['ALTER TABLE orders ALTER COLUMN email SET NOT NULL'], /^Reads and writes of public.orders wait/],
    [
      'a lock that is held during what comes after it',
      ['ALTER TABLE orders ADD COLUMN note text', `UPDATE orders SET note = 'x'`],
      /^Reads and writes of public.orders wait/,
    ],
  ])('%s will block', async (_, up, why) => {
    expect(await verdictOf(up)).toEqual(['will block', expect.stringMatching(why)]);
  });

  it.each([
    [
      'NOT NULL where a row has none',
      [`ALTER TABLE orders ALTER COLUMN region SET NOT NULL`],
      'orders.region has no NULL',
    ],
    [
      'a key without its row',
      ['ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers (id)'],
      'has its public.customers',
    ],
    [
      'a check that a row does not fulfil',
      ['ALTER TABLE orders ADD CONSTRAINT few CHECK (quantity < 9)'],
      'fulfils few',
    ],
    [
      'a new column that rows have no value for',
      ['ALTER TABLE orders ADD COLUMN total int NOT NULL'],
      'new column total',
    ],
    ['a value that is there twice', ['ALTER TABLE orders ADD CONSTRAINT one UNIQUE (code)'], 'the same code'],
  ])('%s will fail', async (_, up, what) => {
    const { migrations } = await planned([{ up }], {}, [
      'UPDATE orders SET region = NULL, customer = 999 WHERE id = 7',
      `UPDATE orders SET code = 'same' WHERE id < 3`,
    ]);
    expect(migrations[0]?.verdict).toBe('will fail');
    expect(migrations[0]?.why[0]).toContain(what);
  });

  it('what a migration repairs itself is no reason to fail', async () => {
    const { migrations } = await planned(
      [
        {
          up: [
            `UPDATE orders SET region = 'south' WHERE region IS NULL`,
            'ALTER TABLE orders ALTER COLUMN region SET NOT NULL',
          ],
        },
      ],
      {},
      ['UPDATE orders SET region = NULL WHERE id = 7'],
    );
    expect(migrations[0]?.verdict).toBe('will block');
    expect(migrations[0]?.remarks.join()).toContain('but it changes rows before');
    expect(migrations[0]?.statements[0]?.explained).toMatchObject({ node: 'Seq Scan' });
  });

  it('a new column that it fills before it says NOT NULL is no reason to fail', async () => {
    const [verdict, why] = await verdictOf([
      'ALTER TABLE orders ADD COLUMN total int',
      'UPDATE orders SET total = quantity * 2',
      'ALTER TABLE orders ALTER COLUMN total SET NOT NULL',
    ]);
    expect([verdict, why]).toEqual(['will block', expect.stringContaining('Reads and writes of public.orders wait')]);
  });

  it('one that fails on the schema that the database really has, and what comes after it', async () => {
    const { migrations } = await planned([
      { up: ['ALTER TABLE orders DROP COLUMN nothing'] },
      { up: ['ALTER TABLE orders ADD COLUMN more int'] },
    ]);
    expect(migrations.map(({ verdict }) => verdict)).toEqual(['will fail', 'cannot be judged']);
    expect(migrations[0]?.why[0]).toContain('column "nothing" of relation "orders" does not exist');
  });

  it('somebody who has used the table for long', async () => {
    const reader = new pg.Client({ connectionString: database.url, application_name: 'report' });
    await reader.connect();
    try {
      await reader.query('BEGIN');
      await reader.query('SELECT FROM orders LIMIT 1');
      await new Promise((done) => setTimeout(done, 5200));
      const result = await planned([{ up: ['ALTER TABLE orders ADD COLUMN more int'] }]);
      expect(result.migrations[0]?.verdict).toBe('will block');
      expect(result.migrations[0]?.why[0]).toMatch(
        /^pid \d+ \(report\) has used public\.orders in a transaction for \d+\.\d s \(idle in transaction\)/,
      );
      expect(result.now.sessions).toEqual([
        expect.objectContaining({ application: 'report', tables: ['public.orders'] }),
      ]);
    } finally {
      await reader.end();
    }
  }, 60_000);

  it('what an earlier attempt has left', async () => {
    await database.query(`UPDATE orders SET code = 'same' WHERE id < 3`);
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (code)')).rejects.toThrow(
      'could not create unique index',
    );
    const { now } = await planned([{ up: ['ALTER TABLE orders ADD COLUMN more int'] }]);
    expect(now.invalidIndexes).toEqual(['public.broken']);
  });

  it('a large table that is written anew needs its size once more', async () => {
    const { diskBytes } = await planned([{ up: ['ALTER TABLE orders ALTER COLUMN quantity TYPE bigint'] }]);
    expect(diskBytes).toBeGreaterThan(1e6);
  });
});
