import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { statusLines } from '../../src/cli/status-lines.js';
import { halfDoneProblems } from '../../src/commands/half-done.js';
import { describeWait } from '../../src/events.js';
import type { MigrateEvent } from '../../src/events.js';
import type { Migrator } from '../../src/migrator.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Using } from '../support/migrations.js';
import { full, itInFull, sample } from '../support/sample.js';

const first = migration('First1700000000000', { up: [] });
const inTransaction = migration('Credit1700000000001', { up: ['UPDATE account SET n = n + 100'] });
const inSteps = migration('Credit1700000000001', { transaction: false, up: ['UPDATE account SET n = n + 100'] });
const building = migration('Index1700000000001', {
  transaction: false,
  up: ['CREATE INDEX CONCURRENTLY account_n ON account (n)'],
});
/** A sixth of it is how long a reply may be awaited before that is reported. */
const settings = { replyTimeout: '1200ms', retryFor: 1000, lockTimeout: 400 } as const;

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  await database.query('CREATE TABLE account (n int); INSERT INTO account VALUES (0)');
  await using({ url: database.url, migrations: [first] }, (migrator) => migrator.run());
});
afterEach(() => database.drop());

async function holding(sql: string): Promise<pg.Client> {
  const other = await database.client();
  await other.query(`BEGIN; ${sql}`);
  return other;
}

const run = (...made: readonly MigrationClass[]): Using => ({
  url: database.url,
  migrations: [first, ...made],
  settings,
});
const pidOf = async (client: pg.Client): Promise<number> =>
  Number((await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);

/** A run, and its first event of this kind. */
function until<T extends MigrateEvent['type']>(
  type: T,
  how: Using,
  accept: (event: MigrateEvent) => boolean = () => true,
) {
  let running: Promise<unknown> = Promise.resolve();
  const event = new Promise<Extract<MigrateEvent, { type: T }>>((done) => {
    const onEvent = (one: MigrateEvent): void => {
      if (one.type === type && accept(one)) done(one as Extract<MigrateEvent, { type: T }>);
    };
    running = using({ ...how, onEvent }, (migrator) => migrator.run());
  });
  return { event, running };
}

const waiting = () =>
  database.query(
    `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`,
  );

describe('a lock on the ledger', () => {
  const waitingForOthers: [string, (migrator: Migrator) => Promise<unknown>, object] = [
    'run --wait-for-others',
    (migrator) => migrator.run(),
    { retryFor: '10min', waitForOthers: 1000 },
  ];
  it.each<[string, (migrator: Migrator) => Promise<unknown>, object]>([
    ['run', (migrator) => migrator.run(), {}],
    ['status', (migrator) => migrator.status(), {}],
    ...(full ? [waitingForOthers] : []),
  ])('is awaited by %s for a limited time, and its holder is named', async (_title, work, more) => {
    const other = await holding('LOCK TABLE migrations');
    const pid = await pidOf(other);
    const events: MigrateEvent[] = [];
    const how = {
      ...run(),
      settings: { ...settings, ...more },
      onEvent: (event: MigrateEvent) => void events.push(event),
    };
    const error = await failureOf(using(how, work));
    expect([error.code, error.message, error.next]).toEqual([
      'LOCK_NOT_ACQUIRED',
      expect.stringMatching(
        new RegExp(
          `^After 1 s, the query for the applied migrations was still waiting for a lock, and was given up\\. Blocked by:\n {2}pid ${pid} \\(test, postgres, .*\\), idle in transaction for \\d s: `,
        ),
      ),
      expect.stringContaining(`SELECT pg_terminate_backend(${pid});`),
    ]);
    const told = events.find((event) => event.type === 'waiting-for-reply');
    expect(told).toMatchObject({ server: 'working', blockers: [{ pid, application: 'test' }] });
    expect(told && describeWait(told)).toMatch(
      new RegExp(
        `^the query for the applied migrations has been waiting for \\d s for a lock, held by pid ${pid} \\(test`,
      ),
    );
    expect(await waiting()).toEqual([]);
  });

  itInFull('is awaited by `wait` for its own time', async () => {
    await holding('LOCK TABLE migrations');
    const error = await failureOf(using(run(), (migrator) => migrator.wait({ until: 'migrated', timeoutMs: 1500 })));
    expect([error.code, error.next]).toEqual(['WAIT_TIMEOUT', expect.stringContaining('pg_terminate_backend')]);
  });

  it.each([
    ['migrations_log', 'SHARE', inTransaction],
    ['migrations_log', 'EXCLUSIVE', inSteps],
  ])('or on %s, in mode %s, is named if a migration cannot be recorded', async (table, mode, made) => {
    const other = await holding(`LOCK TABLE ${table} IN ${mode} MODE`);
    const error = await failureOf(using(run(made), (migrator) => migrator.run()));
    expect([error.code, error.message]).toEqual([
      'MIGRATION_BLOCKED',
      expect.stringMatching(new RegExp(`Blocked by:\n {2}pid ${await pidOf(other)} \\(test`)),
    ]);
    await other.query('ROLLBACK');
    expect(await database.query('SELECT n FROM account')).toEqual([{ n: 0 }]);
  });

  it('does not make a signal look like a failed migration', async () => {
    await holding('LOCK TABLE migrations_log IN EXCLUSIVE MODE');
    const controller = new AbortController();
    const { event, running } = until('blocked', {
      ...run(inSteps),
      settings: { ...settings, lockTimeout: '20s' },
      signal: controller.signal,
    });
    const failed = failureOf(running);
    await event;
    controller.abort('SIGTERM');
    const error = await failed;
    expect([error.code, error.exitCode, error.message]).toEqual([
      'CANCELLED',
      143,
      'Stopped by SIGTERM. Migration Credit1700000000001: It runs without a transaction. None of its statements was executed now.',
    ]);
  });
});

it('a run that removes what an interrupted build has left names what it waits for, and so does `status`', async () => {
  const other = await holding('UPDATE account SET n = 1');
  const pid = await pidOf(other);
  const controller = new AbortController();
  const interrupted = until('blocked', { ...run(building), signal: controller.signal });
  const failed = failureOf(interrupted.running);
  await interrupted.event;
  controller.abort('SIGTERM');
  expect((await failed).message).toMatch(
    /index public\.account_n is INVALID.*DROP INDEX CONCURRENTLY public\.account_n;/,
  );
  const told: string[] = [];
  const next = until('waiting-for-reply', run(building), (event) => {
    if (event.type === 'waiting-for-reply') told.push(describeWait(event));
    return told.some((line) => line.includes('held by'));
  });
  await next.event;
  expect(told.at(-1)).toMatch(
    new RegExp(
      `^Index1700000000001: DROP INDEX CONCURRENTLY public\\.account_n has been waiting for \\d s for a lock, held by pid ${pid} \\(test`,
    ),
  );
  const { result } = await using(run(building), (migrator) => migrator.status());
  expect(result.running).toMatchObject([{ name: 'Index1700000000001', blockers: [{ pid }] }]);
  const plain = { bold: String, dim: String, yellow: String, green: String, red: String };
  expect(statusLines(result, plain).join('\n')).toMatch(
    new RegExp(
      `It waits for a lock:\n {4}pid ${pid} \\(test.*\n {6}to end it: SELECT pg_terminate_backend\\(${pid}\\);`,
    ),
  );
  await other.query('COMMIT');
  await next.running;
  expect(await database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'account_n'::regclass`)).toEqual([
    { indisvalid: true },
  ]);
});

describe('a prepared transaction', () => {
  const gid = "it's forgotten";
  const quoted = "'it''s forgotten'";
  beforeEach(() => database.query(`BEGIN; UPDATE account SET n = 1; PREPARE TRANSACTION ${quoted}`));
  afterEach(() => database.query(`ROLLBACK PREPARED ${quoted}`).catch(() => undefined));

  it('is named, with what ends it, if it blocks a migration', async () => {
    const made = migration('Age1700000000001', { up: ['ALTER TABLE account ADD age int'] });
    const error = await failureOf(using(run(made), (migrator) => migrator.run()));
    expect([error.code, error.message, error.next]).toEqual([
      'MIGRATION_BLOCKED',
      expect.stringContaining(`Blocked by:\n  the prepared transaction ${quoted} (postgres), prepared `),
      expect.stringContaining(
        `COMMIT PREPARED ${quoted}; or ROLLBACK PREPARED ${quoted}; in database ${database.name}`,
      ),
    ]);
  });

  it('is named while a concurrent build waits for it', async () => {
    const { event, running } = until('blocked', run(building));
    expect((await event).blockers).toMatchObject([
      { pid: 0, user: 'postgres', state: 'prepared', prepared: { gid, database: database.name } },
    ]);
    await database.query(`ROLLBACK PREPARED ${quoted}`);
    await running;
  });

  itInFull('that holds only a weaker lock on the same table is not named', async () => {
    await database.query(`ROLLBACK PREPARED ${quoted}`);
    await database.query(`BEGIN; LOCK TABLE account IN ACCESS SHARE MODE; PREPARE TRANSACTION 'harmless'`);
    await database.query(`BEGIN; LOCK TABLE account IN SHARE MODE; PREPARE TRANSACTION ${quoted}`);
    const { event, running } = until('blocked', run(inSteps));
    expect((await event).blockers.map(({ prepared }) => prepared?.gid)).toEqual([gid]);
    for (const one of [quoted, "'harmless'"]) await database.query(`ROLLBACK PREPARED ${one}`);
    await running;
  });
});

describe('a failure in a table of nest-migrate', () => {
  const behind = (table: string) => database.query(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), 1, false)`);
  const repairs = ({ next = '' }: { readonly next?: string }): string =>
    next
      .split('\n')
      .find((line) => line.includes(': '))
      ?.replace(/^[^:]*: /, '') ?? '';

  const cases: readonly (readonly [string, MigrationClass])[] = [
    ['migrations', inTransaction],
    ['migrations', inSteps],
    ['migrations_log', inTransaction],
    ['migrations_log', inSteps],
  ];
  it.each(sample(cases, 3))('whose sequence is behind (%s) says so, and what to type', async (table, made) => {
    await behind('migrations');
    await behind('migrations_log');
    if (table === 'migrations_log')
      await database.query(`SELECT setval(pg_get_serial_sequence('migrations', 'id'), 1)`);
    if (made === inSteps && table === 'migrations')
      await database.query(`SELECT setval(pg_get_serial_sequence('migrations_log', 'id'), 1)`);
    const error = await failureOf(using(run(made), (migrator) => migrator.run()));
    expect([error.code, error.message, error.next]).toEqual([
      'LEDGER_DAMAGED',
      expect.stringMatching(
        new RegExp(`could not be recorded in "${table}"[^]*\\(23505\\)[^]*The migration is not the cause`),
      ),
      expect.stringContaining(
        `SELECT setval(pg_get_serial_sequence('"${table}"', 'id'), (SELECT max(id) FROM "${table}"));`,
      ),
    ]);
    await database.query(repairs(error));
    await using(run(made), (migrator) => migrator.run());
    expect(await database.query('SELECT n FROM account')).toEqual([{ n: 100 }]);
  });

  it('without its primary key says so, and what to type', async () => {
    await database.query('ALTER TABLE migrations_downs DROP CONSTRAINT migrations_downs_pkey');
    const made = class extends (inTransaction as new () => object) {
      readonly name = 'Down1700000000001';
      async up(): Promise<void> {}
      async down(queryRunner: { query(sql: string): Promise<unknown> }): Promise<void> {
        await queryRunner.query('DROP TABLE gone');
      }
    };
    Object.defineProperty(made, 'name', { value: 'Down1700000000001' });
    const error = await failureOf(using(run(made as MigrationClass), (migrator) => migrator.run()));
    expect([error.code, error.next]).toEqual([
      'LEDGER_DAMAGED',
      expect.stringContaining('ALTER TABLE "migrations_downs" ADD PRIMARY KEY (migration);'),
    ]);
    await database.query(repairs(error));
    await using(run(made as MigrationClass), (migrator) => migrator.run());
  });
});

it('what `status` says of a migration that stopped in the middle is what the log says', () => {
  const row = { id: 1, migration: 'Gone1700000000001', direction: 'up', statements_done: 1 } as const;
  const halfDone = [
    { ...row, state: 'started', error: null },
    { ...row, state: 'failed', error: 'Stopped by SIGINT. ' },
  ];
  const now = { state: { halfDone }, known: [] } as unknown as Parameters<typeof halfDoneProblems>[0];
  expect(halfDoneProblems(now, () => false, new Map()).map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /after 1 statement: no error is recorded, so its process, its connection or the server ended\. Its/,
    ),
    expect.stringMatching(/after 1 statement: Stopped by SIGINT\. Its/),
  ]);
});
