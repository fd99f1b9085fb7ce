import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EntitySchemaColumnOptions } from 'typeorm';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { bare, entity } from './cases/case.js';
import { createFolder } from './shop.js';
import type { MigrationsFolder } from './shop.js';
import { itInFull, sample } from '../support/sample.js';

let folder: MigrationsFolder;
let database: TestDatabase;
beforeEach(async () => {
  folder = createFolder();
  database = await createDatabase();
});
afterEach(async () => {
  folder.remove();
  await database.drop();
});

const text = { type: 'text' } as const;
const keys = {
  'a plain integer': { type: 'int', primary: true },
  'a serial': { type: 'int', primary: true, generated: 'increment' },
  'an identity': { type: 'int', primary: true, generated: 'identity' } as unknown as EntitySchemaColumnOptions,
} as const satisfies Record<string, EntitySchemaColumnOptions>;
type Key = keyof typeof keys;
const isAutomatic = (key: Key): boolean => key !== 'a plain integer';

/** Inserts without a key, as the app does: what is the key then? */
async function nextKey(): Promise<unknown> {
  const [row] = await database.query(`INSERT INTO t (a) VALUES ('next') RETURNING id`);
  return row?.['id'];
}

const pairs = Object.keys(keys).flatMap((from) =>
  Object.keys(keys)
    .filter((to) => to !== from)
    .map((to) => [from as Key, to as Key] as const),
);

it.each(sample(pairs, 4))(
  '%s becomes %s: the next value is greater than the existing ones, and after reverting too',
  async (from, to) => {
    await folder.generate([bare('t', { id: keys[from], a: text })], { name: 'Initial' });
    await folder.run(database.url);
    await database.query(`INSERT INTO t (id, a) OVERRIDING SYSTEM VALUE VALUES (10, 'x'), (41, 'y')`);
    const { files } = await folder.generate([bare('t', { id: keys[to], a: text })], { allowDestructive: true });
    await folder.run(database.url, { phase: 'expand' });
    if (isAutomatic(to)) expect(await nextKey()).toBe(42);
    else expect(Number(await nextKey())).toBeLessThan(41);
    await folder.run(database.url, { phase: 'all' });
    await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
    if (isAutomatic(from)) expect(Number(await nextKey())).toBeGreaterThanOrEqual(42);
  },
);

const strange = {
  varchar: { column: { type: 'varchar', primary: true }, using: 'id::int', values: [`'10'`, `'41'`] },
  uuid: {
    column: { type: 'uuid', primary: true, default: () => 'gen_random_uuid()' },
    using: `right(id::text, 3)::int`,
    values: [`'00000000-0000-0000-0000-000000000010'`, `'00000000-0000-0000-0000-000000000041'`],
  },
} as const satisfies Record<string, { readonly column: EntitySchemaColumnOptions } & Record<string, unknown>>;
const conversions = (['varchar', 'uuid'] as const).flatMap((from) =>
  (['a serial', 'an identity', 'a plain integer'] as const).flatMap((to) =>
    [true, false].map((online) => [from, to, online] as const),
  ),
);

it.each(sample(conversions, 12))(
  'a key of type %s becomes %s (online: %p): the next value is greater than the converted ones',
  async (from, to, online) => {
    const { column, using, values } = strange[from];
    await folder.generate([bare('t', { id: column, a: text })], { name: 'Initial' });
    await folder.run(database.url);
    await database.query(`INSERT INTO t (id, a) VALUES (${values[0]}, 'x'), (${values[1]}, 'y')`);
    const { files } = await folder.generate([bare('t', { id: keys[to], a: text })], {
      usings: [`t.id=${using}`],
      allowDestructive: true,
      online,
    });
    if (process.env['SHOW']) process.stderr.write(folder.texts().slice(-1).join(''));
    await folder.run(database.url, { phase: 'expand' });
    expect(await database.query('SELECT id FROM t ORDER BY id')).toEqual([{ id: 10 }, { id: 41 }]);
    if (isAutomatic(to)) expect(await nextKey()).toBe(42);
    await folder.run(database.url, { phase: 'all' });
    if (isAutomatic(to)) expect(await nextKey()).toBe(43);
    // No number is a valid uuid.
    if (from === 'varchar') await folder.with(database.url, (migrator) => migrator.revert({ count: files.length }));
  },
);

itInFull(
  'a generated column becomes a plain one: the old version of the app, which cannot write it, leaves nothing empty or stale',
  async () => {
    const twice = { type: 'int', asExpression: 'n * 2', generatedType: 'STORED' } as const;
    const generated = entity('t', { n: { type: 'int' }, twice });
    await folder.generate([generated], { name: 'Initial' });
    await folder.run(database.url);
    await database.query('INSERT INTO t (n) VALUES (1)');
    await folder.generate([entity('t', { n: { type: 'int' }, twice: { type: 'int' } })], { allowDestructive: true });
    await folder.run(database.url, { phase: 'expand' });
    await database.query(
      `INSERT INTO t (n) VALUES (2); UPDATE t SET n = 10 WHERE n = 1;
     INSERT INTO t (n, twice) VALUES (3, 0), (4, 8); UPDATE t SET n = 30 WHERE n = 3; UPDATE t SET n = 40, twice = 7 WHERE n = 4`,
    );
    expect(await database.query('SELECT n, twice FROM t ORDER BY n')).toEqual([
      { n: 2, twice: 4 },
      { n: 10, twice: 20 },
      { n: 30, twice: 0 },
      { n: 40, twice: 7 },
    ]);
    await folder.run(database.url, { phase: 'all' });
    expect(await database.query(`SELECT 1 FROM pg_trigger WHERE tgrelid = 't'::regclass`)).toEqual([]);
  },
);

it('a serial belongs to its new table, even if the name of its sequence is truncated', async () => {
  const [table, key] = ['customerRelationshipManagementAccounts', 'externalAccountIdentifier'];
  const { statements } = await folder.generate([bare(table, { [key]: keys['a serial'], a: text })]);
  expect(statements).toHaveLength(1);
  expect(statements[0]?.sql).toContain(`"${key}" serial NOT NULL`);
  await folder.run(database.url);
  expect(await database.query(`INSERT INTO "${table}" (a) VALUES ('x') RETURNING "${key}"`)).toEqual([{ [key]: 1 }]);
});

describe('what the old version of the app relies on is kept until it is gone', () => {
  it('a default', async () => {
    await folder.generate([entity('t', { a: { ...text, default: 'x' } })], { name: 'Initial' });
    const { statements } = await folder.generate([entity('t', { a: text })]);
    expect(statements.map(({ phase, sql }) => [phase, sql])).toEqual([
      ['contract', 'ALTER TABLE "public"."t" ALTER COLUMN "a" DROP DEFAULT'],
    ]);
  });

  itInFull('the values of a column that becomes generated', async () => {
    await folder.generate([entity('t', { a: text, b: { type: 'varchar' } })], { name: 'Initial' });
    const after = [
      entity('t', { a: text, b: { ...text, asExpression: 'upper(a)', generatedType: 'STORED', nullable: true } }),
    ];
    await expect(folder.generate(after)).rejects.toThrow('the data of column t.b');
    const { statements } = await folder.generate(after, { allowDestructive: true });
    const dropped = statements.find(({ sql }) => sql.includes('DROP COLUMN'));
    expect(dropped?.phase).toBe('contract');
  });
});
