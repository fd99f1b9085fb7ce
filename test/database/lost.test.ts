import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { EventSubscriber } from 'typeorm';
import type { MigrateEvent } from '../../src/events.js';
import { backfill } from '../../src/index.js';
import { runCli, startCli } from '../support/cli.js';
import type { RunningCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Using } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import { startProxy } from '../support/proxy.js';
import type { Proxy } from '../support/proxy.js';
import { itInFull } from '../support/sample.js';

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** What the classid of an advisory lock says it is. */
const lockClass = 0x6e657374;
const name = 'Credit1700000000001';

let database: TestDatabase;
let proxy: Proxy;
beforeEach(async () => {
  database = await createDatabase();
  proxy = await startProxy(database.url);
  await database.query('CREATE TABLE account (n int); INSERT INTO account VALUES (0)');
});
afterEach(async () => {
  await proxy.close();
  await database.drop();
});

const ledger = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map((row) => row['name']);
const n = async (): Promise<unknown> => (await database.query('SELECT n FROM account'))[0]?.['n'];
const creditIn = (transaction: boolean) => migration(name, { transaction, up: ['UPDATE account SET n = n + 100'] });

/** Waits until the database says so: how fast that is depends on the machine. */
async function until(condition: string): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(10)) {
    const [row] = await database.query(`SELECT (${condition}) AS is_so`).catch(() => []);
    if (row?.['is_so'] === true) return;
  }
  throw new Error(`It never came true: ${condition}`);
}

const here = 'datname = current_database() AND pid <> pg_backend_pid()';
const atGate = `EXISTS (SELECT FROM pg_stat_activity WHERE ${here} AND wait_event = 'advisory')`;
const active = (sql: string) =>
  `EXISTS (SELECT FROM pg_stat_activity WHERE ${here} AND state = 'active' AND query LIKE '${sql}' AND wait_event_type = 'Lock')`;
const terminate = (condition: string) =>
  database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${here} AND ${condition}`);

/**
 * The UPDATE itself, or the COMMIT after it, goes on only when the gate is opened, however slow the machine is; then it does what is written
 * here.
 */
async function closeGate(at: 'statement' | 'commit', afterwards = ''): Promise<{ open(): Promise<unknown> }> {
  const deferred = at === 'commit' ? 'DEFERRABLE INITIALLY DEFERRED' : '';
  await database.query(
    `CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('lock_timeout', '0', true); PERFORM pg_advisory_xact_lock_shared(7); ${afterwards} RETURN NULL; END $$;
     CREATE CONSTRAINT TRIGGER gate AFTER UPDATE ON account ${deferred} FOR EACH ROW EXECUTE FUNCTION gate()`,
  );
  const keeper = await database.client();
  await keeper.query('SELECT pg_advisory_lock(7)');
  return { open: () => keeper.query('SELECT pg_advisory_unlock(7)') };
}

/** A run that tells what it does while it does it. */
function running(how: Omit<Using, 'url'> & { readonly url?: string }) {
  const told: ((event: MigrateEvent) => void)[] = [];
  const events: MigrateEvent[] = [];
  const onEvent = (event: MigrateEvent): void => {
    events.push(event);
    for (const tell of told) tell(event);
  };
  const result = using({ url: database.url, ...how, onEvent }, (migrator) => migrator.run()).then(
    ({ result: { applied } }) => ({ applied: applied.map((one) => one.name), error: undefined }),
    (error: Error) => ({ applied: undefined, error: error as Awaited<ReturnType<typeof failureOf>> }),
  );
  const tells = (type: MigrateEvent['type']): Promise<void> =>
    new Promise((done) => {
      told.push((event) => void (event.type === type && done()));
      if (events.some((event) => event.type === type)) done();
    });
  return { result, events, tells };
}

async function says(command: RunningCli, text: string): Promise<void> {
  let all = '';
  const said = new Promise<void>((done) =>
    command.process.stderr?.on('data', (chunk) => void ((all += String(chunk)).includes(text) && done())),
  );
  const ended = command.result.then(({ code }) => {
    throw new Error(`It ended with ${code} and never said "${text}":\n${all}`);
  });
  await Promise.race([said, ended]);
  ended.catch(() => undefined);
}

/** The message that records a migration and commits it. */
const recording = /INTO "migrations" [\s\S]*COMMIT/;

describe('if the session that holds the lock is terminated while a migration runs', () => {
  it.each([
    [true, {}],
    [true, { isolationLevel: 'SERIALIZABLE' }],
    [false, {}],
  ])('the waiting process runs nothing twice (transaction: %s, %o)', async (transaction, options) => {
    const gate = await closeGate('statement');
    const first = running({ migrations: [creditIn(transaction)], options });
    await until(atGate);
    const second = running({ migrations: [creditIn(transaction)], options });
    await second.tells('waiting-for-lock');
    await terminate(
      `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = ${lockClass})`,
    );
    await second.tells('waiting-for-session');
    await gate.open();
    expect((await second.result).error).toBeUndefined();
    await first.result;
    expect(await n()).toBe(100);
    expect(await ledger()).toEqual([name]);
  });
});

it('if the connection of the lock is lost during a backfill, the error says up to which row it is committed', async () => {
  await database.query(
    'CREATE TABLE many (id int PRIMARY KEY, done boolean); INSERT INTO many SELECT i FROM generate_series(1, 2000) AS i',
  );
  const fill = migration('Fill1700000000001', {
    transaction: false,
    up: [(queryRunner) => backfill(queryRunner, { table: 'many', set: 'done = true', batchSize: 100, pause: '100ms' })],
  });
  const filling = running({ migrations: [fill] });
  await until('EXISTS (SELECT FROM many WHERE done)');
  await terminate(
    `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = ${lockClass})`,
  );
  const { error } = await filling.result;
  const [{ rows } = {}] = await database.query('SELECT count(*)::int AS rows FROM many WHERE done');
  expect([error?.code, error?.message]).toEqual([
    'LOCK_LOST',
    expect.stringMatching(
      new RegExp(
        `executes no further statements.*\nIt runs without a transaction\\. None of its statements is done\\. Of the next one, the batches up to row ${String(rows)} are committed and stay`,
      ),
    ),
  ]);
});

describe('if a client is killed during a slow COMMIT', () => {
  it.each([true, false])('a run that starts at once runs nothing twice (transaction: %s)', async (transaction) => {
    const gate = await closeGate('commit');
    const project = createProject({
      'package.json': '{ "name": "slow" }',
      'data-source.js': `module.exports = { type: 'postgres', url: '${database.url}', migrations: ['migrations/*.sql'] };`,
      'migrations/1700000000001-Credit.sql': `-- transaction: ${transaction}\n-- up\nUPDATE account SET n = n + 100;`,
    });
    const victim = startCli(['run'], { cwd: project.dir });
    await until(atGate);
    victim.process.kill('SIGKILL');
    const next = startCli(['run'], { cwd: project.dir });
    await says(next, 'still running on the server');
    await gate.open();
    expect((await next.result).code).toBe(0);
    expect(await n()).toBe(100);
    expect(await ledger()).toEqual([name]);
    project.remove();
  });
});

describe('if the reply to a COMMIT is lost', () => {
  it.each([true, false])('the migration counts as applied if it is (transaction: %s)', async (transaction) => {
    const lost = proxy.fault(recording, 'reply', 'cut');
    const later = migration('Later1700000000002', { up: [] });
    const run = running({ url: proxy.url, migrations: [creditIn(transaction), later] });
    await lost;
    expect(await run.result).toEqual({ applied: [name, 'Later1700000000002'], error: undefined });
    expect(run.events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'REPLY_LOST' }));
    expect([await n(), await ledger()]).toEqual([100, [name, 'Later1700000000002']]);
  });

  it.each(['is committed', 'is rolled back'])('during the COMMIT, its end is awaited, and it %s', async (end) => {
    const gate = await closeGate('commit', end === 'is rolled back' ? `RAISE 'not today';` : '');
    const lost = proxy.fault(recording, 'sent', 'cut');
    const run = running({ url: proxy.url, migrations: [creditIn(true)] });
    await lost;
    await run.tells('waiting-for-session');
    await gate.open();
    const { applied, error } = await run.result;
    if (end === 'is committed') expect(applied).toEqual([name]);
    else expect(error?.message).toContain('does not contain this migration: the transaction was rolled back');
    expect([await n(), await ledger()]).toEqual(end === 'is committed' ? [100, [name]] : [0, []]);
  });

  it('in a migration without a transaction, the log decides what is done', async () => {
    const lost = proxy.fault(/statements_done = 1[\s\S]*COMMIT/, 'reply', 'cut');
    const more = migration(name, {
      transaction: false,
      up: ['UPDATE account SET n = n + 100', 'CREATE TABLE more ()'],
    });
    const run = running({ url: proxy.url, migrations: [more] });
    await lost;
    const { error } = await run.result;
    expect(error?.message).toContain('Its first statement is done and stays. The connection was lost during a COMMIT');
    expect(error?.next).toContain('it continues at statement 2');
    await using({ url: database.url, migrations: [more] }, (migrator) => migrator.run());
    expect([await n(), await ledger()]).toEqual([100, [name]]);
  });

  it('in a migration that commits by itself, the log decides too', async () => {
    const lost = proxy.fault(/^COMMIT/, 'reply', 'cut');
    const more = migration(name, { up: ['UPDATE account SET n = n + 100', 'COMMIT', 'CREATE TABLE more ()'] });
    const run = running({ url: proxy.url, migrations: [more] });
    await lost;
    const { error } = await run.result;
    expect(error?.message).toMatch(
      /Its first 2 statements are done and stay\. The connection was lost during a COMMIT/,
    );
    await using({ url: database.url, migrations: [more] }, (migrator) => migrator.run());
    expect([await n(), await ledger()]).toEqual([100, [name]]);
  });

  it.each([true, false])(
    'and the server is gone, the outcome is reported as unknown (transaction: %s)',
    async (transaction) => {
      const lost = proxy.fault(recording, 'reply', 'cut', proxy.refuse);
      const settings = { connect: { timeout: 300, retryEvery: 50 } };
      const run = running({ url: proxy.url, migrations: [creditIn(transaction)], settings });
      await lost;
      const { error } = await run.result;
      expect([error?.code, error?.message]).toEqual(['OUTCOME_UNKNOWN', expect.stringContaining('not known')]);
      expect(error?.message).not.toContain('rolled back');
      expect(error?.next).toContain('nest-migrate status');
      expect(await ledger()).toEqual([name]);
    },
  );

  it('and another server has taken over, the ledger of that server decides', async () => {
    const support = (await import(resolve('test/support/server.mjs'))) as { startServer(): Promise<Server> };
    const other = await support.startServer();
    const admin = new pg.Client(other.url);
    await admin.connect();
    await admin.query(`CREATE DATABASE ${database.name}`);
    await admin.end();
    const lost = proxy.fault(recording, 'reply', 'cut', () => proxy.redirect(other.url));
    const run = running({ url: proxy.url, migrations: [creditIn(true)] });
    await lost;
    const { error } = await run.result;
    expect(error?.message).toContain('The ledger, read again on a new connection, does not contain this migration');
    await other.stop();
  });
});

describe('if the connection of a migration is terminated', () => {
  it.each([true, false])('before COMMIT was sent, only that is reported (transaction: %s)', async (transaction) => {
    await closeGate('statement');
    const run = running({ migrations: [creditIn(transaction)] });
    await until(atGate);
    await terminate(`wait_event = 'advisory'`);
    const { error } = await run.result;
    expect(error?.message).toMatch(/The connection was lost before (?:the next )?COMMIT was sent, so the server rolls/);
    expect(error?.message).not.toContain('was rolled back');
    expect([await n(), await ledger()]).toEqual([0, []]);
  });

  it.each([true, false])('during COMMIT, the server is asked (transaction: %s)', async (transaction) => {
    await closeGate('commit');
    const run = running({ migrations: [creditIn(transaction)] });
    await until(atGate);
    await terminate(`wait_event = 'advisory'`);
    const { error } = await run.result;
    expect(error?.message).toContain(transaction ? 'The ledger, read again' : 'the log was read again');
    expect([await n(), await ledger()]).toEqual([0, []]);
  });
});

describe('what is reported as rolled back', () => {
  it('excludes what the migration has committed itself', async () => {
    const ends = migration(name, { up: ['UPDATE account SET n = n + 100', 'COMMIT', 'SELECT 1/0'] });
    const { error } = await running({ migrations: [ends] }).result;
    expect(error?.message).toContain('division by zero');
    expect(error?.message).toContain('It commits by itself. Its first 2 statements are done and stay.');
    expect([await n(), await ledger()]).toEqual([100, []]);
  });

  it('excludes what was committed before a subscriber failed', async () => {
    class Subscriber {
      afterTransactionCommit(): never {
        throw new Error('not interested');
      }
    }
    EventSubscriber()(Subscriber);
    const { error } = await running({ migrations: [creditIn(true)], options: { subscribers: [Subscriber] } }).result;
    expect(error?.message).toContain('not interested');
    expect(error?.message).toContain('The transaction of this migration was committed.');
    expect([await n(), await ledger()]).toEqual([100, [name]]);
    expect(await database.query('SELECT state FROM migrations_log')).toEqual([{ state: 'applied' }]);
  });
});

describe('what is reported as finished', () => {
  it('matches the database, even if the failure hides that it was lost', async () => {
    const first = migration('First1700000000000', { up: [] });
    const fails = migration(name, {
      up: [
        async () => {
          // As a crash would that comes before the first commit has reached the disk.
          await database.query('DELETE FROM migrations; DELETE FROM migrations_log');
          throw new Error('not today');
        },
      ],
    });
    const { error } = await running({ migrations: [first, fails] }).result;
    expect(error?.finished).toEqual([]);
    expect(error?.message).toContain('has lost what it committed last');
  });
});

describe('a process that has not noticed that its lock is lost', () => {
  it('stops before its next statement of a migration that another process has taken over', async () => {
    const gate = await closeGate('statement');
    let goOn = (): void => undefined;
    const paused = new Promise<void>((done) => (goOn = done));
    const steps = (pause: () => Promise<void>) =>
      migration(name, {
        transaction: false,
        up: ['UPDATE account SET n = n + 100', pause, 'UPDATE account SET n = n + 1'],
      });
    // The connection that holds the lock is frozen when it is asked who blocks the statement; so it does not hear of its end.
    const frozen = proxy.fault(/pg_blocking_pids/, 'request', 'freeze');
    const first = running({ url: proxy.url, migrations: [steps(() => paused)] });
    await frozen;
    await terminate(
      `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = ${lockClass})`,
    );
    const second = running({ migrations: [steps(() => Promise.resolve())] });
    await second.tells('waiting-for-session');
    await gate.open();
    expect((await second.result).applied).toEqual([name]);
    goOn();
    expect((await first.result).error?.code).toBe('LOCK_LOST');
    expect([await n(), await ledger()]).toEqual([101, [name]]);
    expect(await database.query('SELECT state FROM migrations_log')).toEqual([{ state: 'applied' }]);
  });
});

describe('a statement that must run alone', () => {
  const build = 'CREATE INDEX CONCURRENTLY account_n ON account (n)';
  const validIndexes = () => database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'account_n'::regclass`);

  it.each(['directly', 'through a pooler'])(
    'is not executed again while the server still executes it, %s',
    async (how) => {
      const writer = await database.client();
      await writer.query('BEGIN; UPDATE account SET n = 1');
      const pooler = await startProxy(database.url, { as: 'pooler' });
      const url = how === 'directly' ? database.url : pooler.url;
      const project = createProject({
        'package.json': '{ "name": "index" }',
        'data-source.js': `module.exports = { type: 'postgres', url: '${url}', migrations: ['migrations/*.sql'] };`,
        'migrations/1700000000001-Index.sql': `-- transaction: false\n-- up\n${build};`,
      });
      const victim = startCli(['run'], { cwd: project.dir });
      await until(active('CREATE INDEX%'));
      victim.process.kill('SIGKILL');
      const next = startCli(['run'], { cwd: project.dir });
      await says(next, 'still running on the server');
      await writer.query('COMMIT');
      const { code, stderr } = await next.result;
      expect([code, stderr]).toEqual([0, expect.stringContaining('applied')]);
      expect(await validIndexes()).toEqual([{ indisvalid: true }]);
      expect(await ledger()).toEqual(['Index1700000000001']);
      project.remove();
      await pooler.close();
    },
  );

  it('is cancelled by a signal, through a pooler', async () => {
    const writer = await database.client();
    await writer.query('BEGIN; UPDATE account SET n = 1');
    const pooler = await startProxy(database.url, { as: 'pooler' });
    const controller = new AbortController();
    const migrations = [migration(name, { transaction: false, up: [build] })];
    const stopped = running({ url: pooler.url, migrations, signal: controller.signal });
    await until(active('CREATE INDEX%'));
    controller.abort('SIGTERM');
    expect((await stopped.result).error?.code).toBe('CANCELLED');
    await writer.query('COMMIT');
    expect((await running({ url: pooler.url, migrations }).result).applied).toEqual([name]);
    expect(await validIndexes()).toEqual([{ indisvalid: true }]);
    await pooler.close();
  });

  /** As a process leaves it that was killed while it executed this. */
  async function leaveInDoubt(sql: string): Promise<void> {
    await using({ url: database.url, migrations: [migration('First1700000000000', { up: [] })] }, (migrator) =>
      migrator.run(),
    );
    await database.query(
      `INSERT INTO migrations_log (migration, direction, state, batch, transactional, host, pid, in_doubt) VALUES ($1, 'up', 'started', 1, false, 'gone', 1, $2)`,
      [name, sql],
    );
  }

  it.each(['finished', 'not-started'] as const)(
    'in doubt: the decision (%s) is recorded once, even if the connection is lost in the meantime',
    async (as) => {
      await leaveInDoubt(build);
      const lost = ['request', 'reply'].map((moment) =>
        proxy.fault(/UPDATE "migrations_log" SET state/, moment as 'request' | 'reply', 'cut'),
      );
      const migrations = [
        migration('First1700000000000', { up: [] }),
        migration(name, { transaction: false, up: [build] }),
      ];
      const { result } = await using({ url: proxy.url, migrations }, (migrator) => migrator.resolve(name, { as }));
      await Promise.all(lost);
      expect(result.migration).toBe(name);
      expect(await ledger()).toEqual(['First1700000000000', ...(as === 'finished' ? [name] : [])]);
    },
  );

  it('in doubt: waits while another session excludes it, and stops at a signal', async () => {
    await leaveInDoubt(build);
    const other = await database.client();
    await other.query('BEGIN; LOCK TABLE account IN SHARE UPDATE EXCLUSIVE MODE');
    const controller = new AbortController();
    const how = {
      migrations: [migration('First1700000000000', { up: [] }), migration(name, { transaction: false, up: [build] })],
    };
    const stopped = running({ ...how, signal: controller.signal });
    await stopped.tells('waiting-for-session');
    controller.abort('SIGTERM');
    expect((await stopped.result).error?.code).toBe('CANCELLED');
    const next = running(how);
    await next.tells('waiting-for-session');
    await other.query('COMMIT');
    expect((await next.result).applied).toEqual([name]);
    expect(await validIndexes()).toEqual([{ indisvalid: true }]);
  });

  it.each([
    {
      sql: build,
      title: 'an index that exists',
      given: 'CREATE INDEX account_n ON account (n)',
      expected: `SELECT count(*)::int AS is FROM pg_index WHERE indexrelid = 'account_n'::regclass AND indisvalid`,
    },
    {
      sql: build,
      title: 'an index that is invalid',
      given: `CREATE INDEX account_n ON account (n); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'account_n'::regclass`,
      expected: `SELECT count(*)::int AS is FROM pg_index WHERE indexrelid = 'account_n'::regclass AND indisvalid`,
    },
    {
      sql: 'DROP INDEX CONCURRENTLY account_n',
      title: 'an index that is missing',
      given: 'SELECT 1',
      expected: `SELECT (to_regclass('account_n') IS NULL)::int AS is`,
    },
    {
      sql: 'REINDEX TABLE CONCURRENTLY account',
      title: 'an unfinished copy of an index',
      given: `CREATE INDEX account_n ON account (n); CREATE INDEX account_n_ccnew ON account (n); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'account_n_ccnew'::regclass`,
      expected: `SELECT count(*)::int AS is FROM pg_index WHERE indrelid = 'account'::regclass`,
    },
    { sql: 'VACUUM account', title: 'VACUUM', given: 'SELECT 1', expected: 'SELECT 1 AS is' },
    {
      sql: 'ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY',
      title: 'a partition that is detached',
      given: 'CREATE TABLE parts (n int) PARTITION BY LIST (n); CREATE TABLE part_1 (n int)',
      expected: `SELECT 1 - count(*)::int AS is FROM pg_inherits`,
    },
    {
      sql: 'ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY',
      title: 'a partition that is not detached yet',
      given:
        'CREATE TABLE parts (n int) PARTITION BY LIST (n); CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1)',
      expected: `SELECT 1 - count(*)::int AS is FROM pg_inherits`,
    },
    {
      sql: 'ALTER TABLE parts DETACH PARTITION part_1 CONCURRENTLY',
      title: 'a partition whose detaching was interrupted',
      given: `CREATE TABLE parts (n int) PARTITION BY LIST (n); CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN (1); UPDATE pg_inherits SET inhdetachpending = true`,
      expected: `SELECT 1 - count(*)::int AS is FROM pg_inherits`,
    },
  ])('in doubt: the outcome is detected: $title', async ({ sql, given, expected }) => {
    await database.query(given);
    await leaveInDoubt(sql);
    const { applied, error } = await running({
      migrations: [migration('First1700000000000', { up: [] }), migration(name, { transaction: false, up: [sql] })],
    }).result;
    expect([error, applied]).toEqual([undefined, [name]]);
    expect(await database.query(expected)).toEqual([{ is: 1 }]);
  });

  const procedure = `CREATE PROCEDURE credit() LANGUAGE plpgsql AS $$ BEGIN UPDATE account SET n = n + 100; COMMIT; END $$`;

  it.each([
    ['CALL credit()', 'refused'],
    [`BEGIN; UPDATE account SET n = n + 100; COMMIT`, 'executed'],
    ['/* nest-migrate-rerunnable */ CALL credit()', 'executed'],
    ['/* Its reason. */ -- nest-migrate-rerunnable\nCALL credit()', 'executed'],
    [`DO $backfill$ BEGIN UPDATE account SET n = n + 100; COMMIT; END $backfill$`, 'executed'],
  ])('that leaves no traces, through a pooler: %j is %s', async (sql, outcome) => {
    await database.query(procedure);
    const pooler = await startProxy(database.url, { as: 'pooler' });
    const { applied, error } = await running({
      url: pooler.url,
      migrations: [migration(name, { transaction: false, up: [sql] })],
    }).result;
    expect(applied).toEqual(outcome === 'executed' ? [name] : undefined);
    if (outcome === 'refused') expect(error?.next).toContain('/* nest-migrate-rerunnable */');
    expect(await n()).toBe(outcome === 'executed' ? 100 : 0);
    await pooler.close();
  });

  itInFull('that leaves no traces: its own session holds the fence, and the user decides afterwards', async () => {
    await database.query(
      'CREATE PROCEDURE credit() LANGUAGE plpgsql AS $$ BEGIN COMMIT; UPDATE account SET n = n + 100; COMMIT; END $$',
    );
    const gate = await closeGate('statement');
    const project = createProject({
      'package.json': '{ "name": "call" }',
      'data-source.js': `module.exports = { type: 'postgres', url: '${database.url}', migrations: ['migrations/*.sql'] };`,
      'migrations/1700000000001-Credit.sql': '-- transaction: false\n-- up\nCALL credit();',
    });
    const victim = startCli(['run'], { cwd: project.dir });
    await until(atGate);
    victim.process.kill('SIGKILL');
    const next = startCli(['run'], { cwd: project.dir });
    await says(next, 'still running on the server (pid');
    await gate.open();
    const { code, stderr } = await next.result;
    expect([code, stderr]).toEqual([1, expect.stringContaining('not known whether its statement 1 was finished')]);
    expect((await runCli(['resolve', name, '--done-until', '1'], { cwd: project.dir })).code).toBe(0);
    expect((await runCli(['run'], { cwd: project.dir })).code).toBe(0);
    expect([await n(), await ledger()]).toEqual([100, [name]]);
    project.remove();
  });
});
