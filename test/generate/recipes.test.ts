import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntitySchemaColumnOptions } from 'typeorm';
import { createDatabase, serverUrl } from '../support/database.js';
import { migrationsIn, setForSession, withoutAnswers, writeByHand } from '../support/evolve.js';
import { changes, createFolder, everything, rowsOf, shop } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { laterVisits, partsOfVisits, rowsOfVisits, visits, visitsByHand } from './visits.js';
import { failureOf } from '../support/migrations.js';
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

  itInFull('a session of the old version gets the right values at every moment', async () => {
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
  });
});

describe('a table that a handwritten migration has partitioned', () => {
  const token: EntitySchemaColumnOptions = { type: 'uuid', default: () => 'gen_random_uuid()' };
  const filled = { note: { type: 'text' }, token, twice: { type: 'int' } } as const;

  it('gets indexes, keys, foreign keys and values on partitions that only the server knows too', async () => {
    const folder = createFolder();
    const database = await createDatabase();
    try {
      writeByHand(folder.dir, visitsByHand);
      await folder.run(database.url);
      // Only the server knows it.
      await database.query(`${laterVisits}; ${rowsOfVisits}`);
      const entities = visits(filled, partsOfVisits);
      const backfills = ["visits.note='a'", 'visits.twice=visits.n * 2'];
      const keyed = visits({}, { uniques: [{ name: 'uq_note', columns: ['note', 'at'] }] });
      const refused = await failureOf(folder.generate(keyed));
      expect([refused.code, refused.message]).toEqual([
        'ENTITIES_INVALID',
        'Entity Visit (table visits): constraint visits.uq_note (note, at) cannot be created without the column id: the table is partitioned by RANGE (at) and LIST (id), and a unique key must contain all of these columns.',
      ]);
      const generated = await folder.generate(entities, { backfills });
      expect(generated.warnings.join('\n')).toContain(
        String.raw`SELECT format('CREATE INDEX CONCURRENTLY ON %s USING btree (note) WHERE note LIKE ''a%%''', relid::regclass) FROM pg_partition_tree('"public"."visits"') WHERE isleaf AND relid <> ALL (ARRAY['"public"."Visits 2024"', '"public"."visits_2025_all"']::regclass[]) \gexec`,
      );
      expect(generated.warnings.filter((text) => text.includes('it stays'))).toEqual([]);
      expect(setForSession(generated)).toEqual([]);
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
      const other = { ...partsOfVisits, indices: [{ name: 'u_n', columns: ['id', 'n', 'at'], unique: true }] };
      const replaced = await folder.generate(visits({ ...filled, n: { type: 'bigint' } }, other));
      expect(replaced.warnings.join('\n')).toMatch(
        /"n" TYPE bigint\. visits is partitioned, so the type of its columns/,
      );
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
  });

  const ofTree = `SELECT i.* FROM pg_index i JOIN pg_partition_tree('visits') t ON t.relid = i.indrelid`;
  const stateSql = `SELECT count(*)::int AS rows, count(*) FILTER (WHERE twice = n * 2 AND note IS NOT NULL AND token IS NOT NULL)::int AS filled,
    (SELECT count(*)::int FROM (${ofTree}) AS i WHERE NOT indisvalid) AS invalid, (SELECT count(*)::int FROM (${ofTree}) AS i) AS indexes,
    (SELECT count(*)::int FROM pg_constraint k JOIN pg_partition_tree('visits') t ON t.relid = k.conrelid WHERE k.contype = 'f') AS of_user FROM visits`;
});
