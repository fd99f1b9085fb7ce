import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { createDatabase } from '../support/database.js';
import { changes, createFolder, rowsOf, shop } from './shop.js';

it('a sequence is altered after its table, so that an insert and the migration do not deadlock', async () => {
  const folder = createFolder();
  const database = await createDatabase();
  const app = new pg.Client({ connectionString: database.url });
  try {
    await folder.generate(shop(), { name: 'Initial' });
    await folder.run(database.url);
    await database.query(rowsOf(10));
    const change = changes.find(({ name }) => name === 'key to bigint');
    await folder.generate(change?.after ?? [], {});
    await app.connect();
    await app.query('BEGIN');
    await app.query('UPDATE orders SET note = $1 WHERE id = 1', ['mine']);
    const running = folder.run(database.url, { phase: 'expand' });
    await sleep(500);
    // In the other order, it would wait here for the sequence, and the migration for the table.
    await app.query(`INSERT INTO orders (customer_id, email, code, region) VALUES (1, 'a@b', 'c', 'north')`);
    await app.query('COMMIT');
    const { applied } = await running;
    expect(applied.length).toBeGreaterThan(1);
    // The server's statistics come a moment later.
    await sleep(1500);
    const counted = await database.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(counted).toEqual([{ deadlocks: 0 }]);
  } finally {
    await app.end();
    folder.remove();
    await database.drop();
  }
});
