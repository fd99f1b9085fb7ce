import { itInFull, sample } from '../support/sample.js';
import { measureDurations, tableOf } from './durations.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { readPace } from '../../src/commands/plan/ask-live.js';
import type { PlanOptions, PlanResult } from '../../src/commands/plan/types.js';
import type { SqlClient } from '../../src/database/sql-client.js';
import { runCli } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Description, Step } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import { entity } from '../generate/cases/case.js';

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
  it('reports the effect of a migration on the publications of the database', async () => {
    const inBatches = `DO $$ DECLARE page bigint := 0; BEGIN WHILE page * 8192 < pg_relation_size('keyless') LOOP UPDATE keyless SET line = '' WHERE line IS NULL; page := page + 10; COMMIT; END LOOP; END $$`;
    const { migrations } = await planned(
      [
        { up: ['ALTER TABLE orders RENAME code TO label', 'ALTER TABLE orders ADD COLUMN paid date'] },
        { up: [inBatches], transaction: false },
        { up: [inBatches.replaceAll('keyless', 'empty')], transaction: false },
        { up: ["UPDATE keyless SET line = '' WHERE id = 1"] },
      ],
      {},
      [
        'CREATE TABLE keyless (id int, line text); CREATE TABLE empty (id int, line text); INSERT INTO keyless VALUES (1)',
        `CREATE PUBLICATION whole FOR ALL TABLES; CREATE PUBLICATION part FOR TABLE orders (id, code) WHERE (id > 5)`,
      ],
    );
    expect(migrations.map(({ verdict, why }) => [verdict, ...why])).toEqual([
      ['safe now'],
      ['will fail', 'The server refuses the UPDATE: public.keyless is published (whole) and has no replica identity.'],
      ['safe now'],
      [
        'will fail',
        'It fails: cannot update table "keyless" because it does not have a replica identity and publishes updates.',
      ],
    ]);
    // How many rows a block changes is not known, nor those of a table that was never analysed.
    const anyInterval = { from: expect.any(Number), to: expect.any(Number) };
    expect(migrations.map(({ seconds }) => seconds)).toEqual([anyInterval, null, null, null]);
    expect(migrations[0]?.remarks).toEqual([
      'part sends code of public.orders as label from now on, since its column list or row filter follows the rename: a subscriber that still uses the old name stops at the first row.',
      'whole sends code of public.orders as label from now on: a subscriber that still uses the old name stops at the first row.',
      'part sends only certain columns of public.orders: paid is not among them.',
      'whole also sends paid of public.orders: a subscriber without that column stops at the first row.',
    ]);
  });

  it('reports that nothing is pending', async () => {
    const result = await planned([]);
    expect(result).toMatchObject({ migrations: [], verdict: 'safe now' });
  });

  it('an index that blocks writes, with its locks and the size of the table', async () => {
    const { migrations, tables, verdict } = await planned([{ up: ['CREATE INDEX i ON orders (email)'] }]);
    expect(verdict).toBe('will block');
    expect(migrations[0]?.why.join()).toMatch(/^Writes on public\.orders wait about [\d.]+ m?s to [\d.]+ m?s\.$/);
    expect(migrations[0]?.statements[0]).toMatchObject({
      locks: [{ table: 'public.orders', mode: 'SHARE', blocks: 'writes' }],
      scans: ['public.orders'],
      builds: ['public.i'],
    });
    expect(tables).toEqual([expect.objectContaining({ table: 'public.orders', rows })]);
    expect(await database.query('SELECT FROM pg_class WHERE relname = $1', ['i'])).toEqual([]);
  });

  it('a NOT NULL column that is added with its value does not depend on what else happens to the rows', async () => {
    const block = `DO $$ BEGIN EXECUTE 'UPDATE orders SET email = email WHERE id = 1'; END $$`;
    const [, why] = await verdictOf([block, `ALTER TABLE orders ADD COLUMN unit text NOT NULL DEFAULT 'pcs'`]);
    expect(why).not.toContain('unit');
  });

  it('a column that gets its default only later is NULL in the present rows', async () => {
    const up = ['ADD COLUMN unit text', `ALTER COLUMN unit SET DEFAULT 'pcs'`, 'ALTER COLUMN unit SET NOT NULL'];
    const [verdict, why] = await verdictOf(up.map((change) => `ALTER TABLE orders ${change}`));
    expect(verdict).toBe('will fail');
    expect(why).toContain(
      'Requires that orders is empty, since its new column unit is NOT NULL and has no default, which is not the case.',
    );
  });

  it.each([
    ['an index built concurrently', ['CREATE INDEX CONCURRENTLY i ON orders (email)'], { transaction: false }],
    ['a new column', [`ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT 'none'`], {}],
    ['a wider type', ['ALTER TABLE orders ALTER COLUMN email TYPE varchar'], {}],
    ['a new table', ['CREATE TABLE notes (id int PRIMARY KEY)', 'CREATE INDEX ON notes (id)'], {}],
    ['a check that is not validated yet', ['ALTER TABLE orders ADD CONSTRAINT c CHECK (quantity >= 0) NOT VALID'], {}],
  ])('%s is safe now', async (_, up, more) => {
    expect(await verdictOf(up, more)).toEqual(['safe now', '']);
  });

  it.each([
    [
      'another type',
      ['ALTER TABLE orders ALTER COLUMN quantity TYPE bigint'],
      /^Reads and writes on public.orders wait/,
    ],
    ['NOT NULL', ['ALTER TABLE orders ALTER COLUMN email SET NOT NULL'], /^Reads and writes on public.orders wait/],
    [
      'a lock that is held during later statements',
      ['ALTER TABLE orders ADD COLUMN note text', `UPDATE orders SET note = 'x'`],
      /^Reads and writes on public.orders wait/,
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
      'a key without a referenced row',
      ['ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES customers (id)'],
      'refers to an existing row of public.customers',
    ],
    ['a check that a row violates', ['ALTER TABLE orders ADD CONSTRAINT few CHECK (quantity < 9)'], 'satisfies few'],
    [
      'a new NOT NULL column without a value for existing rows',
      ['ALTER TABLE orders ADD COLUMN total int NOT NULL'],
      'new column total',
    ],
    ['a duplicate value', ['ALTER TABLE orders ADD CONSTRAINT one UNIQUE (code)'], 'the same code'],
  ])('%s will fail', async (_, up, what) => {
    const { migrations } = await planned([{ up }], {}, [
      'UPDATE orders SET region = NULL, customer = 999 WHERE id = 7',
      `UPDATE orders SET code = 'same' WHERE id < 3`,
    ]);
    expect(migrations[0]?.verdict).toBe('will fail');
    expect(migrations[0]?.why[0]).toContain(what);
  });

  it('asks about a table with a dot and a quote in its name', async () => {
    const parts = [
      `CREATE TABLE "a.b""c" (id int PRIMARY KEY, filling text)`,
      `INSERT INTO "a.b""c" SELECT g, repeat('x', 900) FROM generate_series(1, 3000) g`,
    ];
    const { migrations, tables } = await planned(
      [{ up: ['ALTER TABLE orders ADD FOREIGN KEY (customer) REFERENCES "a.b""c" (id)'] }],
      {},
      [...parts, 'UPDATE orders SET customer = 9999 WHERE id = 7', 'ANALYZE'],
    );
    expect(migrations[0]?.verdict).toBe('will fail');
    expect(migrations[0]?.why[0]).toContain('refers to an existing row of public.a.b"c');
    const largest = tables.find(({ table }) => table === 'public.a.b"c');
    expect(largest).toMatchObject({ rows: 3000 });
    const refused: unknown[] = [];
    const client: SqlClient = {
      query: async (sql) =>
        ({ rows: await database.query(sql).catch((error: unknown) => (refused.push(error), [])) }) as never,
    };
    if (largest) await readPace(client, { schema: 'public', name: 'a.b"c' }, largest);
    expect(refused).toEqual([]);
  });

  it('a problem that the migration itself repairs does not make it fail', async () => {
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
    expect(migrations[0]?.remarks.join()).toContain(
      'This is not true now, but earlier statements change rows, so the outcome is not known.',
    );
    expect(migrations[0]?.statements[0]?.explained).toMatchObject({ node: 'Seq Scan' });
  });

  itInFull('a new column that it fills before it says NOT NULL is no reason to fail', async () => {
    const [verdict, why] = await verdictOf([
      'ALTER TABLE orders ADD COLUMN total int',
      'UPDATE orders SET total = quantity * 2',
      'ALTER TABLE orders ALTER COLUMN total SET NOT NULL',
    ]);
    expect([verdict, why]).toEqual(['will block', expect.stringContaining('Reads and writes on public.orders wait')]);
  });

  it('a migration that fails on the actual schema of the database, and the ones after it', async () => {
    const { migrations } = await planned([
      { up: ['ALTER TABLE orders DROP COLUMN nothing'] },
      { up: ['ALTER TABLE orders ADD COLUMN more int'] },
    ]);
    expect(migrations.map(({ verdict }) => verdict)).toEqual(['will fail', 'cannot be judged']);
    expect(migrations[0]?.why[0]).toContain('column "nothing" of relation "orders" does not exist');
  });

  itInFull('a session that has used the table for long', async () => {
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
  });

  it('the remains of an earlier attempt', async () => {
    await database.query(`UPDATE orders SET code = 'same' WHERE id < 3`);
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (code)')).rejects.toThrow(
      'could not create unique index',
    );
    const { now } = await planned([{ up: ['ALTER TABLE orders ADD COLUMN more int'] }]);
    expect(now.invalidIndexes).toEqual(['public.broken']);
  });

  it('the rewrite of a large table needs its size again', async () => {
    const { diskBytes } = await planned([{ up: ['ALTER TABLE orders ALTER COLUMN quantity TYPE bigint'] }]);
    expect(diskBytes).toBeGreaterThan(1e6);
  });
});

describe('conditions on rows', () => {
  const people = [
    `CREATE TABLE people (id int PRIMARY KEY, name varchar(50), nick text NOT NULL, price numeric(10, 4), stay int4range, born text)`,
    `INSERT INTO people SELECT g, 'name ' || g, 'nick ' || g, g + 0.5, int4range(g, g + 1), '2000-01-01' FROM generate_series(1, 50) g`,
    `INSERT INTO people VALUES (51, 'a name that is longer than twenty', 'NICK 1', 99999, NULL, 'long ago')`,
    `CREATE TYPE mood AS ENUM ('free', 'busy', 'never')`,
    `ALTER TABLE people ADD state mood DEFAULT 'busy'`,
  ];
  const withoutValue = (values: string): string =>
    `ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM (${values}); ALTER TABLE people ALTER state DROP DEFAULT, ALTER state TYPE mood USING state::text::mood; DO 'BEGIN END'`;
  const noOverlap = 'EXCLUDE USING gist (stay WITH &&)';

  it.each(
    sample<readonly [string, string, RegExp | '']>(
      [
        ['ALTER TABLE people ALTER name TYPE varchar(20)', 'will fail', /every value of people\.name fits/],
        ['ALTER TABLE people ALTER name TYPE varchar(20) USING name::varchar(20)', 'safe now', ''],
        ['ALTER TABLE people ALTER name TYPE varchar(40)', 'safe now', ''],
        ['ALTER TABLE people ALTER price TYPE numeric(6, 2)', 'will fail', /every value of people\.price fits/],
        ['ALTER TABLE people ALTER price TYPE numeric(9, 4)', 'safe now', ''],
        [
          'ALTER TABLE people ALTER born TYPE date USING born::date',
          'will fail',
          /every value of people\.born fits date/,
        ],
        [`ALTER TABLE people ALTER born TYPE date USING '2000-01-01'::date`, 'not known', /no query can check them/],
        ['CREATE UNIQUE INDEX u ON people (lower(nick))', 'will fail', /same lower\(nick\)/],
        ['CREATE UNIQUE INDEX u ON people (lower(name))', 'safe now', ''],
        ['CREATE UNIQUE INDEX u ON people (nick) WHERE id < 10', 'safe now', ''],
        ['ALTER TABLE people RENAME nick TO called', 'safe now', ''],
        [
          'ALTER TABLE people RENAME TO humans; ALTER TABLE humans ADD CHECK (id > 1)',
          'will fail',
          /satisfies humans_id_check/,
        ],
        ['ALTER TABLE people ADD n int NOT NULL DEFAULT 7; ALTER TABLE people ALTER n DROP DEFAULT', 'safe now', ''],
        ['ALTER TABLE people ADD n int NOT NULL DEFAULT 7 UNIQUE', 'will fail', /two rows of people have the same n/],
        ['ALTER TABLE people ADD n int UNIQUE', 'safe now', ''],
        ['ALTER TABLE people ADD n int UNIQUE NULLS NOT DISTINCT', 'will fail', /two rows of people have the same n/],
        ['ALTER TABLE people ADD n serial UNIQUE', 'safe now', ''],
        ['ALTER TABLE people ADD n int CHECK (n > 0) REFERENCES customers', 'safe now', ''],
        ['CREATE TABLE towns (id int PRIMARY KEY); ALTER TABLE people ADD town int REFERENCES towns', 'safe now', ''],
        [`ALTER TABLE people ADD ${noOverlap}`, 'not known', /no two rows of .* conflict/],
        [
          'INSERT INTO customers VALUES (1000); ALTER TABLE people ALTER stay SET NOT NULL',
          'will fail',
          /stay has no NULL/,
        ],
        [
          'UPDATE people SET nick = lower(nick); CREATE UNIQUE INDEX u ON people (nick)',
          'not known',
          /This is true now/,
        ],
        [
          'UPDATE people SET stay = int4range(1, 2) WHERE stay IS NULL; ALTER TABLE people ALTER stay SET NOT NULL',
          'not known',
          /This is not true now/,
        ],
        ['UPDATE people SET price = 1; CREATE UNIQUE INDEX u ON people (nick)', 'safe now', ''],
        [withoutValue(`'free', 'busy', 'new'`), 'safe now', ''],
        [withoutValue(`'free', 'new', 'never'`), 'will fail', /every value of people\.state fits mood, which is not/],
      ],
      2,
    ),
  )('%s', async (sql, verdict, why) => {
    const { migrations } = await planned([{ up: sql.split('; ') }], {}, people);
    expect([migrations[0]?.verdict, migrations[0]?.why.join(' ')]).toEqual([
      verdict,
      why === '' ? '' : expect.stringMatching(why),
    ]);
    // What is said is what happens.
    if (verdict === 'not known') return;
    const failed = await database.query(sql).then(
      () => false,
      () => true,
    );
    expect(failed).toBe(verdict === 'will fail');
  });

  it('of a column that an earlier migration adds and fills are unknown, but never dropped', async () => {
    const { migrations, verdict } = await planned(
      [
        { up: ['ALTER TABLE people ADD country text'] },
        { up: [`UPDATE people SET country = 'DE'`] },
        { up: ['ALTER TABLE people ALTER country SET NOT NULL'] },
      ],
      {},
      people,
    );
    expect(migrations.map((one) => one.verdict)).toEqual(['safe now', 'safe now', 'not known']);
    expect([migrations[2]?.why.join(), verdict]).toEqual([expect.stringMatching(/country.*not known/), 'not known']);
  });

  it('if all migrations run in one transaction, locks are held until the end of the last one', async () => {
    const two = [
      { up: ['ALTER TABLE customers ADD note text'] },
      { up: ['CREATE TABLE copy AS SELECT * FROM orders'] },
    ];
    const each = await planned(two);
    expect(each.migrations.map(({ verdict }) => verdict)).toEqual(['safe now', 'safe now']);
    const all = await planned(two, { transaction: 'all' });
    expect(all.migrations[0]?.why.join()).toMatch(/^Reads and writes on public\.customers wait/);
  });
});

describe('rows that a migration changes', () => {
  const allWait = /^All rows of public\.orders, about 200,000, change in one transaction: .* batches/;
  const rowsWait =
    /^About (?:1..,...|200,000) of about 200,000 rows of public\.orders change in one transaction: .* batches/;
  const withParameters =
    (sql: string, ...parameters: readonly unknown[]): Step =>
    (queryRunner) =>
      queryRunner.query(sql, [...parameters]);

  it.each(
    sample<readonly [string, readonly Step[], string, RegExp, Partial<Description>?]>(
      [
        ['all of them', [`UPDATE orders SET region = 'south'`], 'will block', allWait],
        ['all of them are deleted', ['DELETE FROM orders'], 'will block', allWait],
        ['most of them', [`UPDATE orders SET region = 'south' WHERE quantity > 1`], 'will block', rowsWait],
        ['outside a transaction', ['DELETE FROM orders'], 'will block', allWait, { transaction: false }],
        [
          'inside another statement',
          ['WITH gone AS (DELETE FROM orders WHERE quantity > 1 RETURNING id) SELECT count(*) FROM gone'],
          'will block',
          rowsWait,
        ],
        [
          'those of a join',
          [`UPDATE orders SET region = 'south' FROM customers c WHERE c.id = orders.customer`],
          'will block',
          rowsWait,
        ],
        [
          'on conflict',
          [`INSERT INTO orders SELECT * FROM orders ON CONFLICT (id) DO UPDATE SET region = 'south'`],
          'will block',
          rowsWait,
        ],
        ['most, by a parameter', [withParameters('DELETE FROM orders WHERE quantity > $1', 1)], 'will block', rowsWait],
        [
          'a few that stay locked during later statements',
          [`UPDATE customers SET id = id WHERE id = 7`, 'CREATE TABLE copy AS SELECT * FROM orders ORDER BY code'],
          'will block',
          /^About 1 of about 100 rows of public\.customers change in one transaction/,
        ],
        ['a few', [`UPDATE orders SET region = 'south' WHERE id < 10`], 'safe now', /^$/],
        ['one, by a parameter', [withParameters('DELETE FROM orders WHERE id = $1', 1)], 'safe now', /^$/],
        ['all of a small table', ['UPDATE customers SET id = id'], 'safe now', /^$/],
        ['new ones', ['INSERT INTO customers SELECT generate_series(1000, 1010)'], 'safe now', /^$/],
        [
          'in a block',
          [`DO $$ BEGIN UPDATE orders SET region = 'south' WHERE quantity > 1; END $$`],
          'not known',
          /^How many of about 200,000 rows of public\.orders change is not known/,
        ],
        [
          'under the name that the table gets',
          ['ALTER TABLE orders RENAME TO purchases', 'CREATE TABLE orders (id int)', 'DELETE FROM purchases'],
          'will block',
          /^Reads and writes on public\.purchases wait/,
        ],
        [
          'in a loop that an empty copy does not enter',
          [`DO $$ DECLARE o orders; BEGIN FOR o IN SELECT * FROM orders LOOP DELETE FROM customers; END LOOP; END $$`],
          'not known',
          /block .* without rows/,
        ],
        [
          'in batches',
          [
            `DO $$ BEGIN FOR page IN 1..10 LOOP UPDATE orders SET region = 'south' WHERE id % 10 = page; COMMIT; END LOOP; END $$`,
          ],
          'safe now',
          /^$/,
          { transaction: false },
        ],
        [
          'by what it has read',
          [
            async (queryRunner) => {
              const found = (await queryRunner.query('SELECT id FROM orders')) as readonly { readonly id: number }[];
              for (const { id } of found) await queryRunner.query('DELETE FROM orders WHERE id = $1', [id]);
            },
          ],
          'not known',
          /reads rows of public\.orders/,
        ],
      ],
      2,
    ),
  )('%s', async (_, up, verdict, why, more = {}) => {
    const { migrations } = await planned([{ up, ...more }]);
    expect([migrations[0]?.verdict, migrations[0]?.why.join(' ')]).toEqual([verdict, expect.stringMatching(why)]);
  });

  it('in a column that an earlier migration adds: all of them, or unknown', async () => {
    const { migrations } = await planned([
      { up: ['ALTER TABLE orders ADD COLUMN note text'] },
      { up: [`UPDATE orders SET note = 'x'`] },
      { up: [`UPDATE orders SET note = 'x' WHERE note IS NULL`] },
    ]);
    expect(migrations.map(({ verdict }) => verdict)).toEqual(['safe now', 'will block', 'not known']);
    expect(migrations[2]?.why[0]).toContain('column "note" does not exist');
  });

  it('of a table that was never analysed: unknown, unless it is all of them', async () => {
    const unknown = ['CREATE TABLE plain WITH (autovacuum_enabled = false) AS SELECT id, code, filling FROM orders'];
    const { migrations, tables } = await planned(
      [{ up: [`DELETE FROM plain WHERE code > '5'`] }, { up: ['DELETE FROM plain'] }],
      {},
      unknown,
    );
    expect(migrations.map(({ verdict }) => verdict)).toEqual(['not known', 'will block']);
    expect(migrations[0]?.why[0]).toContain('never been analyzed');
    expect(tables).toEqual([expect.objectContaining({ table: 'public.plain', analysed: false })]);
  });

  itInFull('of a partitioned table, with the sizes of its partitions', async () => {
    const { migrations, tables } = await planned([{ up: ['DELETE FROM parts'] }], {}, [
      'CREATE TABLE parts (id int, filling text) PARTITION BY HASH (id)',
      'CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (modulus 2, remainder 0)',
      'CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (modulus 2, remainder 1)',
      'INSERT INTO parts SELECT id, filling FROM orders',
      'ANALYZE parts',
    ]);
    expect(migrations[0]?.verdict).toBe('will block');
    expect(migrations[0]?.why[0]).toContain('All rows of public.parts, about 200,000,');
    expect(tables.find(({ table }) => table === 'public.parts')).toMatchObject({ rows });
  });
});

describe('an index that is invalid on the live database', () => {
  const leftBehind = async (unique: 'UNIQUE' | ''): Promise<void> => {
    await database.query(`UPDATE orders SET code = 'same' WHERE id < 3`);
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON orders (code)')).rejects.toThrow(
      'could not create unique index',
    );
    if (unique) return;
    await database.query('DROP INDEX broken');
    await database.query('CREATE INDEX broken ON orders (code)');
    await database.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass`);
  };

  it.each(
    sample<readonly [string, 'UNIQUE' | '', readonly string[], string, RegExp, Partial<Description>?]>(
      [
        [
          'proves nothing about its replacement',
          'UNIQUE',
          ['DROP INDEX CONCURRENTLY broken', 'CREATE UNIQUE INDEX CONCURRENTLY better ON orders (code)'],
          'will fail',
          /no two rows of orders have the same code/,
          { transaction: false },
        ],
        [
          'proves nothing if it is rebuilt',
          'UNIQUE',
          ['REINDEX INDEX CONCURRENTLY broken'],
          'will fail',
          /no two rows of orders have the same code/,
          { transaction: false },
        ],
        [
          'cannot become a constraint',
          'UNIQUE',
          ['ALTER TABLE orders ADD CONSTRAINT one UNIQUE USING INDEX broken'],
          'will fail',
          /index "broken" is not valid/,
        ],
        [
          'cannot be referred to',
          'UNIQUE',
          ['CREATE TABLE refers (code text REFERENCES orders (code))'],
          'will fail',
          /no unique constraint matching/,
        ],
        [
          'is treated as valid by IF NOT EXISTS',
          '',
          ['CREATE INDEX CONCURRENTLY IF NOT EXISTS broken ON orders (code)'],
          'will fail',
          /public\.broken already exists and is invalid: .* DROP INDEX CONCURRENTLY "public"\."broken"/,
          { transaction: false },
        ],
        [
          'does not matter if it was dropped before',
          '',
          [
            'DROP INDEX CONCURRENTLY IF EXISTS broken',
            'CREATE INDEX CONCURRENTLY IF NOT EXISTS broken ON orders (code)',
          ],
          'safe now',
          /^$/,
          { transaction: false },
        ],
        [
          'does not matter for another change of its table',
          'UNIQUE',
          ['ALTER TABLE orders ADD COLUMN more int'],
          'safe now',
          /^$/,
        ],
      ],
      2,
    ),
  )('%s', async (_, unique, up, verdict, why, more = {}) => {
    await leftBehind(unique);
    const { migrations } = await planned([{ up, ...more }]);
    expect([migrations[0]?.verdict, migrations[0]?.why.join(' ')]).toEqual([verdict, expect.stringMatching(why)]);
  });

  itInFull('is reported as unknown if the shadow cannot have one', async () => {
    await leftBehind('');
    const role = await createRole('CREATEDB');
    const shadow = new URL(serverUrl());
    [shadow.username, shadow.password] = [role.name, role.password];
    const result = await planned([{ up: ['ALTER TABLE orders ADD COLUMN more int'] }], { shadow: shadow.href });
    await role.drop();
    expect(result.migrations[0]?.verdict).toBe('not known');
    expect(result.migrations[0]?.why[0]).toContain('public.broken');
  });
});

describe('requirements of the server', () => {
  const roles: { readonly name: string; readonly password: string; drop(): Promise<void> }[] = [];
  let [mine, other]: readonly string[] = [];
  beforeEach(async () => {
    roles.push(await createRole(), await createRole());
    [mine = '', other = ''] = roles.map(({ name }) => name);
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${mine}`);
    await database.query(`GRANT CREATE, USAGE ON SCHEMA public TO ${mine}; CREATE SCHEMA closed`);
    await database.query(`GRANT CREATE ON DATABASE ${database.name} TO ${mine}`);
    await database.query(`SET ROLE ${mine}; CREATE TABLE owned (id int PRIMARY KEY); RESET ROLE`);
  });
  afterEach(async () => {
    await database.drop();
    for (const role of roles.splice(0)) await role.drop();
  });

  const asRole = (sql: string): string => sql.replaceAll('$mine', mine ?? '').replaceAll('$other', other ?? '');
  const verdicts = async (changes: readonly string[], options: PlanOptions) => {
    const url = database.urlFor(mine ?? '', roles[0]?.password ?? '');
    const pending = changes.map((sql, index) =>
      migration(`Change${1_700_000_000_001 + index}`, { up: sql.includes('$$') ? [sql] : sql.split('; ') }),
    );
    const { result } = await using({ url, migrations: [given, ...pending] }, (migrator) => migrator.plan(options));
    return result.migrations.map(({ verdict, why }) => [verdict, why.join(' ')]);
  };
  /** What is said is what happens. */
  const failing = async (changes: readonly string[]): Promise<readonly boolean[]> => {
    const client = new pg.Client(database.urlFor(mine ?? '', roles[0]?.password ?? ''));
    await client.connect();
    const failed: boolean[] = [];
    for (const sql of changes)
      failed.push(
        await client.query(`BEGIN; ${sql}`).then(
          () => false,
          () => true,
        ),
        await client.query('ROLLBACK').then(() => false),
      );
    await client.end();
    return failed.filter((_, index) => index % 2 === 0);
  };

  it('are checked on the server, because the role of the copy is a superuser', async () => {
    const cases: readonly (readonly [string, RegExp | ''])[] = [
      ['ALTER TABLE orders ADD note text', /orders belongs to postgres/],
      [`COMMENT ON COLUMN orders.email IS 'x'`, /orders belongs to postgres/],
      ['CREATE INDEX i ON customers (id)', /customers belongs to postgres/],
      ['ALTER TABLE owned ADD note text', ''],
      ['ALTER TABLE owned ADD FOREIGN KEY (id) REFERENCES customers', /REFERENCES on customers/],
      ['CREATE TABLE notes (id int); ALTER TABLE notes ADD t text; CREATE INDEX ON notes (t)', ''],
      ['INSERT INTO customers VALUES (-1)', /permission denied for table customers/],
      ['CREATE TABLE closed.notes (id int)', /CREATE on the schema closed/],
      ['CREATE SCHEMA more; CREATE TABLE more.notes (id int)', ''],
      ['CREATE ROLE auditor', /may not create roles/],
      ['CREATE EXTENSION citext', ''],
      ['CREATE EXTENSION amcheck', /may not install the extension amcheck/],
      ['CREATE EXTENSION IF NOT EXISTS pageinspect', ''],
      ['COMMENT ON EXTENSION pageinspect IS NULL', /extension pageinspect belongs to postgres/],
      [`SET session_replication_role = 'replica'`, /permission denied to set parameter "session_replication_role"/],
      ['SET LOCAL log_statement TO DEFAULT', /permission denied to set parameter "log_statement"/],
      [`SET LOCAL work_mem = '8MB'; SET LOCAL app.tenant = '1'; RESET work_mem`, ''],
      ['TRUNCATE orders', /TRUNCATE on orders/],
      ['DROP INDEX i2', /orders belongs to postgres/],
      ['ALTER TABLE owned OWNER TO $other', /is not a member of/],
    ];
    await database.query('CREATE EXTENSION pageinspect; CREATE INDEX i2 ON orders (id)');
    const changes = cases.map(([sql]) => asRole(sql));
    expect(await verdicts(changes, { shadow: serverUrl() })).toEqual(
      cases.map(([, why]) => (why === '' ? ['safe now', ''] : ['will fail', expect.stringMatching(why)])),
    );
    expect(await failing(changes)).toEqual(cases.map(([, why]) => why !== ''));
  });

  it.each(
    sample<readonly [readonly string[], readonly (readonly [string, RegExp])[]]>(
      [
        [
          ['GRANT SELECT ON owned TO $other', `DO $$ BEGIN EXECUTE 'GRANT SELECT ON owned TO nothere'; END $$`],
          [
            ['safe now', /^$/],
            ['will fail', /role "nothere" does not exist/],
          ],
        ],
        [['CREATE ROLE $other'], [['will fail', /role "\w+" already exists/]]],
        [['CREATE EXTENSION xml2'], [['cannot be judged', /does not have the extension xml2, which the server has/]]],
      ],
      2,
    ),
  )('are known to the copy in the process: %j', async (texts, expected) => {
    const changes = texts.map(asRole);
    expect(await verdicts(changes, {})).toEqual(
      expected.map(([verdict, why]) => [verdict, expect.stringMatching(why)]),
    );
    expect(await failing(changes)).toEqual(expected.map(([verdict]) => verdict !== 'safe now'));
  });

  it('include an extension that the role may not install: the run prints what an administrator has to type', async () => {
    await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${mine}`);
    await database.query(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${mine}`);
    const install = 'CREATE EXTENSION IF NOT EXISTS amcheck';
    const pending = migration('Change1700000000001', { up: [install] });
    const url = database.urlFor(mine ?? '', roles[0]?.password ?? '');
    const running = using({ url, migrations: [given, pending] }, (migrator) => migrator.run());
    expect((await failureOf(running)).next).toContain(`once: ${install};`);
    const set = migration('Change1700000000001', { up: [`SET session_replication_role = 'replica'`] });
    const setting = using({ url, migrations: [given, set] }, (migrator) => migrator.run());
    expect((await failureOf(setting)).next).toContain('GRANT SET ON PARAMETER session_replication_role TO');
  });

  itInFull(
    'include the extensions that TypeORM will install when the run connects, but neither plan nor baseline --check installs any',
    async () => {
      const pending = migration('Change1700000000001', {
        up: ['ALTER TABLE owned ADD token uuid DEFAULT uuid_generate_v4()'],
      });
      const url = database.urlFor(mine ?? '', roles[0]?.password ?? '');
      const options = { entities: [entity('owned', { token: { type: 'uuid', generated: 'uuid' } })] };
      const plan = async (): Promise<readonly (readonly string[])[]> => {
        const { result } = await using({ url, migrations: [given, pending], options }, (migrator) => migrator.plan());
        return result.migrations.map(({ verdict, why }) => [verdict, why.join(' ')]);
      };
      const checked = await using({ url, migrations: [], options }, (migrator) =>
        migrator.baseline({ check: true, language: 'sql', shadow: serverUrl() }),
      );
      expect(checked.result.drift).not.toEqual([]);
      expect(await plan()).toEqual([['safe now', '']]);
      expect(await database.query(`SELECT FROM pg_extension WHERE extname = 'uuid-ossp'`)).toEqual([]);
      await database.query(`REVOKE CREATE ON DATABASE ${database.name} FROM ${mine}`);
      expect(await plan()).toEqual([['will fail', expect.stringContaining('uuid_generate_v4() does not exist')]]);
    },
  );

  itInFull('include an extension of the live database that the shadow does not have', async () => {
    await database.query('CREATE EXTENSION xml2');
    const failure = await failureOf(verdicts(['SELECT 1'], {}));
    expect(failure).toMatchObject({ code: 'SHADOW_EXTENSION', next: expect.stringContaining('--shadow') });
    expect(failure.message).toContain('The database has the extension xml2');
    // What the project leaves alone, and what depends on it, need not be there.
    await database.query("CREATE VIEW of_xml AS SELECT xml_valid('<a/>') AS valid");
    const url = database.urlFor(mine ?? '', roles[0]?.password ?? '');
    const pending = migration('Change1700000000001', { up: ['SELECT 1'] });
    const project = { url, migrations: [given, pending], settings: { ignore: ['extension:xml2'] } };
    const { result } = await using(project, (migrator) => migrator.plan());
    expect(result.migrations).toMatchObject([{ verdict: 'safe now' }]);
  });
});

describe('run --plan without a terminal', () => {
  const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ entities: [], migrations: ['migrations/*.sql'] }, { shadow: '${serverUrl()}' });
`;
  const run = async (sql: string, ...flags: readonly string[]) => {
    const project = createProject({
      'package.json': '{ "name": "app", "type": "module" }',
      'data-source.js': dataSource,
      'migrations/1700000000000-CreateOrders.sql': '-- up\nSELECT 1;\n-- down\n',
      'migrations/1700000000001-Change.sql': `-- up\n${sql};\n-- down\n`,
      'migrations/1700000000002-Later.sql': '-- up\nCREATE TABLE later (id int);\n-- down\n',
    });
    try {
      const result = await runCli(['run', '--plan', ...flags], {
        cwd: project.dir,
        env: { DATABASE_URL: database.url },
      });
      const applied = await database.query('SELECT name FROM migrations WHERE timestamp > 1700000000000 ORDER BY 1');
      return { ...result, applied: applied.map(({ name }) => name) };
    } finally {
      project.remove();
    }
  };
  const blocking = `UPDATE orders SET region = 'south'`;
  const failing = 'ALTER TABLE orders ADD CONSTRAINT few CHECK (quantity < 9)';

  itInFull('runs nothing when one blocks or fails, and says which and how to run it all the same', async () => {
    const { code, stdout, stderr, applied } = await run(blocking);
    expect([code, stdout, applied]).toEqual([3, '', []]);
    expect(stderr).toContain(
      'Nothing was run: Change1700000000001 will block: All rows of public.orders, about 200,000,',
    );
    expect(stderr).toContain('nest-migrate run --plan --yes');
    const json = await run(failing, '--json');
    expect([json.code, json.applied]).toEqual([3, []]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      error: {
        code: 'DECISION_NEEDED',
        message: expect.stringMatching(
          /Change1700000000001 will fail: Requires that every row of orders satisfies few/,
        ),
        next: expect.stringContaining('--yes'),
        migration: 'Change1700000000001',
      },
    });
  });

  itInFull('runs what is safe, what is unknown unless --strict is given, and everything with --yes', async () => {
    const hidden = `DO $$ BEGIN UPDATE orders SET region = 'south' WHERE id = 1; END $$`;
    const strict = await run(hidden, '--strict');
    expect([strict.code, strict.applied]).toEqual([3, []]);
    expect(strict.stderr).toContain('Change1700000000001 not known: How many of about 200,000 rows of public.orders');
    expect(strict.stderr).toContain('duration not known');
    expect(await run('ALTER TABLE orders ADD COLUMN more int', '--to', '1700000000001')).toMatchObject({
      code: 0,
      applied: ['Change1700000000001'],
    });
    await database.query('DELETE FROM migrations WHERE timestamp > 1700000000000');
    expect(await run(blocking, '--yes')).toMatchObject({
      code: 0,
      applied: ['Change1700000000001', 'Later1700000000002'],
    });
  });
});

itInFull(
  'the duration of a statement lies in the interval of its plan in nine of ten cases, on three sizes and two disks',
  async () => {
    const sizes = (process.env['SIZES'] ?? '10000,1000000,10000000').split(',').map(Number);
    const measured = await measureDurations(['/tmp', '/dev/shm'], sizes);
    process.stderr.write(`${tableOf(measured)}\n`);
    const inside = measured.filter(({ from, to, took }) => from <= took && took <= to);
    expect(inside.length / measured.length).toBeGreaterThanOrEqual(0.9);
    for (const { from, to } of measured) expect(to / from).toBeLessThanOrEqual(10);
  },
  3_600_000,
);
