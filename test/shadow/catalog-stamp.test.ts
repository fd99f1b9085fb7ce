import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stampSql } from '../../src/schema/catalog-stamp.js';
import { readSchema } from '../../src/schema/read.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await database.query(`CREATE TABLE post (id serial PRIMARY KEY, title text NOT NULL, price int);
    CREATE TYPE state AS ENUM ('new', 'old'); CREATE DOMAIN amount AS int; CREATE TYPE pair AS (a int, b int);
    CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
    CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`);
});
afterAll(() => database.drop());

const stamp = async (): Promise<unknown> => (await database.query(stampSql))[0]?.['stamp'];
const facts = async (): Promise<string> => {
  const client = await database.client();
  const pool = { connect: () => Promise.resolve({ query: client.query.bind(client), release: () => undefined }) };
  const { facts: read, edges } = await readSchema(pool, { ignoreTables: [] });
  await client.end();
  return JSON.stringify([read, edges]);
};

describe('the stamp of a catalog is a new one after', () => {
  it.each([
    `ALTER TABLE post ADD COLUMN text text`,
    `ALTER TABLE post ALTER COLUMN text SET DEFAULT 'a'`,
    `ALTER TABLE post ALTER COLUMN text SET DEFAULT 'b'`,
    `ALTER TABLE post ALTER COLUMN text SET NOT NULL`,
    `ALTER TABLE post ALTER COLUMN text TYPE varchar(20)`,
    `ALTER TABLE post RENAME COLUMN text TO body`,
    `COMMENT ON COLUMN post.body IS 'a text'`,
    `COMMENT ON COLUMN post.body IS 'another'`,
    `CREATE INDEX by_title ON post (title)`,
    `ALTER INDEX by_title RENAME TO on_title`,
    `ALTER TABLE post ADD CONSTRAINT paid CHECK (price > 0) NOT VALID`,
    `ALTER TABLE post VALIDATE CONSTRAINT paid`,
    `ALTER TABLE post ADD CONSTRAINT titled UNIQUE (title)`,
    `ALTER TABLE post REPLICA IDENTITY FULL`,
    `ALTER TABLE post ENABLE ROW LEVEL SECURITY`,
    `CREATE POLICY cheap ON post USING (price < 10)`,
    `ALTER POLICY cheap ON post USING (price < 20)`,
    `CREATE TRIGGER acting BEFORE INSERT ON post FOR EACH ROW EXECUTE FUNCTION act()`,
    `ALTER TABLE post DISABLE TRIGGER acting`,
    `CREATE OR REPLACE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $1'`,
    `ALTER TYPE state ADD VALUE 'gone'`,
    `ALTER TYPE state RENAME VALUE 'old' TO 'aged'`,
    `ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0)`,
    `ALTER DOMAIN amount SET DEFAULT 1`,
    `ALTER TYPE pair ADD ATTRIBUTE c text`,
    `CREATE VIEW titles AS SELECT id, title FROM post`,
    `CREATE OR REPLACE VIEW titles AS SELECT id, title, price FROM post`,
    `CREATE MATERIALIZED VIEW prices AS SELECT price FROM post`,
    `ALTER SEQUENCE post_id_seq INCREMENT 2`,
    `CREATE SCHEMA other`,
    `ALTER TABLE post SET SCHEMA other`,
    `ALTER TABLE other.post SET (fillfactor = 70)`,
    `CREATE TABLE part (id int, at date) PARTITION BY RANGE (at)`,
    `CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
    `ALTER TABLE part DETACH PARTITION part_1`,
    `CREATE RULE nothing AS ON DELETE TO part DO INSTEAD NOTHING`,
    `CREATE EXTENSION citext`,
    `DROP VIEW titles`,
    `DROP FUNCTION twice(int)`,
  ])('%s', async (sql) => {
    const before = [await stamp(), await facts()];
    await database.query(sql);
    const after = [await stamp(), await facts()];
    expect(after[1]).not.toBe(before[1]);
    expect(after[0]).not.toBe(before[0]);
  });
});

it('rows, VACUUM, ANALYZE and what was rolled back leave the stamp as it is', async () => {
  const before = await stamp();
  for (const sql of [
    `INSERT INTO other.post (title, price) SELECT 'title ' || n, n FROM generate_series(1, 1000) AS n`,
    'VACUUM FULL other.post',
    'ANALYZE',
    'TRUNCATE other.post',
    `BEGIN; ALTER TABLE other.post ADD COLUMN gone int; ROLLBACK`,
  ])
    await database.query(sql);
  expect(await stamp()).toBe(before);
});
