import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { createTestDatabase } from '../../src/testing/index.js';
import type { TestDatabaseOptions } from '../../src/testing/index.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import { full, itInFull } from '../support/sample.js';

type Up = (queryRunner: QueryRunner) => Promise<unknown>;

/** Classes in a list, whose sources are unknown. */
function sourceOf(name: string, ...ups: readonly Up[]): DataSource {
  const migrations = ups.map(
    (up, index) =>
      class {
        readonly name = `${name}${index}170000000000${index}`;
        up = up;
        down = (): Promise<void> => Promise.resolve();
      },
  );
  return new DataSource({ type: 'postgres', url: 'postgres://127.0.0.1:1/none', migrations });
}

// What other test files keep at the same time must not count.
const cache = mkdtempSync(join(tmpdir(), 'nest-migrate-in-doubt-'));
process.env['NEST_MIGRATE_CACHE'] = cache;
afterAll(() => rmSync(cache, { recursive: true, force: true }));
const folder = join(cache, 'databases');
const kept = (): number => (existsSync(folder) ? readdirSync(folder).length : 0);

/** The result of a query in a new database, and the number of databases that were kept for the next one. */
async function ask(sql: string, source: DataSource, options: TestDatabaseOptions = {}): Promise<unknown> {
  const before = kept();
  const database = await createTestDatabase(source, options);
  try {
    return [await database.dataSource.query(sql), kept() - before];
  } finally {
    await database.close();
  }
}

it('classes in a list are identified by what they send', async () => {
  let column = 'one';
  const table: Up = (queryRunner) => queryRunner.query(`CREATE TABLE t (${column} int, at timestamptz DEFAULT now())`);
  const rows: Up = async (queryRunner) => {
    await queryRunner.query(`INSERT INTO t (${column}) VALUES (7)`);
    const [found] = await queryRunner.query('SELECT count(*)::int AS n FROM pg_class WHERE relname = $1', ['t']);
    await queryRunner.query(`COMMENT ON TABLE t IS '${found.n} table'`);
  };
  const source = (): DataSource => sourceOf('Listed', table, rows);
  const sql = `SELECT *, obj_description('t'::regclass) AS comment FROM (SELECT to_jsonb(t) - 'at' AS row FROM t) t`;
  const first = [{ row: { one: 7 }, comment: '1 table' }];
  expect(await ask(sql, source())).toEqual([first, 1]);
  expect(await ask(sql, source())).toEqual([first, 0]);
  column = 'two';
  const second = [{ row: { two: 7 }, comment: '1 table' }];
  // The second test that needs it keeps it.
  expect(await ask(sql, source())).toEqual([second, 0]);
  expect(await ask(sql, source())).toEqual([second, 1]);
  if (!full) return;
  expect(await ask(sql, source())).toEqual([second, 0]);
  column = 'one';
  expect(await ask(sql, source())).toEqual([first, 0]);
});

itInFull('migrations that differ each time are run each time, and nothing is kept for others', async () => {
  let count = 0;
  const counting: Up = (queryRunner) => queryRunner.query(`CREATE TABLE c AS SELECT ${String((count += 1))} AS n`);
  const moment: Up = (queryRunner) => queryRunner.query('CREATE TABLE m AS SELECT now() AS at');
  const counts = [];
  for (let time = 0; time < 4; time++)
    counts.push(await ask('SELECT count(*)::int FROM c', sourceOf('Counting', counting)));
  expect(counts).toEqual([[[{ count: 1 }], 1], ...Array.from({ length: 3 }, () => [[{ count: 1 }], 0])]);
  const moments = [];
  for (let time = 0; time < 2; time++)
    moments.push(await ask('SELECT count(*)::int FROM m', sourceOf('Moment', moment)));
  expect(moments).toEqual(Array.from({ length: 2 }, () => [[{ count: 1 }], 0]));
});

it('on a server, they are one template', async () => {
  const [admin, role] = [await createDatabase(), await createRole('SUPERUSER')];
  const server = serverUrl().replace('postgres@', `${role.name}:${role.password}@`);
  const listed: Up = (queryRunner) => queryRunner.query('CREATE TABLE on_server AS SELECT 1 AS n');
  const templates = (): Promise<readonly { readonly datname: string }[]> =>
    admin.query(
      `SELECT datname FROM pg_database WHERE datname ~ '^nest_migrate_(template|free)_' AND datdba::regrole::text = '${role.name}' ORDER BY datname DESC`,
    ) as never;
  for (let time = 0; time < 2; time++)
    expect(await ask('SELECT n FROM on_server', sourceOf('OnServer', listed), { server })).toEqual([[{ n: 1 }], 0]);
  const found = await templates();
  expect(found.filter(({ datname }) => datname.includes('template'))).toHaveLength(1);
  for (const { datname } of found) await admin.query(`DROP DATABASE ${datname}`);
  await role.drop();
  await admin.drop();
});
