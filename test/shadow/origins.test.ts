import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { listMigrations } from '../../src/files/list-migrations.js';
import { resolveMigrations } from '../../src/files/resolve.js';
import { replayWithOrigins } from '../../src/shadow/replay-origins.js';
import { connectShadow } from '../../src/shadow/connected.js';
import { withQueryRunner } from '../../src/shadow/replay.js';
import { splitSql } from '../../src/sql/index.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { emptyState } from '../support/empty-state.js';

let database: TestDatabase;
beforeAll(async () => void (database = await createDatabase()));
afterAll(() => database.drop());

interface Told {
  /** How often each was executed. */
  readonly times: Readonly<Record<string, number>>;
  /** All handmade objects: `column a.id`. */
  readonly all: readonly string[];
  /** As `table a`. */
  readonly byHand: readonly string[];
}

/** One migration for each of these texts, in order; `;` separates the statements. */
async function told(
  ...texts: readonly (string | { readonly alone: string } | { readonly whole: string })[]
): Promise<Told> {
  const times: Record<string, number> = {};
  const classes = texts.map((text, index) => {
    const name = `M${index}${1700000000000 + index}`;
    const sql = typeof text === 'string' ? text : 'alone' in text ? text.alone : text.whole;
    const statements = typeof text === 'object' && 'whole' in text ? [{ sql }] : splitSql(sql);
    const made = class {
      name = name;
      transaction = typeof text === 'object' && 'alone' in text ? false : undefined;
      async up(queryRunner: QueryRunner): Promise<void> {
        times[`M${index}`] = (times[`M${index}`] ?? 0) + 1;
        for (const statement of statements) await queryRunner.query(statement.sql);
      }
    };
    Object.defineProperty(made, 'name', { value: name });
    return made;
  });
  const shadow = await connectShadow(new DataSource({ type: 'postgres', url: database.url }), emptyState, {
    url: serverUrl(),
  });
  try {
    const migrations = await resolveMigrations(
      await listMigrations({
        migrations: classes,
        settings: { dir: undefined, sources: undefined },
        loads: 'javascript',
      }),
    );
    const origins = await replayWithOrigins(shadow, migrations, (one) => new (one as new () => object)() as never);
    const hand = [...origins].filter(([, origin]) => origin === 'hand');
    const ids = hand.map(([key]) => JSON.parse(key) as readonly string[]);
    const relations = ids.filter(([kind = '']) => ['table', 'index', 'view'].includes(kind));
    const all = ids.map(([kind, , table, name]) => `${kind} ${table ? `${table}.` : ''}${name}`).toSorted();
    return { times, all, byHand: relations.map(([kind, , , name]) => `${kind} ${name}`).toSorted() };
  } finally {
    await shadow.close();
  }
}

const generated = (name: string): string => `CREATE TABLE "${name}" ("id" integer)`;
const byHand = (name: string): string => `create table ${name} (id integer)`;

it('leaves the console as it was, although replays overlap', async () => {
  const before = console.log;
  const open = () =>
    connectShadow(new DataSource({ type: 'postgres', url: database.url }), emptyState, { url: serverUrl() });
  const [one, other] = [await open(), await open()];
  let [endOne, endOther] = [(): void => undefined, (): void => undefined];
  const begin = async (shadow: typeof one, setEnd: (end: () => void) => void): Promise<{ done: Promise<void> }> => {
    let enter = (): void => undefined;
    const isIn = new Promise<void>((resolve) => (enter = resolve));
    const done = withQueryRunner(shadow, () => {
      enter();
      return new Promise<void>(setEnd);
    });
    await isIn;
    return { done };
  };
  const first = await begin(one, (end) => (endOne = end));
  const second = await begin(other, (end) => (endOther = end));
  expect(console.log).not.toBe(before);
  endOne();
  await first.done;
  endOther();
  await second.done;
  expect(console.log).toBe(before);
  await Promise.all([one.close(), other.close()]);
});

describe('the origin of objects', () => {
  it('needs no second execution while all migrations are of one kind', async () => {
    expect(await told(generated('a'), generated('b'), `ALTER TABLE "a" ADD "n" integer`)).toEqual({
      times: { M0: 1, M1: 1, M2: 1 },
      all: [],
      byHand: [],
    });
  });

  it('is that of the generator, too, where it was told to write prettily', async () => {
    const pretty = (sql: string): { readonly whole: string } => ({ whole: `\n            ${sql}\n        ` });
    const table = 'CREATE TABLE "p" (\n                "id" SERIAL NOT NULL\n            )';
    expect((await told(pretty(table), pretty('ALTER TABLE "p"\n            ADD "n" integer'))).byHand).toEqual([]);
    // A person has written something before it.
    expect((await told(pretty(`-- people\n ${generated('q')}`))).byHand).toEqual(['table q']);
  });

  it('is that of the statement for tables, columns and types, if others make the migration handwritten', async () => {
    const mixed = `CREATE TYPE "t_kind_enum" AS ENUM('a, b', 'c'); CREATE TABLE "t" ("id" SERIAL NOT NULL, "kind" "t_kind_enum" DEFAULT 'a, b', CONSTRAINT "pk" PRIMARY KEY ("id"));
      ALTER TABLE "t" ADD "more" integer; ALTER TABLE "t" ADD CONSTRAINT "positive" CHECK ("more" > 0); CREATE INDEX "i" ON "t" ("more");
      alter table t add hand integer; create table h (id integer); insert into t (more) values (1)`;
    const { all } = await told(mixed);
    expect(all).toEqual(['column h.id', 'column t.hand', 'constraint t.positive', 'index i', 'table h']);
  });

  it('is found where the kind changes, by executing only the migrations around the change twice', async () => {
    const { times, byHand: found } = await told(generated('a'), byHand('b'), byHand('c'), generated('d'));
    expect(times).toEqual({ M0: 1, M1: 2, M2: 1, M3: 2 });
    expect(found).toEqual(['table b', 'table c']);
  });

  it('is found without transactions', async () => {
    const { times, byHand: found } = await told(generated('a'), {
      alone: 'create index concurrently by_hand on a (id)',
    });
    expect(times).toEqual({ M0: 1, M1: 1 });
    expect(found).toEqual(['index by_hand']);
  });

  it('of a view that one migration drops and creates again is kept; if another one creates it, it changes', async () => {
    const view = `CREATE VIEW "v" AS SELECT id FROM a`;
    const again = await told(generated('a'), view, 'drop view v; create view v as select id from a');
    expect(again.byHand).toEqual([]);
    const later = await told(generated('a'), view, 'drop view v', 'create view v as select id from a');
    expect(later.byHand).toEqual(['view v']);
  });

  it.each([
    `create function f() returns trigger language plpgsql as $$ begin new.id := 1; end $$`,
    `create function f() returns text language sql as $$ select 'x; COMMIT; y' $$`,
    `comment on table "a" is 'begin; end; rollback'`,
    `/* ; COMMIT; */ select 1 as "; COMMIT"`,
  ])('is not confused by a word in a body, a string or a comment: %s', async (text) => {
    const { times, byHand: found } = await told(generated('a'), text);
    expect(times).toEqual({ M0: 1, M1: 2 });
    expect(found).toEqual([]);
  });

  it.each([
    `SELECT * FROM "information_schema"."tables" WHERE "table_schema" = 'public'`,
    `SELECT EXISTS (SELECT FROM pg_type WHERE typname IN ('a'))`,
    `SELECT quote_ident(n.nspname) || '.' || quote_ident(t.typname), to_regclass('a') FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace`,
    `SHOW server_version`,
  ])('is not affected by a query that only looks whether something exists: %s', async (query) => {
    const { times, byHand: found } = await told(generated('a'), `${query}; ${generated('b')}`);
    expect(times).toEqual({ M0: 1, M1: 1 });
    expect(found).toEqual([]);
  });

  it.each(['make', 'own.count'])(
    'is handmade if a query calls a function, which may create objects: %s',
    async (name) => {
      const make = `create schema own; create function ${name}() returns void language sql as $$ create table by_call () $$`;
      const { byHand: found } = await told(generated('a'), make, `SELECT ${name}(); ${generated('b')}`);
      expect(found).toEqual(['table by_call']);
    },
  );

  it('is handmade if it cannot be determined: a migration that commits by itself', async () => {
    const commits = 'COMMIT; create table b (id integer)';
    const { times, byHand: found } = await told(generated('a'), commits);
    expect(times).toEqual({ M0: 1, M1: 1 });
    expect(found).toEqual(['table a', 'table b']);
  });
});
