import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type pg from 'pg';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { splitSql, splitStream } from '../../src/sql/index.js';

/** Texts and how many statements the server itself sees in them. */
const corpus: readonly (readonly [text: string, count: number])[] = [
  ['SELECT 1', 1],
  ['SELECT 1;', 1],
  ['SELECT 1; SELECT 2', 2],
  [';;SELECT 1;;', 1],
  ['', 0],
  ['-- nothing', 0],
  ['/* nothing */ ;', 0],
  ['SELECT 1; /* nothing /* at */ all */', 1],
  [`SELECT ';'; SELECT 2`, 2],
  [`SELECT 'it''s; fine'; SELECT 2`, 2],
  [`SELECT 'back\\'; SELECT 2`, 2],
  [`SELECT E'quote \\' ; '; SELECT 2`, 2],
  [`SELECT e'\\\\'; SELECT 2`, 2],
  [`SELECT E'a''b;\\'c'; SELECT 2`, 2],
  [`SELECT 1 AS "semi;colon"; SELECT 2`, 2],
  [`SELECT 1 AS "quo""te;"; SELECT 2`, 2],
  [`SELECT $$ ; $$; SELECT 2`, 2],
  [`SELECT $a$ ; $$ ; $b$ $a$; SELECT 2`, 2],
  [`SELECT $Ü$ ; $Ü$; SELECT 2`, 2],
  [`SELECT 1 -- ; not here\n; SELECT 2`, 2],
  [`SELECT 1 /* ; */; SELECT 2`, 2],
  [`SELECT 1 /* /* nested ; */ ; */; SELECT 2`, 2],
  [`SELECT 1 /* ' */; SELECT ' /* '; SELECT 3`, 3],
  [`SELECT 4 - -1; SELECT 2`, 2],
  [`SELECT 1--1;\n; SELECT 2`, 2],
  [`SELECT U&'d\\0061t;'; SELECT 2`, 2],
  [`SELECT 1 AS U&"d\\0061t;"; SELECT 2`, 2],
  [`SELECT N'a;'; SELECT 2`, 2],
  [`SELECT 1 AS a$1; SELECT 2`, 2],
  [`SELECT B'101', X'1F'; SELECT 2`, 2],
  ['DO $$ BEGIN PERFORM 1; PERFORM 2; END $$; SELECT 2', 2],
  ['CREATE FUNCTION f1() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$; SELECT f1()', 2],
  ['CREATE FUNCTION f2() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT f2()', 2],
  [
    "CREATE OR REPLACE FUNCTION f3(x int) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN x > 1 THEN (CASE x WHEN 2 THEN 'a' END) ELSE 'b' END; SELECT 'c'; END; SELECT f3(1)",
    2,
  ],
  ['CREATE FUNCTION f4() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 AS end; SELECT 2 AS case; END; SELECT f4()', 2],
  ['create procedure p1() language sql begin atomic select 1; end; call p1()', 2],
  ['CREATE TABLE atomic (begin_ int, "end" int); SELECT * FROM atomic', 2],
  ['CREATE TABLE r (id int); CREATE RULE rr AS ON INSERT TO r DO ALSO (SELECT 1; SELECT 2); SELECT 3', 3],
  ['BEGIN; SELECT 1; COMMIT', 3],
  ['SELECT CASE WHEN true THEN 1 END; SELECT 2', 2],
  ['SELECT 1;\r\nSELECT 2;\r\n', 2],
  [`COMMENT ON SCHEMA public IS 'a; b'; SELECT 2`, 2],
  ['SELECT ARRAY[1,2]; SELECT (ARRAY[1,2])[1]; SELECT 3', 3],
  [`SELECT '{"a": ";"}'::jsonb -> 'a'; SELECT 2`, 2],
  [`SELECT 'a'\n  'b;'; SELECT 2`, 2],
  [`SELECT 'unfinished`, 1],
  [`SELECT $x$ unfinished`, 1],
  [`SELECT 1 /* unfinished`, 1],
];

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  client = await database.client();
});
afterAll(() => database.drop());

it.each(corpus)('splits %j as the server does', async (text, count) => {
  const parts = splitSql(text);
  expect(parts).toHaveLength(count);
  if (text.includes('unfinished') || count === 0) return;
  const whole = await outcome(() => client.query(text));
  await emptied();
  const single: unknown[] = [];
  for (const { sql } of parts) single.push(...(await outcome(() => client.query(sql))));
  await emptied();
  expect(single).toEqual(whole);
});

async function outcome(work: () => Promise<unknown>): Promise<unknown[]> {
  const result = (await work()) as { rows: unknown[] } | { rows: unknown[] }[];
  return (Array.isArray(result) ? result : [result]).map(({ rows }) => rows);
}

async function emptied(): Promise<void> {
  await client.query('SET client_min_messages = error; DROP SCHEMA public CASCADE; CREATE SCHEMA public');
}

it('splits a text in pieces like the whole text, wherever it is cut', () => {
  const texts = [
    ...corpus.map(([text]) => text),
    corpus.map(([text]) => text.replace(/.*unfinished.*/, '')).join(';\n'),
  ];
  for (const text of texts)
    for (const size of [1, 2, 3, 7, 50]) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const statements = [...splitStream(pieces, () => false)].filter((piece) => 'sql' in piece);
      expect(statements).toEqual(splitSql(text));
    }
});

it('reports comments that begin their line, and ends statements at the requested ones', () => {
  const text = `-- a\nSELECT 1; -- up\n  -- up\nSELECT '\n-- up\n' (\n-- up\n); -- b\n/* \n-- up\n*/ SELECT 2\n-- up`;
  const found = (size: number) => [
    ...splitStream(text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [], (one) => one === '-- up'),
  ];
  const up = { comment: '-- up' };
  for (const size of [1, 2, 5, 1000])
    expect(found(size)).toEqual([
      { comment: '-- a' },
      { sql: '-- a\nSELECT 1', line: 1 },
      up,
      { sql: "SELECT '\n-- up\n' (", line: 4 },
      up,
      { sql: ')', line: 8 },
      { sql: '-- b\n/* \n-- up\n*/ SELECT 2', line: 8 },
      up,
    ]);
});

it('keeps the line on which each statement begins', () => {
  expect(splitSql('-- a\n\nSELECT 1;\n\n  SELECT\n2; SELECT 3').map(({ line }) => line)).toEqual([1, 5, 6]);
});
