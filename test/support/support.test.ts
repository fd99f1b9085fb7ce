import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startNode } from './cli.js';
import { createDatabase, serverLog } from './database.js';
import { onEmptyDatabase } from './empty-database.js';

// Starts a server of its own, says where it is, and stays.
const ownServer = `
  import { startServer } from ${JSON.stringify(resolve('test/support/server.mjs'))};
  const { url, home } = await startServer();
  process.stdout.write(JSON.stringify({ url, home }) + '\\n');
  setInterval(() => undefined, 1000);
`;

/** Asks the server itself: a process that has ended may stay listed as a zombie in a container. */
async function answers(url: string): Promise<boolean> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  return client.connect().then(
    () => client.end().then(() => true),
    () => false,
  );
}

/** Waits without a limit of its own: the test's limit is the only one. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(20);
}

describe('the test server', () => {
  it('is a real PostgreSQL that keeps committed data', async () => {
    const database = await createDatabase();
    const [row] = await database.query(
      `SELECT version(), current_setting('synchronous_commit') AS synchronous_commit, current_setting('max_connections')::int AS connections`,
    );
    expect(row).toMatchObject({ version: expect.stringMatching(/^PostgreSQL 1[4-8]\./), synchronous_commit: 'on' });
    expect(row?.['connections']).toBeGreaterThanOrEqual(200);
    await database.drop();
  });

  it('provides databases that are independent of each other', async () => {
    const [one, two] = await Promise.all([createDatabase(), createDatabase()]);
    await one.query('CREATE TABLE city (name text)');
    const [row] = await two.query(`SELECT to_regclass('city') AS city, current_database() AS name`);
    expect(row).toEqual({ city: null, name: two.name });
    expect(one.name).not.toBe(two.name);
    await Promise.all([one.drop(), two.drop()]);
  });

  it('reuses a database only after it is empty again', async () => {
    const lent = (sql: string): Promise<string> =>
      onEmptyDatabase(async (database) => {
        await database.query(sql);
        return database.name;
      });
    const first = await lent(
      'CREATE EXTENSION citext; CREATE SCHEMA "a b"; CREATE TABLE "a b".t (c citext); SET a.b = 1',
    );
    const seen = await onEmptyDatabase(async (database) => [
      database.name,
      await database.query(
        `SELECT to_regclass('"a b".t') AS t, to_regtype('citext') AS type, nspacl::text AS rights, current_setting('a.b', true) AS set
           FROM pg_namespace WHERE nspname = 'public'`,
      ),
    ]);
    const untouched = await createDatabase();
    const [fresh] = await untouched.query(`SELECT nspacl::text AS rights FROM pg_namespace WHERE nspname = 'public'`);
    expect(seen).toEqual([first, [{ t: null, type: null, rights: fresh?.['rights'], set: '' }]]);
    await untouched.drop();
    // Objects that belong to no schema, and settings of the whole database, are not removed.
    const setting = `DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET work_mem = 999' ; END $$`;
    for (const sql of ['CREATE PUBLICATION p', setting]) {
      const name = await lent(sql);
      expect(await lent('SELECT 1')).not.toBe(name);
    }
  });

  it('closes the connections that a test forgot when the database is dropped', async () => {
    const database = await createDatabase();
    const observer = await createDatabase();
    await database.client();
    await database.client();
    await database.drop();
    const [row] = await observer.query('SELECT count(*)::int AS open FROM pg_stat_activity WHERE datname = $1', [
      database.name,
    ]);
    expect(row).toEqual({ open: 0 });
    await observer.drop();
  });

  it('shows the statements that reached one database', async () => {
    const database = await createDatabase();
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const client = await database.client();
    await client.query('SELECT 4711 AS seen');
    await until(() => serverLog(database).some((line) => line.includes('SELECT 4711 AS seen')));
    const other = await createDatabase();
    expect(serverLog(other).filter((line) => line.includes('4711'))).toEqual([]);
    await Promise.all([database.drop(), other.drop()]);
  });

  it('ends and removes its files when the run that started it is killed', async () => {
    const run = startNode(['--input-type=module', '--eval', ownServer], { cwd: resolve('.') });
    const [line] = (await once(run.process.stdout ?? run.process, 'data')) as [string];
    const { url, home } = JSON.parse(line) as { readonly url: string; readonly home: string };
    expect([await answers(url), existsSync(home)]).toEqual([true, true]);
    run.process.kill('SIGKILL');
    expect((await run.result).signal).toBe('SIGKILL');
    await until(async () => !existsSync(home) && !(await answers(url)));
  });
});
