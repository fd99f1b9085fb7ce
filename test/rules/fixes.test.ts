import { expect, it } from '@jest/globals';
import { splitSql } from '../../src/sql/index.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { judgeExample } from '../support/judge.js';

/** What a rule says to write instead, cut where the old version of the app has to be gone. */
async function fixOf(rule: string, given: string, sql: string): Promise<readonly string[]> {
  const found = await judgeExample({ given, sql });
  const fix = found.find((one) => one.rule === rule)?.fix ?? '';
  return fix.split(/^-- phase: contract$/m);
}

/** Pastes it; a batch is repeated until nothing is left, as its comment says. */
async function paste(fix: string, database: TestDatabase): Promise<void> {
  const client = await database.client();
  for (const { sql } of splitSql(fix)) {
    let changed = (await client.query(sql)).rowCount;
    while (/^(?:--.*\n)*UPDATE/.test(sql) && changed) changed = (await client.query(sql)).rowCount;
  }
}

const columns = (database: TestDatabase) =>
  database.query(
    `SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull, pg_get_expr(adbin, adrelid) AS fallback
     FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
     WHERE attrelid = 'people'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attname`,
  );

it.each([
  ['text', `'a ' || g`],
  [`varchar(40) NOT NULL DEFAULT 'nobody'`, `'a ' || g`],
  ['json', `json_build_object('a', g)`],
  ['numeric(10, 2) NOT NULL', 'g + 0.5'],
])('rename-column: what is pasted keeps both versions of the app running, and all values (%s)', async (type, value) => {
  const given = `CREATE TABLE people (id int PRIMARY KEY, name ${type})`;
  const rows = `INSERT INTO people SELECT g, ${value} FROM generate_series(1, 12000) g`;
  const rename = 'ALTER TABLE people RENAME COLUMN name TO "fullName"';
  const [expand = '', contract = ''] = await fixOf('rename-column', given, rename);
  expect(expand).not.toMatch(/\bDROP COLUMN\b/);
  const [pasted, naive] = [await createDatabase(), await createDatabase()];
  for (const database of [pasted, naive]) await database.query(`${given}; ${rows}`);
  await paste(expand, pasted);
  const one = value.replaceAll('g', '1');
  const other = value.replaceAll('g', '2');
  // The old version of the app, then the new one.
  await pasted.query(
    `INSERT INTO people (id, name) VALUES (20001, ${one}); UPDATE people SET name = ${other} WHERE id = 7`,
  );
  await pasted.query(
    `INSERT INTO people (id, "fullName") VALUES (20002, ${one}); UPDATE people SET "fullName" = ${other} WHERE id = 8`,
  );
  expect(await pasted.query('SELECT id FROM people WHERE name::text IS DISTINCT FROM "fullName"::text')).toEqual([]);
  await paste(contract, pasted);
  await naive.query(
    `INSERT INTO people VALUES (20001, ${one}), (20002, ${one}); UPDATE people SET name = ${other} WHERE id IN (7, 8); ${rename}`,
  );
  const both = [pasted, naive];
  const [got, expected] = await Promise.all(
    both.map(async (database) => [
      await columns(database),
      await database.query('SELECT id, "fullName"::text FROM people ORDER BY id'),
    ]),
  );
  expect(got).toEqual(expected);
  await Promise.all(both.map((database) => database.drop()));
});

it.each([
  ['a key', 'CREATE TABLE people (name int PRIMARY KEY)'],
  ['an identity', 'CREATE TABLE people (name int GENERATED ALWAYS AS IDENTITY)'],
  ['a partitioned table', 'CREATE TABLE people (id int, name int) PARTITION BY HASH (id)'],
])('rename-column: only words for %s', async (_, given) => {
  const fix = await fixOf('rename-column', given, 'ALTER TABLE people RENAME COLUMN name TO other');
  expect(
    fix
      .join('')
      .split('\n')
      .filter((line) => !line.startsWith('--')),
  ).toEqual([]);
});
