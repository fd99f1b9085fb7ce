import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { EntitySchema } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { migration, using } from '../support/migrations.js';
import type { Step } from '../support/migrations.js';
import { full, itInFull } from '../support/sample.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const job = new EntitySchema({
  name: 'job',
  columns: { id: { type: 'int', primary: true }, a: { type: 'text', nullable: true } },
  indices: [{ name: 'job_a', columns: ['a'] }],
});
const made = migration('Made1700000000000', {
  up: ['CREATE TABLE job (id int NOT NULL, a text, CONSTRAINT "PK_98ab1c14ff8d1cf80d18703b92f" PRIMARY KEY (id))'],
  down: ['DROP TABLE job'],
});

/** Sends statements with a query runner of its own, as projects do that need something outside of the transaction. */
const elsewhere =
  (...statements: readonly string[]): Step =>
  async (queryRunner: QueryRunner) => {
    const other = queryRunner.connection.createQueryRunner();
    await other.connect();
    for (const sql of statements) await other.query(sql);
    await other.release();
  };
const indexed = migration('Indexed1700000000001', {
  up: [elsewhere('CREATE INDEX CONCURRENTLY job_a ON job (a)', 'VACUUM job')],
  down: [elsewhere('DROP INDEX CONCURRENTLY job_a')],
});

itInFull(
  'another query runner may build an index concurrently: in a run, a dry run, and where migrations are replayed',
  async () => {
    const options = { entities: [job] };
    const shadow = full ? undefined : serverUrl();
    const { result, events } = await using(
      { url: database.url, migrations: [made, indexed], options },
      async (migrator) => {
        const dry = await migrator.run({ mode: 'dry' });
        await migrator.run();
        const generated = await migrator.generate({ dryRun: true, shadow });
        const checked = await migrator.check({ only: ['replay'], shadow });
        const linted = await migrator.lint({ all: true, shadow });
        await migrator.revert({ count: 2 });
        return { dry, generated, checked, linted };
      },
    );
    const [, concurrently, vacuum] = result.dry.statements ?? [];
    expect(concurrently).toMatchObject({ executed: true, note: 'without CONCURRENTLY' });
    expect(vacuum).toMatchObject({ executed: false, note: expect.stringContaining('cannot run inside a transaction') });
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(result.generated.statements).toEqual([]);
    expect(result.checked.steps.map(({ name, state }) => [name, state])).toEqual([['replay', 'ok']]);
    expect(result.linted.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(await database.query(`SELECT to_regclass('job') AS job`)).toEqual([{ job: null }]);
  },
);

it('a transaction of another query runner is like that of any connection', async () => {
  const broken = migration('Broken1700000000001', {
    up: [
      async (queryRunner) => {
        const other = queryRunner.connection.createQueryRunner();
        await other.startTransaction();
        try {
          await other.query('CREATE INDEX CONCURRENTLY job_a ON job (a)');
        } finally {
          await other.rollbackTransaction();
          await other.release();
        }
      },
    ],
  });
  const { events } = await using({ url: database.url, migrations: [made, broken] }, (migrator) =>
    migrator.run({ mode: 'dry' }),
  );
  expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'WOULD_FAIL' }));
});

it('a migration that releases its query runner is recorded in its own transaction, also where it is replayed', async () => {
  const released = migration('Released1700000000001', {
    up: ['CREATE INDEX job_a ON job (a)', (queryRunner) => queryRunner.release()],
    down: ['DROP INDEX job_a', (queryRunner) => queryRunner.release()],
  });
  const how = { url: database.url, migrations: [made, released], options: { entities: [job], poolSize: 1 } };
  const { result } = await using(how, async (migrator) => {
    const { applied } = await migrator.run();
    return { applied, generated: await migrator.generate({ dryRun: true, shadow: serverUrl() }) };
  });
  expect(result.applied.map(({ name }) => name)).toEqual([made.name, released.name]);
  expect(result.generated.statements).toEqual([]);
  expect(await database.query('SELECT name FROM migrations ORDER BY id')).toEqual([
    { name: made.name },
    { name: released.name },
  ]);
});
