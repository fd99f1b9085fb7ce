import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import {
  fittingName,
  generatedName,
  migrationName,
  nameInRows,
  plainName,
  quoteLiteral,
  quoteName,
  truncatedName,
  withoutSchema,
} from '../../src/sql/index.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createDatabase();
  client = await database.client();
});
afterAll(() => database.drop());

const long = [
  'a'.repeat(64),
  'é'.repeat(40),
  `${'a'.repeat(62)}é`,
  `${'a'.repeat(61)}😀`,
  `${'😀'.repeat(20)}b`,
  `${'a'.repeat(100)}1`,
  `${'a'.repeat(100)}2`,
];

describe('a name', () => {
  it.each([...long, 'users', 'Order "2"', 'Ä'])('%s is truncated as the server truncates it', async (name) => {
    const { fields } = await client.query(`SELECT 1 AS ${quoteName(name)}`);
    expect(fields[0]?.name).toBe(truncatedName(name));
  });

  it('that is too long is shortened by whole characters, and stays unique', () => {
    const made = long.map(fittingName);
    expect(made.filter((name) => Buffer.byteLength(name) > 63 || Buffer.from(name).toString() !== name)).toEqual([]);
    expect(new Set(made).size).toBe(long.length);
    expect(made.map(fittingName)).toEqual(made);
    expect(fittingName('a'.repeat(63))).toBe('a'.repeat(63));
    // Each begins as the long name does.
    expect(made.map((name, index) => long[index]?.startsWith(name.slice(0, 10)))).not.toContain(false);
  });

  it.each([
    ['users', 'id'],
    ['t'.repeat(50), 'id'],
    ['t', 'c'.repeat(63)],
    ['t'.repeat(63), 'c'.repeat(40)],
    ['ü'.repeat(31), 'é'.repeat(31)],
    ['😀'.repeat(15), 'c'.repeat(33)],
  ])('of a serial sequence is the one that the server derives from %s and %s', async (table, column) => {
    await client.query(
      `DROP TABLE IF EXISTS ${quoteName(table)}; CREATE TABLE ${quoteName(table)} (${quoteName(column)} serial)`,
    );
    const { rows } = await client.query(`SELECT relname FROM pg_class WHERE relkind = 'S'`);
    expect(rows).toEqual([{ relname: generatedName(table, column, 'seq') }]);
    await client.query(`DROP TABLE ${quoteName(table)}`);
  });

  it.each([`Users`, `Größe`, `"Users"`, `"a""b"`, `U&"d\\0061t\\+000061\\\\"`, `ÄB`])(
    '%s stands for a name',
    async (identifier) => {
      const { fields } = await client.query(`SELECT 1 AS ${identifier}`);
      expect(plainName(identifier)).toBe(fields[0]?.name);
    },
  );
});

describe('a text', () => {
  it.each([`it's`, `back\\slash`, `\\' OR 1=1 --`, `a\nb`, ``, `'`, `$$`, `\\`])(
    '%j arrives unchanged',
    async (text) => {
      for (const conforming of ['on', 'off']) {
        await client.query(`SET standard_conforming_strings = ${conforming}`);
        const { rows } = await client.query(`SELECT ${quoteLiteral(text)} AS text`);
        expect(rows).toEqual([{ text }]);
      }
      await client.query('RESET standard_conforming_strings');
    },
  );
});

describe('a schema that is left to the search path', () => {
  it.each([
    ['ALTER TABLE "app"."orders" ADD "x" app.kind', 'ALTER TABLE "orders" ADD "x" kind'],
    [
      'SELECT "t"."app", app.f(t.app.x), other.app FROM "App"."t"',
      'SELECT "t"."app", f(t.app.x), other.app FROM "App"."t"',
    ],
    [`SELECT '"app"."orders"'::regclass, 'app.orders'::regclass`, `SELECT '"orders"'::regclass, 'orders'::regclass`],
    [`SELECT 'app.orders', 'of "app"."orders"', E'app.x'`, `SELECT 'app.orders', 'of "app"."orders"', E'app.x'`],
    ['DO $x$ BEGIN UPDATE "app"."t" SET a = 1; END $x$', 'DO $x$ BEGIN UPDATE "t" SET a = 1; END $x$'],
    // A person has written this body.
    [
      'CREATE FUNCTION app.f() AS $function$ app.g() $function$',
      'CREATE FUNCTION f() AS $function$ app.g() $function$',
    ],
    ['CREATE EXTENSION IF NOT EXISTS "cube" SCHEMA "app"', 'CREATE EXTENSION IF NOT EXISTS "cube"'],
    ['CREATE SCHEMA app -- app.x', 'CREATE SCHEMA app -- app.x'],
  ])('%s', (sql, without) => {
    expect(withoutSchema(sql, 'app')).toBe(without);
  });
});

it('the name of a session is what the server keeps of it, so that it says nothing about a longer one', () => {
  const name = migrationName('up', 1748450230238, 'ModifyExecutionSessionIdFieldType');
  expect(name).toBe('nest-migrate: up 1748450230238 ModifyExecutionSessionIdFieldTyp');
  expect(Buffer.byteLength(nameInRows(123456, 1234567, 1234, 'Ein Täfelchen mit einem langen Namen'))).toBeLessThan(64);
});
