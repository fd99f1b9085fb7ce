// A transaction and one round trip for each migration, its row in the ledger included.
import { readFileSync } from 'node:fs';
import pg from 'pg';

const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
await client.query('CREATE TABLE IF NOT EXISTS ledger (id serial PRIMARY KEY, timestamp bigint, name text)');
for (const { name, timestamp, up } of JSON.parse(readFileSync('migrations.json', 'utf8'))) {
  const row = `INSERT INTO ledger (timestamp, name) VALUES (${timestamp}, '${name}')`;
  await client.query(['BEGIN', ...up, row, 'COMMIT'].join(';'));
}
await client.end();
