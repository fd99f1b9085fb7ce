import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Step } from '../support/migrations.js';

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** One of its own: the crash of a session takes all others of its server with it. */
let server: Server;
beforeAll(async () => {
  const support = (await import(resolve('test/support/server.mjs'))) as { startServer(): Promise<Server> };
  server = await support.startServer();
});
afterAll(() => server.stop());

async function ask(sql: string): Promise<readonly unknown[]> {
  const client = new pg.Client(server.url);
  await client.connect();
  try {
    return (await client.query<{ name: string }>(sql)).rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function recovered(): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(100)) {
    if (await ask('SELECT 1').catch(() => undefined)) return;
  }
}

const names = Array.from({ length: 40 }, (_, index) => `Step${1_700_000_000_000 + index}`);
const stepsWith = (crash: readonly Step[]) =>
  names.map((name, index) => migration(name, { up: [...(index === 30 ? crash : []), `CREATE TABLE "${name}" ()`] }));

/** The postmaster then ends all other sessions, and begins again with what is on the disk. */
async function killOwnSession(queryRunner: QueryRunner): Promise<void> {
  const [{ pid }] = (await queryRunner.query('SELECT pg_backend_pid() AS pid')) as [{ readonly pid: number }];
  process.kill(pid, 'SIGKILL');
}

describe('a server crash in the middle of a run', () => {
  it('loses only the end of the run, in tables and ledger alike, and the next run continues there', async () => {
    const crashing = stepsWith([killOwnSession]);
    const error = await failureOf(using({ url: server.url, migrations: crashing }, (migrator) => migrator.run()));
    await recovered();
    const tables = await ask(`SELECT relname AS name FROM pg_class WHERE relname LIKE 'Step%' ORDER BY relname`);
    const recorded = await ask('SELECT name FROM migrations ORDER BY id');
    expect(recorded).toEqual(tables);
    expect(recorded).toEqual(names.slice(0, recorded.length));
    expect(recorded.length).toBeLessThanOrEqual(30);
    // What is said to be kept is what was kept, and not what was committed.
    expect(error.finished).toEqual(recorded);
    const { result } = await using({ url: server.url, migrations: stepsWith([]) }, (migrator) => migrator.run());
    expect(result.applied.map(({ name }) => name)).toEqual(names.slice(recorded.length));
  });
});
