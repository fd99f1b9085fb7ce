import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import type { EntitySchemaOptions } from 'typeorm';
import { createMigrator } from '../../src/migrator.js';
import { entityChanges } from '../../src/shadow/entity-changes.js';
import { serverUrl } from '../support/database.js';
import { full, itInFull, sample } from '../support/sample.js';

type Columns = EntitySchemaOptions<object>['columns'];

/** Tables in a row, each referring to the one before. */
const entities = (more: Readonly<Record<string, Columns>> = {}, views: readonly string[] = []): EntitySchema[] => [
  ...['a', 'b', 'c', 'd', 'e', 'f'].map(
    (name, index, all) =>
      new EntitySchema<object>({
        name,
        tableName: name,
        columns: {
          id: { type: 'int', primary: true, generated: true },
          kind: { type: 'enum', enum: ['x', 'y'], default: 'x' },
          ...more[name],
        },
        ...(index > 0 && { relations: { before: { type: 'many-to-one', target: all[index - 1] ?? '' } } }),
      }),
  ),
  ...views.map(
    (table) =>
      new EntitySchema<object>({
        type: 'view',
        name: `${table}_view`,
        expression: `SELECT id FROM ${table}`,
        columns: { id: { type: 'int' } },
      }),
  ),
];

let dir: string;
let cacheBefore: string | undefined;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-cache-test-'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  cacheBefore = process.env['NEST_MIGRATE_CACHE'];
  process.env['NEST_MIGRATE_CACHE'] = join(dir, 'cache');
});
afterAll(() => {
  process.env['NEST_MIGRATE_CACHE'] = cacheBefore;
  rmSync(dir, { recursive: true, force: true });
});

async function generate(of: EntitySchema[], options: object = {}): Promise<readonly string[]> {
  const dataSource = new DataSource({ type: 'postgres', entities: of, migrations: [`${dir}/migrations/*.js`] });
  const migrator = createMigrator({ dataSource, settings: { dir: `${dir}/migrations` } });
  const shadow = full ? undefined : serverUrl();
  const { statements } = await migrator.generate({ language: 'js', moduleKind: 'esm', shadow, ...options });
  return statements.map(({ sql }) => sql);
}

itInFull(
  'the same migrations are generated with the cache as without it',
  async () => {
    await generate(entities());
    expect(await generate(entities())).toEqual([]);
    const changes: readonly EntitySchema[][] = [
      entities({ c: { note: { type: 'text', nullable: true } } }),
      entities({
        c: { kind: { type: 'enum', enum: ['x', 'y', 'z'], default: 'z' } },
        e: { n: { type: 'int', default: 0, unique: true } },
      }),
      entities({}, ['b']),
    ];
    for (const change of sample(changes, 3)) {
      const kept = await generate(change, { dryRun: true });
      expect(kept.length).toBeGreaterThan(0);
      expect(await generate(change, { dryRun: true, cache: false })).toEqual(kept);
      // And once more, when exactly this is known.
      expect(await generate(change, { dryRun: true })).toEqual(kept);
    }
  },
  300_000,
);

itInFull('half of a file, and a file of another user, are as if they were not there', async () => {
  const change = entities({ c: { note: { type: 'text', nullable: true } } });
  const wanted = await generate(change, { dryRun: true });
  const cache = join(dir, 'cache');
  for (const [index, file] of readdirSync(cache).entries()) {
    const path = join(cache, file);
    const bytes = readFileSync(path);
    writeFileSync(path, index % 2 === 0 ? bytes.subarray(0, bytes.length / 2) : 'not ours');
  }
  expect(await generate(change, { dryRun: true })).toEqual(wanted);
});

it('knows which tables must be created to see the changes', () => {
  const before = [
    `CREATE TYPE "public"."a_kind_enum" AS ENUM('x')`,
    `CREATE TABLE "a" ("id" int, "kind" "public"."a_kind_enum")`,
    `CREATE TABLE "b" ("id" int, "aId" int)`,
    `CREATE TABLE "c" ("id" int, "bId" int)`,
    `CREATE TABLE "d" ("id" int)`,
    `CREATE TABLE "e" ("id" int)`,
    `ALTER TABLE "b" ADD CONSTRAINT "FK" FOREIGN KEY ("aId") REFERENCES "a"("id")`,
    `ALTER TABLE "c" ADD CONSTRAINT "FK2" FOREIGN KEY ("bId") REFERENCES "b"("id")`,
  ];
  const changed = (from: string, to: string): ReturnType<typeof entityChanges> =>
    entityChanges(
      before,
      before.map((sql) => sql.replace(from, to)),
    );
  expect(changed(`"b" ("id" int`, `"b" ("id" bigint`)).toEqual({
    tables: new Set(['"b"']),
    types: new Set(['"public"."a_kind_enum"']),
    statements: [before[0], before[1], before[2]?.replace('int', 'bigint'), before[6]],
  });
  expect(changed(`ENUM('x')`, `ENUM('x','y')`)?.tables).toEqual(new Set(['"a"']));
  expect(entityChanges(before, [...before, 'CREATE VIEW "v" AS SELECT 1'])).toBeUndefined();
  expect(
    entityChanges(
      before,
      before.map((sql) => sql.replace('"id" int', '"id" bigint')),
    ),
  ).toBeUndefined();
});

describe('is not used for', () => {
  const table = (name: string, more: object = {}, schema?: string): EntitySchema =>
    new EntitySchema<object>({
      name: `${schema ?? ''}${name}`,
      tableName: name,
      ...(schema !== undefined && { schema }),
      columns: { id: { type: 'int', primary: true }, ...more },
    });
  const note = { note: { type: 'text', nullable: true } };
  const folder = async (name: string, work: (migrations: string) => Promise<void>): Promise<void> => {
    const before = dir;
    dir = join(dir, name);
    mkdirSync(join(dir, 'migrations'), { recursive: true });
    try {
      await work(join(dir, 'migrations'));
    } finally {
      dir = before;
    }
  };

  itInFull('a table that has its name in another schema too', () =>
    folder('schemas', async () => {
      const others = ['x', 'y', 'z'].map((name) => table(name));
      await generate([table('t'), table('t', {}, 'other'), ...others]);
      const statements = await generate([table('t', note), table('t', {}, 'other'), ...others], { dryRun: true });
      expect(statements).toEqual(['ALTER TABLE "public"."t" ADD COLUMN "note" text']);
    }),
  );

  itInFull('what was made by hand on a table that is called otherwise now', () =>
    folder('renamed', async (migrations) => {
      await generate([table('old', note)]);
      writeFileSync(
        join(migrations, '9000000000000-Hand.js'),
        `export class Hand9000000000000 {
            async up(q) { await q.query('create index by_hand on old (note)'); }
            async down(q) { await q.query('drop index by_hand'); }
          }`,
      );
      await generate([table('new', note)], { renames: ['old=new'] });
      const prune = { dryRun: true, prune: true };
      const uncached = await generate([table('new', note)], { ...prune, cache: false });
      expect(uncached).toEqual(['DROP INDEX CONCURRENTLY IF EXISTS "public"."by_hand"']);
      expect(await generate([table('new', note)], prune)).toEqual(uncached);
    }),
  );
});

it('a table that has been added to the entities is not treated as dropped', async () => {
  await generate(entities());
  const unsynchronized = entities().map((one) =>
    one.options.name === 'f' ? new EntitySchema<object>(Object.assign({}, one.options, { synchronize: false })) : one,
  );
  expect(await generate(unsynchronized, { dryRun: true, allowDestructive: true })).toEqual([]);
});
