import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { SqlClient } from '../../src/database/sql-client.js';
import { objectId } from '../../src/schema/object-id.js';
import { readCatalog, readSchema, schemaOf } from '../../src/schema/read.js';
import { closeAhead, openAhead, takeAhead } from '../../src/shadow/ahead.js';
import { makeFolder, removeFolder } from '../../src/shadow/folder.js';
import { openShadow } from '../../src/shadow/shadow.js';
import type { Database, Shadow } from '../../src/shadow/shadow.js';
import { emptyState } from '../support/empty-state.js';
import { itInFull } from '../support/sample.js';

const thread = new URL('../../dist/esm/shadow/thread.js', import.meta.url);
const folders = (): readonly string[] =>
  readdirSync('/dev/shm').filter((name) => name.startsWith(`nest-migrate-shadow-${process.pid}-`));

let open: Shadow | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
  await closeAhead();
});

function openInThread(): Shadow {
  openAhead(thread);
  return (open = openShadow({ url: undefined, initial: () => emptyState }));
}

const databaseInThread = (): Promise<Database> => openInThread().database([]);

it('the folder of a shadow is writable and has enough space', async () => {
  const folder = await makeFolder(['/proc', '/does/not/exist', tmpdir()]);
  expect(dirname(folder)).toBe(tmpdir());
  await removeFolder(folder);
});

it('folders of killed processes are removed at once, and those of other containers when they are old', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'nest-migrate-folders-'));
  const dead = 4_194_304;
  const here = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  const [ours, theirs, alive] = [`${dead}-${here}-a`, `${dead}-1-b`, `${process.pid}-${here}-c`];
  for (const name of [ours, theirs, alive]) mkdirSync(join(parent, `nest-migrate-shadow-${name}`));
  await removeFolder(await makeFolder([parent]));
  expect(readdirSync(parent).toSorted()).toEqual(
    [theirs, alive].map((name) => `nest-migrate-shadow-${name}`).toSorted(),
  );
  rmSync(parent, { recursive: true });
});

describe('a shadow that was opened ahead, in a thread', () => {
  it('answers like one in this thread, errors included', async () => {
    const pool = await databaseInThread();
    expect((await pool.query('SELECT $1::int + 1 AS n', [41])).rows).toEqual([{ n: 42 }]);
    await expect(pool.query('SELECT nothing FROM nowhere')).rejects.toMatchObject({
      message: 'relation "nowhere" does not exist',
      code: '42P01',
      position: '21',
    });
    await pool.query('CREATE TABLE one (id int CONSTRAINT key_of_one PRIMARY KEY); INSERT INTO one VALUES (1)');
    await expect(pool.query('INSERT INTO one VALUES (1)')).rejects.toMatchObject({
      code: '23505',
      constraint: 'key_of_one',
      detail: 'Key (id)=(1) already exists.',
    });
  });

  it('reads its catalog in the thread, with the same result as from here', async () => {
    openAhead(thread);
    const place = await takeAhead(emptyState);
    const pool = place?.openPool();
    if (place === undefined || pool === undefined) throw new Error('None was opened ahead.');
    await pool.query(`CREATE TYPE kind AS ENUM ('a', 'b'); CREATE TABLE one (id serial PRIMARY KEY, kind kind, more numeric DEFAULT 1);
      CREATE TABLE two (id int REFERENCES one); CREATE VIEW of_both AS SELECT one.id FROM one JOIN two USING (id); CREATE TABLE ours (id int)`);
    const options = { ignoreTables: [objectId('table', 'public', 'ours')] };
    const [read, expected] = [await place.readCatalog?.(options), await readCatalog(pool, options)];
    await pool.end();
    await place.remove();
    expect(read).toEqual(expected);
    expect(schemaOf(expected.facts, expected.edges).has(objectId('table', 'public', 'two'))).toBe(true);
    expect(schemaOf(expected.facts, expected.edges).has(objectId('table', 'public', 'ours'))).toBe(false);
  });

  itInFull(
    'plans the queries for that only once, and still sees every change; also after a migration has deallocated them',
    async () => {
      const pool = await databaseInThread();
      const names = async (): Promise<number> => (await pool.query('SELECT FROM pg_prepared_statements')).rows.length;
      const planned = await names();
      expect(planned).toBeGreaterThan(20);
      for (const sql of [
        'CREATE TABLE one (id int)',
        'ALTER TABLE one ADD kind text',
        'DEALLOCATE ALL',
        'DROP TABLE one',
      ]) {
        await pool.query(sql);
        const read = await readSchema(pool, { ignoreTables: [] });
        const expected = await readCatalog({ connect: () => pool.connect() }, { ignoreTables: [] });
        expect(read.facts).toEqual(expected.facts);
        expect(await names()).toBe(planned);
      }
    },
  );

  itInFull('reads it from here if the thread cannot, and reports the reason', async () => {
    const pool = await databaseInThread();
    const client = (await pool.connect()) as SqlClient & { release(): void };
    await client.query('BEGIN');
    await expect(client.query('SELECT nonsense')).rejects.toMatchObject({ code: '42703' });
    const reading = readSchema(pool, { ignoreTables: [] });
    await client.query('ROLLBACK');
    expect((await reading).has(objectId('schema', undefined, 'public'))).toBe(true);
    client.release();
  });

  it('leaves nothing behind, used or not', async () => {
    const { close, database } = openInThread();
    await database([]);
    expect(folders()).toHaveLength(1);
    await close();
    expect(folders()).toEqual([]);
    openAhead(thread);
    await closeAhead();
    expect(folders()).toEqual([]);
  });

  it('is handed out once; the next one is opened here', async () => {
    openAhead(thread);
    const place = await takeAhead({ settings: [] });
    expect(await takeAhead({ settings: [] })).toBeUndefined();
    await place?.remove();
  });

  itInFull('is opened in this thread if that one cannot be opened', async () => {
    openAhead(new URL('./there-is-no-thread.js', import.meta.url));
    open = openShadow({ url: undefined, initial: () => emptyState });
    expect((await (await open.database([])).query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('work in a separate database', () => {
  it('can be read, and is gone afterwards', async () => {
    const shadow = openInThread();
    const seen = await shadow.aside([], async (database) => {
      await database.query("CREATE TABLE made (id int); CREATE TYPE kind AS ENUM ('a')");
      const client = (await database.connect()) as {
        query(sql: string): Promise<{ rows: unknown[] }>;
        release(): void;
      };
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      await client.query('SET LOCAL search_path TO pg_catalog');
      const { rows } = await client.query("SELECT relname FROM pg_class WHERE relname = 'made'");
      await client.query('COMMIT');
      client.release();
      // What the reader has set is over with its reading.
      expect((await database.query('SHOW search_path')).rows).not.toEqual([{ search_path: 'pg_catalog' }]);
      // Nor has it ended the transaction.
      expect(await database.readCatalog?.({ ignoreTables: [] })).toEqual(
        await readCatalog(database, { ignoreTables: [] }),
      );
      expect((await readSchema(database, { ignoreTables: [] })).has(objectId('table', 'public', 'made'))).toBe(true);
      return rows;
    });
    expect(seen).toEqual([{ relname: 'made' }]);
    expect(
      (await (await shadow.database([])).query("SELECT to_regclass('made') AS made, to_regtype('kind') AS kind")).rows,
    ).toEqual([{ made: null, kind: null }]);
  });

  itInFull('is gone after an error, which is reported', async () => {
    const shadow = openInThread();
    const failing = shadow.aside([], (database) => database.query('CREATE TABLE made (id int); SELECT nonsense'));
    await expect(failing).rejects.toMatchObject({ code: '42703' });
    expect((await (await shadow.database([])).query("SELECT to_regclass('made') AS made")).rows).toEqual([
      { made: null },
    ]);
  });
});
