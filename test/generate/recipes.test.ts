import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { EntitySchemaColumnOptions, EntitySchemaOptions } from 'typeorm';
import { createDatabase, serverUrl } from '../support/database.js';
import { migrationsIn, withoutAnswers, writeByHand } from '../support/evolve.js';
import { changes, createFolder, everything, rowsOf, shop } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { full, itInFull, sample } from '../support/sample.js';

describe('every recipe', () => {
  let folder: MigrationsFolder;
  beforeAll(async () => {
    folder = createFolder();
    await folder.generate(shop(), { name: 'Initial' });
  });
  afterAll(() => folder.remove());

  it.each(sample(changes, 9).map((change) => [change.name, change] as const))(
    '%s: up, down and up again',
    async (_name, change) => {
      const database = await createDatabase();
      const initial = folder.texts().length;
      try {
        await folder.run(database.url);
        await database.query(rowsOf(1000));
        const generated = await folder.generate(change.after, change.options);
        if (process.env['SHOW']) process.stderr.write(folder.texts().slice(initial).join('\n'));
        expect((await folder.generate(change.after, withoutAnswers(change.options))).files).toEqual([]);
        await folder.run(database.url);
        await folder.with(database.url, (migrator) => migrator.revert({ count: generated.files.length }));
        await folder.run(database.url);
        folder.forget(generated);
      } finally {
        await database.drop();
      }
    },
  );

  itInFull(
    'a session of the old version gets the right values at every moment',
    async () => {
      const database = await createDatabase();
      const old = await database.client();
      try {
        await folder.run(database.url);
        await database.query(rowsOf(100));
        const generated = await folder.generate(everything.after, everything.options);
        const migrations = migrationsIn(generated);
        for (const to of migrations) {
          await folder.run(database.url, { phase: 'expand', to });
          for (let n = 0; n < 8; n++) {
            await old.query(
              `INSERT INTO orders (customer_id, email, code, quantity, region) VALUES (1, 'a@shop.example', gen_random_uuid(), ${n + 1}, 'west')`,
            );
          }
        }
        expect(
          await database.query(
            'SELECT count(*)::int AS orders, bool_and(total = quantity * 2) AS total, pg_typeof(min(quantity))::text AS type FROM orders',
          ),
        ).toEqual([{ orders: 100 + 8 * migrations.length, total: true, type: 'bigint' }]);
        folder.forget(generated);
      } finally {
        await database.drop();
      }
    },
    180_000,
  );
});

describe("a table that a migration of one's own has partitioned", () => {
  type Parts = Pick<EntitySchemaOptions<object>, 'indices' | 'uniques' | 'checks' | 'foreignKeys'>;
  const key: EntitySchemaColumnOptions = { type: 'int', primary: true, primaryKeyConstraintName: 'visits_pkey' };
  const columns: Record<string, EntitySchemaColumnOptions> = {
    id: key,
    at: { ...key, type: 'date' },
    userId: { type: 'int', nullable: true },
    note: { type: 'text', nullable: true },
    n: { type: 'int' },
  };
  const visits = (changed: typeof columns = {}, parts: Parts = {}): readonly EntitySchema[] => [
    new EntitySchema({
      name: 'User',
      tableName: 'users',
      columns: { id: { type: 'int', primary: true, primaryKeyConstraintName: 'users_pkey' } },
    }),
    new EntitySchema({ name: 'Visit', tableName: 'visits', columns: { ...columns, ...changed }, ...parts }),
  ];
  const byHand = {
    up: [
      'CREATE TABLE users (id int, CONSTRAINT users_pkey PRIMARY KEY (id))',
      'CREATE TABLE visits (id int, at date, "userId" int, note text, n int NOT NULL, CONSTRAINT visits_pkey PRIMARY KEY (id, at)) PARTITION BY RANGE (at)',
      `CREATE TABLE "Visits 2024" PARTITION OF visits FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')`,
      `CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id)`,
      'CREATE TABLE visits_2025_all PARTITION OF visits_2025 DEFAULT',
    ],
    down: ['DROP TABLE visits', 'DROP TABLE users'],
  };
  const first: Parts = {
    indices: [
      { name: 'by_note', columns: ['note'], where: `note LIKE 'a%'` },
      { name: 'u_n', columns: ['n', 'at', 'id'], unique: true },
    ],
    uniques: [{ name: 'uq_note', columns: ['note', 'at', 'id'] }],
    checks: [{ name: 'positive', expression: 'n > 0' }],
    foreignKeys: [{ name: 'of_user', target: 'User', columnNames: ['userId'], referencedColumnNames: ['id'] }],
  };
  const token: EntitySchemaColumnOptions = { type: 'uuid', default: () => 'gen_random_uuid()' };
  const filled = { note: { type: 'text' }, token, twice: { type: 'int' } } as const;

  it('gets indexes, keys, foreign keys and values on partitions that only the server knows too', async () => {
    const folder = createFolder();
    const database = await createDatabase();
    try {
      writeByHand(folder.dir, byHand);
      await folder.run(database.url);
      await database.query(
        `CREATE TABLE visits_later PARTITION OF visits DEFAULT; INSERT INTO users VALUES (1), (2);
         INSERT INTO visits SELECT g, date '2024-06-01' + g * 10, g % 2 + 1, CASE WHEN g % 2 = 0 THEN 'a' || g END, g FROM generate_series(1, 90) g`,
      );
      const entities = visits(filled, first);
      const backfills = ["visits.note='a'", 'visits.twice=visits.n * 2'];
      const generated = await folder.generate(entities, { backfills });
      expect(generated.warnings.join('\n')).toContain(
        String.raw`SELECT format('CREATE INDEX CONCURRENTLY ON %s USING btree (note) WHERE note LIKE ''a%%''', relid::regclass) FROM pg_partition_tree('"public"."visits"') WHERE isleaf AND relid <> ALL (ARRAY['"public"."Visits 2024"', '"public"."visits_2025_all"']::regclass[]) \gexec`,
      );
      expect(generated.warnings.filter((text) => text.includes('it stays'))).toEqual([]);
      expect((await folder.generate(entities)).files).toEqual([]);
      await folder.run(database.url, { phase: 'all' });
      expect(await database.query(stateSql)).toEqual([
        { rows: 90, filled: 90, invalid: 0, indexes: 4 * 5, of_user: 5 },
      ]);

      if (!full) return;
      const { findings } = await folder.with(database.url, (migrator) =>
        migrator.lint({ files: generated.files, shadow: serverUrl() }),
      );
      expect(findings.filter(({ severity }) => severity !== 'notice')).toEqual([]);
      const other: Parts = { ...first, indices: [{ name: 'u_n', columns: ['id', 'n', 'at'], unique: true }] };
      const replaced = await folder.generate(visits({ ...filled, n: { type: 'bigint' } }, other));
      expect(replaced.warnings.join('\n')).toMatch(/"n" TYPE bigint\. visits is partitioned, and the type of a column/);
      await folder.run(database.url, { phase: 'all' });
      expect(await database.query(stateSql)).toEqual([
        { rows: 90, filled: 90, invalid: 0, indexes: 3 * 5, of_user: 5 },
      ]);
      await folder.with(database.url, (migrator) =>
        migrator.revert({ count: generated.files.length + replaced.files.length }),
      );
      expect(await database.query(`SELECT count(*)::int AS n FROM (${ofTree}) AS i`)).toEqual([{ n: 5 }]);
      await folder.run(database.url, { phase: 'all' });
    } finally {
      folder.remove();
      await database.drop();
    }
  }, 120_000);

  const ofTree = `SELECT i.* FROM pg_index i JOIN pg_partition_tree('visits') t ON t.relid = i.indrelid`;
  const stateSql = `SELECT count(*)::int AS rows, count(*) FILTER (WHERE twice = n * 2 AND note IS NOT NULL AND token IS NOT NULL)::int AS filled,
    (SELECT count(*)::int FROM (${ofTree}) AS i WHERE NOT indisvalid) AS invalid, (SELECT count(*)::int FROM (${ofTree}) AS i) AS indexes,
    (SELECT count(*)::int FROM pg_constraint k JOIN pg_partition_tree('visits') t ON t.relid = k.conrelid WHERE k.contype = 'f') AS of_user FROM visits`;
});
