import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase } from '../support/database.js';
import { migrationsIn, withoutAnswers } from '../support/evolve.js';
import { changes, createFolder, everything, rowsOf, shop } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { itInFull, sample } from '../support/sample.js';

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
