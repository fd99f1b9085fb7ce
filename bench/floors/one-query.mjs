// All statements in one round trip and one transaction.
import { readFileSync } from 'node:fs';
import pg from 'pg';

const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
await client.query(readFileSync('up.sql', 'utf8'));
await client.end();
