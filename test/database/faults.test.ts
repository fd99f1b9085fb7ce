import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { connectionError } from '../../src/database/connection-error.js';
import { createMigrator } from '../../src/migrator.js';
import { createDatabase, createRole, serverLog, serverUrl } from '../support/database.js';
import type { MigrateEvent } from '../../src/events.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Using } from '../support/migrations.js';
import { startProxy } from '../support/proxy.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  await database.query(
    'CREATE TABLE users (id int PRIMARY KEY, email text); INSERT INTO users SELECT g, g::text FROM generate_series(1, 100) g',
  );
});
afterEach(() => database.drop());

const addColumn = migration('AddColumn1700000000001', {
  up: ['ALTER TABLE users ADD a int'],
  down: ['ALTER TABLE users DROP COLUMN a'],
});
const names = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

describe('a table that another session has locked', () => {
  it('is awaited in short attempts, and the blocking session is named', async () => {
    const other = await database.client();
    await other.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const running = using({ url: database.url, migrations: [addColumn], settings: { lockTimeout: 150 } }, (migrator) =>
      migrator.run(),
    );
    await sleep(700);
    await other.query('COMMIT');
    const { result, events } = await running;
    expect(result.applied).toHaveLength(1);
    const retry = events.find((event) => event.type === 'retrying');
    expect(retry).toMatchObject({
      migration: 'AddColumn1700000000001',
      attempt: 1,
      blockers: [{ user: 'postgres', application: 'test', state: 'idle in transaction' }],
    });
  });

  it('names a blocking session that has connected since the last report', async () => {
    await database.query('CREATE TABLE other (id int)');
    const locking = async (table: string) => {
      const client = await database.client();
      await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
      return client;
    };
    const first = await locking('users');
    const named: string[] = [];
    const opened: Promise<unknown>[] = [];
    const onEvent = (event: MigrateEvent): void => {
      if (event.type !== 'blocked') return;
      named.push(...event.blockers.map(({ query }) => query));
      const next = async () => {
        const second = await locking('other');
        await first.query('COMMIT');
        await sleep(600);
        await second.query('COMMIT');
      };
      if (named.length === 1) opened.push(next());
    };
    const both = migration('Both1700000000001', { up: ['ALTER TABLE users ADD a int', 'ALTER TABLE other ADD a int'] });
    await using({ url: database.url, migrations: [both], settings: { lockTimeout: '9s' }, onEvent }, (migrator) =>
      migrator.run(),
    );
    await Promise.all(opened);
    expect(named).toEqual(['users', 'other'].map((table) => `BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`));
  });

  it('adds no cost that stays', async () => {
    // An AsyncLocalStorage that stays enabled makes all promises slower.
    const run = jest.spyOn(AsyncLocalStorage.prototype, 'run');
    const ended = jest.spyOn(AsyncLocalStorage.prototype, 'disable');
    try {
      const more = migration('More1700000000002', { up: ['SELECT 1'] });
      await using({ url: database.url, migrations: [addColumn, more] }, (migrator) => migrator.run());
      expect(run.mock.calls.length).toBeGreaterThan(1);
      expect(new Set(run.mock.contexts).size).toBe(1);
      while (!ended.mock.contexts.includes(run.mock.contexts[0])) await sleep(50);
    } finally {
      jest.restoreAllMocks();
    }
  });

  it('is reported at once if the migration itself locked it over another connection', async () => {
    const itself = migration('Itself1700000000001', {
      up: ['ALTER TABLE users ADD a int', ({ connection }) => connection.query('SELECT a FROM users')],
    });
    const error = await failureOf(using({ url: database.url, migrations: [itself] }, (migrator) => migrator.run()));
    expect([error.code, error.message, error.next]).toEqual([
      'MIGRATION_FAILED',
      expect.stringMatching(/Itself1700000000001 was waiting for itself[^]*SELECT a FROM users/),
      expect.stringContaining('queryRunner.query()'),
    ]);
    expect(await names()).toEqual([]);
  });

  it('is not awaited by a migration that migrates the same database itself', async () => {
    const nested = migration('Nested1700000000001', {
      up: [() => using({ url: database.url, migrations: [addColumn] }, (migrator) => migrator.run())],
    });
    const error = await failureOf(using({ url: database.url, migrations: [nested] }, (migrator) => migrator.run()));
    expect([error.code, error.message, error.next]).toEqual([
      'LOCK_NOT_ACQUIRED',
      expect.stringContaining('Nested1700000000001 migrates the same database while it is executed'),
      expect.stringContaining("onBootstrap: 'off'"),
    ]);
    expect(await names()).toEqual([]);
  });

  it('does not make its readers wait longer than the lock timeout', async () => {
    const other = await database.client();
    const reader = await database.client();
    await other.query('BEGIN; SELECT * FROM users LIMIT 1');
    const running = using({ url: database.url, migrations: [addColumn], settings: { lockTimeout: 200 } }, (migrator) =>
      migrator.run(),
    );
    const waits: number[] = [];
    const end = Date.now() + 2500;
    while (Date.now() < end) {
      const started = performance.now();
      await reader.query('SELECT count(*) FROM users');
      waits.push(performance.now() - started);
      await sleep(10);
    }
    await other.query('COMMIT');
    await running;
    const longest = Math.max(...waits);
    // It queued up after the migration, but never for longer than one attempt of it (plus some slack for a busy machine).
    expect(longest).toBeGreaterThan(50);
    expect(longest).toBeLessThan(200 + 400);
  });

  it('makes the run fail after the budget, and the blocking session is named', async () => {
    const other = await database.client();
    await other.query('BEGIN; LOCK TABLE users IN ACCESS SHARE MODE');
    const error = await failureOf(
      using({ url: database.url, migrations: [addColumn], settings: { lockTimeout: 100, retryFor: 900 } }, (migrator) =>
        migrator.run(),
      ),
    );
    expect(error.code).toBe('MIGRATION_BLOCKED');
    expect(error.message).toMatch(
      /Blocked by:\n {2}pid \d+ \(test, postgres, from 127\.0\.0\.1\), idle in transaction/,
    );
    expect(error.next).toMatch(/pg_terminate_backend\(\d+\)/);
    expect(await names()).toEqual([]);
  });

  it('is retried after a deadlock, too', async () => {
    await database.query('CREATE TABLE other (id int)');
    const client = await database.client();
    const deadlock = migration('Deadlock1700000000001', {
      up: [
        'LOCK TABLE users IN ACCESS EXCLUSIVE MODE',
        async (runner) => {
          const [{ tries }] = (
            await client.query(`SELECT count(*)::int AS tries FROM pg_class WHERE relname = 'second_try'`)
          ).rows as [{ tries: number }];
          if (tries > 0) return;
          await client.query('CREATE TABLE second_try ()');
          await client.query('BEGIN; LOCK TABLE other IN ACCESS EXCLUSIVE MODE');
          // Now each waits for the other.
          void client
            .query('SELECT * FROM users')
            .catch(() => undefined)
            .then(() => client.query('ROLLBACK'));
          await sleep(100);
          await runner.query('SELECT * FROM other');
        },
      ],
    });
    await database.query(`ALTER DATABASE ${database.name} SET deadlock_timeout = '100ms'`);
    const { result } = await using(
      { url: database.url, migrations: [deadlock], settings: { lockTimeout: '10s' } },
      (migrator) => migrator.run(),
    );
    expect(result.applied).toHaveLength(1);
  });
});

describe('other processes', () => {
  it('wait for the lock, and find nothing left to do', async () => {
    const slow = migration('Slow1700000000001', {
      up: ['SELECT pg_sleep(0.6)', 'UPDATE users SET email = email || 1'],
    });
    const both = await Promise.all(
      [1, 2, 3].map(() => using({ url: database.url, migrations: [slow] }, (migrator) => migrator.run())),
    );
    expect(both.map(({ result }) => result.applied.length).sort()).toEqual([0, 0, 1]);
    expect(both.filter(({ result }) => result.waitedForLockMs > 0)).toHaveLength(2);
    const waiting = both.flatMap(({ events }) => events).find((event) => event.type === 'waiting-for-lock');
    expect(waiting).toMatchObject({ holder: { application: 'nest-migrate' } });
    expect(await database.query('SELECT email FROM users WHERE id = 1')).toEqual([{ email: '11' }]);
  });

  it.each(['before the table exists', 'when the table exists'])(
    'take the same lock and the same fence for every spelling of the table, %s',
    async (when) => {
      await database.query('CREATE TABLE seen (classid bigint, objid bigint)');
      const first = migration('First1700000000000', { up: [] });
      const look = (n: number) =>
        migration(`Look170000000000${n}`, {
          up: [
            'UPDATE users SET email = email || 1',
            `INSERT INTO seen SELECT classid::bigint, objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
            'SELECT pg_sleep(0.3)',
          ],
        });
      if (when === 'when the table exists')
        await using({ url: database.url, migrations: [first] }, (migrator) => migrator.run());
      const spellings = [
        {},
        { schema: 'public' },
        { migrationsTableName: 'public.migrations' },
        { migrationsTableName: `${database.name}.public.migrations` },
      ];
      const all = await Promise.all(
        spellings.map((options) =>
          using({ url: database.url, migrations: [first, look(1)], options }, (migrator) => migrator.run()),
        ),
      );
      expect(all.filter(({ result }) => result.applied.length > 0)).toHaveLength(1);
      expect(await database.query('SELECT email FROM users WHERE id = 1')).toEqual([{ email: '11' }]);
      expect(await names()).toEqual(['First1700000000000', 'Look1700000000001']);
      for (const [n, options] of spellings.entries())
        await using({ url: database.url, migrations: [look(n + 2)], options }, (migrator) => migrator.run());
      expect(
        await database.query('SELECT classid, count(DISTINCT objid)::int AS keys FROM seen GROUP BY 1 ORDER BY 1'),
      ).toEqual([
        { classid: String(0x6e657374), keys: 1 },
        { classid: String(0x6e657375), keys: 1 },
      ]);
    },
  );

  it('give up after the given time, and name the holder', async () => {
    const slow = migration('Slow1700000000001', { transaction: false, up: ['SELECT pg_sleep(1.5)'] });
    const first = using({ url: database.url, migrations: [slow] }, (migrator) => migrator.run());
    await sleep(400);
    const error = await failureOf(
      using({ url: database.url, migrations: [slow], settings: { waitForOthers: 300 } }, (migrator) => migrator.run()),
    );
    expect(error.code).toBe('LOCK_NOT_ACQUIRED');
    expect(error.message).toMatch(
      /The lock is held by pid \d+ \(nest-migrate, postgres, from 127\.0\.0\.1\)\. According to the log, process \d+ on host \S+ has started Slow1700000000001, and has not finished it\. This process changed nothing\.$/,
    );
    await first;
  });

  it('are not awaited by a concurrent index build, during which the lock connection sends no queries and blocking sessions are named', async () => {
    const index = migration('Index1700000000001', {
      transaction: false,
      up: ['CREATE INDEX CONCURRENTLY users_email ON users (email)'],
    });
    const other = await database.client();
    await other.query('BEGIN; UPDATE users SET email = email WHERE id = 1');
    const running = using({ url: database.url, migrations: [index] }, (migrator) => migrator.run());
    // A snapshot in the transaction of the lock, however short, is waited for until that transaction ends, which waits for the index.
    const [lastAsked] = await lateAnswers(2);
    expect(lastAsked).toEqual({ since_index: false });
    await other.query('COMMIT');
    const { result, events } = await running;
    expect(result.applied).toHaveLength(1);
    expect(events.find((event) => event.type === 'blocked')).toMatchObject({ blockers: [{ application: 'test' }] });
  });

  /** Whether the session that holds the lock was asked anything since the index is built, after so many seconds of that. */
  async function lateAnswers(seconds: number): Promise<readonly object[]> {
    for (;;) {
      await sleep(100);
      const answers = await database.query(
        `SELECT held.query_start > build.query_start AS since_index FROM pg_stat_activity build, pg_locks l JOIN pg_stat_activity held USING (pid)
         WHERE build.query LIKE 'CREATE INDEX CONCURRENTLY%' AND build.state = 'active' AND build.datname = current_database()
           AND build.query_start < clock_timestamp() - interval '${seconds} s' AND l.locktype = 'advisory' AND l.granted AND held.datname = current_database()
           AND held.state = 'idle in transaction'`,
      );
      if (answers.length > 0) return answers;
    }
  }

  it('do not stop a concurrent index build', async () => {
    const index = migration('Index1700000000001', {
      transaction: false,
      up: ['SELECT pg_sleep(0.5)', 'CREATE INDEX CONCURRENTLY users_email ON users (email)'],
    });
    const all = await Promise.all(
      Array.from({ length: 8 }, () => using({ url: database.url, migrations: [index] }, (migrator) => migrator.run())),
    );
    expect(all.map(({ result }) => result.applied.length).reduce((sum, n) => sum + n)).toBe(1);
    expect(await database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_email'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
  });
});

describe('a migration without a transaction', () => {
  const unique = migration('Unique1700000000001', {
    transaction: false,
    up: [
      'ALTER TABLE users ADD b int',
      'CREATE UNIQUE INDEX CONCURRENTLY users_b ON users (b)',
      'ALTER TABLE users ADD c int',
    ],
    down: ['ALTER TABLE users DROP COLUMN c', 'DROP INDEX CONCURRENTLY users_b', 'ALTER TABLE users DROP COLUMN b'],
  });

  it('continues where it failed once the cause is gone, and repairs the invalid index', async () => {
    await database.query('INSERT INTO users SELECT 100 + g, NULL FROM generate_series(1, 2) g');
    const broken = migration('Unique1700000000001', {
      transaction: false,
      up: [
        'ALTER TABLE users ADD b int DEFAULT 5',
        'CREATE UNIQUE INDEX CONCURRENTLY users_b ON users (b)',
        'ALTER TABLE users ADD c int',
      ],
    });
    const error = await failureOf(using({ url: database.url, migrations: [broken] }, (migrator) => migrator.run()));
    expect(error.message).toContain('failed at its statement 2: could not create unique index "users_b" (23505)');
    expect(error.message).toContain('Its first statement is done and stays');
    expect(error.next).toContain('it continues at statement 2');
    const left = expect.stringMatching(
      /index public\.users_b is INVALID.*drops it.*DROP INDEX CONCURRENTLY public\.users_b;/,
    );
    expect(error.message).toEqual(left);
    const status = await using({ url: database.url, migrations: [broken] }, (migrator) => migrator.status());
    expect(status.result.problems).toMatchObject([
      { code: 'HALF_DONE', migration: 'Unique1700000000001', message: left },
    ]);
    expect(
      (await failureOf(using({ url: database.url, migrations: [broken] }, (migrator) => migrator.revert()))).code,
    ).toBe('MIGRATION_HALF_DONE');
    await database.query('UPDATE users SET b = id');
    const { events } = await using({ url: database.url, migrations: [broken] }, (migrator) => migrator.run());
    expect(events).toContainEqual({ type: 'resuming', migration: 'Unique1700000000001', statementsDone: 1 });
    expect(await database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_b'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
    expect(await names()).toEqual(['Unique1700000000001']);
  });

  it('blocks others no longer than the lock timeout, and leaves no setting through a pooler', async () => {
    const migrations = [
      migration('Way1700000000001', {
        transaction: false,
        up: ['CREATE TABLE made ()', 'ALTER TABLE users ADD a int', 'UPDATE users SET a = 1'],
      }),
    ];
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const pooler = await startProxy(database.url, { as: 'pooler' });
    const other = await database.client();
    await other.query('BEGIN; SELECT * FROM users FOR UPDATE');
    const run = (url: string, settings: Using['settings']) =>
      using({ url, migrations, settings: { lockTimeout: 100, ...settings } }, (migrator) => migrator.run());
    const blocked = await failureOf(run(pooler.url, { retryFor: 900 }));
    expect([blocked.code, blocked.message, blocked.next]).toEqual([
      'MIGRATION_BLOCKED',
      expect.stringMatching(
        /did not get its locks in \d attempts[^]*Blocked by:\n {2}pid \d+ \(test[^]*It runs without a transaction\. Its first statement is done and stays\.$/,
      ),
      expect.stringMatching(/pg_terminate_backend\(\d+\)/),
    ]);
    const running = run(database.url, {});
    await sleep(700);
    await other.query('ROLLBACK; BEGIN; UPDATE users SET email = id');
    // Rows are waited for: what was changed until then would be changed once more.
    await sleep(700);
    await other.query('COMMIT');
    const { events } = await running;
    expect(events).toContainEqual({ type: 'resuming', migration: 'Way1700000000001', statementsDone: 1 });
    expect(events.filter(({ type }) => type === 'retrying')).not.toEqual([]);
    expect(await names()).toEqual(['Way1700000000001']);
    expect(serverLog(database).filter((line) => /SET (?!LOCAL|state|\w+ = \$)\w*_timeout/.test(line))).toEqual([]);
    await pooler.close();
  });

  it('does not continue if the statements have changed', async () => {
    const first = migration('Changed1700000000001', {
      transaction: false,
      up: ['ALTER TABLE users ADD b int', 'SELECT 1/0'],
    });
    await failureOf(using({ url: database.url, migrations: [first] }, (migrator) => migrator.run()));
    const edited = migration('Changed1700000000001', {
      transaction: false,
      up: ['ALTER TABLE users ADD bb int', 'SELECT 1'],
    });
    const error = await failureOf(using({ url: database.url, migrations: [edited] }, (migrator) => migrator.run()));
    expect(error.code).toBe('MIGRATION_HALF_DONE');
    expect(error.message).toContain('not the same ones');
    expect(await names()).toEqual([]);
  });

  it.each(['up', 'down'] as const)(
    'shows in status whether the %s of a .sql file was edited in the meantime',
    async (direction) => {
      const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-half-done-'));
      try {
        const file = join(dir, '1700000000001-Half.sql');
        const text = (name: string): string => {
          const halfDone = `ALTER TABLE users ADD ${name} int;\nSELECT 1/0;\n`;
          const [up, down] = direction === 'up' ? [halfDone, 'SELECT 1;'] : ['SELECT 1;', halfDone];
          return `-- transaction: false\n-- up\n${up}\n-- down\n${down}`;
        };
        writeFileSync(file, text('b'));
        const how = { url: database.url, migrations: [file] };
        if (direction === 'down') await using(how, (migrator) => migrator.run());
        const begin = direction === 'up' ? ('run' as const) : ('revert' as const);
        await failureOf(using(how, async (migrator) => void (await migrator[begin]())));
        const messages: string[] = [];
        for (const name of ['b', 'bb']) {
          writeFileSync(file, text(name));
          const { result } = await using(how, (migrator) => migrator.status());
          messages.push(...result.problems.filter(({ code }) => code === 'HALF_DONE').map(({ message }) => message));
        }
        const command = direction === 'up' ? 'run' : 'revert';
        expect(messages).toEqual([
          expect.stringMatching(
            new RegExp(`after 1 statement: division by zero\\. The next ${command} continues there\\.$`),
          ),
          expect.stringContaining(`were edited since, so the next ${command} will refuse it`),
        ]);
      } finally {
        rmSync(dir, { recursive: true });
      }
    },
  );

  it('reports a number set by hand that exceeds the number of its statements', async () => {
    const stuck = migration('Stuck1700000000001', { transaction: false, up: ['CREATE TABLE t1 ()', 'SELECT 1/0'] });
    const how = { url: database.url, migrations: [stuck] };
    await failureOf(using(how, (migrator) => migrator.run()));
    await using(how, (migrator) => migrator.resolve('Stuck', { as: 'done-until', statement: 99 }));
    const error = await failureOf(using(how, (migrator) => migrator.run()));
    expect([error.code, error.message]).toEqual([
      'MIGRATION_HALF_DONE',
      'Migration Stuck1700000000001 has 2 statements, but it was recorded by hand (nest-migrate resolve) that 99 of them are done. Nothing was executed now.',
    ]);
    expect(error.next).toContain('nest-migrate resolve Stuck1700000000001 --done-until <n>');
  });

  it.each([true, false])('does not blame a statement for an error in the code after it: %s', async (transaction) => {
    const broken = migration('Broken1700000000001', {
      transaction,
      up: ['CREATE TABLE t1 ()', () => Promise.reject(new TypeError('x is not a function'))],
    });
    const error = await failureOf(using({ url: database.url, migrations: [broken] }, (migrator) => migrator.run()));
    expect(error.message).toContain('failed after its statement 1: x is not a function.\n');
    expect(error).toMatchObject({ sql: undefined });
  });

  it('executes batches of its own transactions once, and repeats reads when it continues', async () => {
    let fail = true;
    const batches = migration('Batches1700000000001', {
      transaction: false,
      up: [
        async (runner) => {
          const [{ max }] = (await runner.query('SELECT max(id) FROM users')) as [{ max: number }];
          for (let from = 0; from < max; from += 50) {
            await runner.startTransaction();
            await runner.query('UPDATE users SET email = email || $1 WHERE id > $2 AND id <= $3', [
              'x',
              from,
              from + 50,
            ]);
            await runner.commitTransaction();
            if (fail) throw new Error('stopped in the middle');
          }
        },
      ],
    });
    expect(
      (await failureOf(using({ url: database.url, migrations: [batches] }, (migrator) => migrator.run()))).message,
    ).toContain('stopped in the middle');
    fail = false;
    await using({ url: database.url, migrations: [batches] }, (migrator) => migrator.run());
    expect(await database.query(`SELECT email FROM users WHERE id IN (1, 100) ORDER BY id`)).toEqual([
      { email: '1x' },
      { email: '100x' },
    ]);
  });

  it.each([
    ['finished', { as: 'finished' as const }, 'applied', []],
    ['not-started', { as: 'not-started' as const }, 'not-started', ['Stuck1700000000001']],
    ['done-until', { as: 'done-until' as const, statement: 2 }, 'half-done', ['Stuck1700000000001']],
  ])('can be decided by hand: %s', async (_title, resolution, state, pending) => {
    const stuck = migration('Stuck1700000000001', {
      transaction: false,
      up: ['CREATE TABLE IF NOT EXISTS t1 ()', 'SELECT 1/0', 'CREATE TABLE IF NOT EXISTS t2 ()'],
    });
    await failureOf(using({ url: database.url, migrations: [stuck] }, (migrator) => migrator.run()));
    const { result } = await using({ url: database.url, migrations: [stuck] }, (migrator) =>
      migrator.resolve('Stuck', resolution),
    );
    expect(result).toEqual({ migration: 'Stuck1700000000001', state });
    const status = await using({ url: database.url, migrations: [stuck] }, (migrator) => migrator.status());
    expect(status.result.pending.map(({ name }) => name)).toEqual(pending);
    if (resolution.as === 'done-until') {
      await using({ url: database.url, migrations: [stuck] }, (migrator) => migrator.run());
      expect(await database.query(`SELECT count(*)::int AS n FROM pg_class WHERE relname IN ('t1', 't2')`)).toEqual([
        { n: 2 },
      ]);
    }
  });

  it('sets its session settings again after a failure', async () => {
    const seen: unknown[] = [];
    const fail = { now: true };
    const set = migration('Sets1700000000001', {
      transaction: false,
      up: [
        `SET lock_timeout = '7s'`,
        'CREATE TABLE made ()',
        async (queryRunner) => {
          seen.push(await queryRunner.query('SHOW lock_timeout'));
          if (fail.now) throw new Error('not today');
        },
      ],
    });
    const how = { url: database.url, migrations: [set] };
    await expect(using(how, (migrator) => migrator.run())).rejects.toThrow('not today');
    fail.now = false;
    await using(how, (migrator) => migrator.run());
    expect(seen).toEqual([[{ lock_timeout: '7s' }], [{ lock_timeout: '7s' }]]);
  });

  it('uses no timeouts of its role unless needed, and leaves none of its own in a pooled session', async () => {
    const seen: unknown[] = [];
    const shown = `SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement`;
    const index = migration('Index1700000000001', {
      transaction: false,
      up: [
        'CREATE INDEX CONCURRENTLY users_email ON users (email)',
        async (queryRunner) => seen.push(...((await queryRunner.query(shown)) as unknown[])),
      ],
    });
    const runOn = (url: string, options: Partial<Using> = {}) =>
      using({ url, migrations: [index], ...options }, (migrator) => migrator.run());
    const revertByHand = () =>
      database.query(`DROP INDEX IF EXISTS users_email; TRUNCATE migrations; DELETE FROM migrations_log`);
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    await runOn(database.url);
    expect(serverLog(database).filter((line) => /\b(?:SET|RESET) (?:lock|statement)_timeout/.test(line))).toEqual([]);
    await revertByHand();

    await database.query(`ALTER DATABASE ${database.name} SET lock_timeout = '7s'`);
    const pooler = await startProxy(database.url, { as: 'pooler' });
    const refused = await failureOf(runOn(pooler.url));
    expect([refused.code, refused.message, refused.next]).toEqual([
      'MIGRATION_FAILED',
      expect.stringContaining('lock_timeout = 7s'),
      expect.stringContaining('`directUrl`'),
    ]);
    await revertByHand();
    await runOn(pooler.url, { settings: { directUrl: database.url } });
    await revertByHand();

    const dataSource = await new DataSource({
      type: 'postgres',
      url: database.url,
      poolSize: 1,
      migrations: [index],
    }).initialize();
    await createMigrator({ dataSource }).run();
    expect(await dataSource.query(shown)).toEqual([{ lock: '7s', statement: '0' }]);
    await dataSource.destroy();
    await pooler.close();
    expect(seen).toEqual([0, 1, 2].map(() => ({ lock: '0', statement: '0' })));
  });

  it('that left no error: status does not claim to know what ended it', async () => {
    const broken = migration('Broken1700000000001', { transaction: false, up: ['SELECT 1', 'SELECT 1/0'] });
    const how = { url: database.url, migrations: [broken] };
    await failureOf(using(how, (migrator) => migrator.run()));
    // As a kill, a lost connection or a crash of the server leaves it.
    await database.query("UPDATE migrations_log SET state = 'started', error = NULL WHERE state = 'failed'");
    const { problems } = (await using(how, (migrator) => migrator.status())).result;
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /stopped in the middle \(up\) after 1 statement: no error is recorded, so its process, its connection or the server ended\. The next run continues there/,
      ),
    ]);
  });

  it('refuses a decision unless it is half done', async () => {
    const error = await failureOf(
      using({ url: database.url, migrations: [unique] }, (migrator) => migrator.resolve('Unique', { as: 'finished' })),
    );
    expect([error.code, error.exitCode]).toEqual(['MIGRATION_UNKNOWN', 2]);
  });
});

describe('timeouts that the role or the database sets', () => {
  const pausing = (...first: readonly string[]) =>
    migration('Pausing1700000000001', {
      up: [...first, 'UPDATE users SET email = NULL', () => sleep(700), 'UPDATE users SET id = -id'],
    });

  it('do not end a migration that pauses, and a lost client is noticed', async () => {
    const seen: unknown[] = [];
    const look = migration('Look1700000000002', {
      up: [async (queryRunner) => seen.push(await queryRunner.query('SHOW tcp_keepalives_idle'))],
    });
    await database.query(
      `ALTER DATABASE ${database.name} SET idle_in_transaction_session_timeout = '300ms'; ALTER DATABASE ${database.name} SET lock_timeout = '5s'`,
    );
    await using({ url: database.url, migrations: [pausing(), look] }, (migrator) => migrator.run());
    expect(await names()).toEqual(['Pausing1700000000001', 'Look1700000000002']);
    expect(seen).toEqual([[{ tcp_keepalives_idle: '30' }]]);
  });

  it('are named if they ended a migration', async () => {
    const error = await failureOf(
      using(
        { url: database.url, migrations: [pausing(`SET LOCAL idle_in_transaction_session_timeout = '100ms'`)] },
        (migrator) => migrator.run(),
      ),
    );
    expect(error.message).toContain('terminating connection due to idle-in-transaction timeout (25P03)');
    expect(error.next).toContain('idle_in_transaction_session_timeout');
    expect(await names()).toEqual([]);
  });
});

describe('what the server lacks', () => {
  const raised = (code: string, message: string): string =>
    `DO $$ BEGIN RAISE EXCEPTION '${message}' USING ERRCODE = '${code}'; END $$`;

  it.each([
    ['53400', raised('53400', 'temporary file size exceeds temp_file_limit (64kB)'), 'Raise the limit of the server'],
    [
      '53100',
      raised('53100', 'could not extend file "base/1/2": No space left on device'),
      'Free disk space on the server, for tables and indexes, its WAL and temporary files',
    ],
    [
      '53100',
      raised('53100', 'could not resize shared memory segment "/PostgreSQL.1" to 8 bytes: No space left on device'),
      'Give the server more shared memory (a container: --shm-size=256m), or let it use no parallel workers',
    ],
    ['53200', raised('53200', 'out of memory'), 'Give the server more memory: close sessions'],
    ['53200', raised('53200', 'out of shared memory'), 'Raise max_locks_per_transaction on the server'],
    [
      '58030',
      raised('58030', 'could not read block 1 in file "base/1/2": Input/output error'),
      'Look into the log of the server and at its disk',
    ],
  ])('is what the error advises to change, not the migration (%s)', async (code, sql, advice) => {
    for (const transaction of [true, false]) {
      const lacking = migration('Lacking1700000000001', { transaction, up: [sql] });
      const { message, next } = await failureOf(
        using({ url: database.url, migrations: [lacking] }, (migrator) => migrator.run()),
      );
      expect([message, next]).toEqual([expect.stringContaining(`(${code})`), expect.stringContaining(advice)]);
      expect(next).toMatch(/, then (?:run )?`nest-migrate run`/);
      expect(next).not.toContain('Correct');
    }
  });
});

describe('a signal', () => {
  it.each([true, false])(
    'cancels the running statement and releases the lock (transaction: %s)',
    async (transaction) => {
      const controller = new AbortController();
      const slow = migration('Slow1700000000001', {
        transaction,
        up: ['ALTER TABLE users ADD d int', 'SELECT pg_sleep(30)'],
      });
      const running = failureOf(
        using({ url: database.url, migrations: [slow], signal: controller.signal }, (migrator) => migrator.run()),
      );
      await sleep(600);
      controller.abort('SIGTERM');
      const error = await running;
      expect([error.code, error.exitCode]).toEqual(['CANCELLED', 143]);
      const columns = await database.query(
        `SELECT count(*)::int AS n FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'd'`,
      );
      expect(columns).toEqual([{ n: transaction ? 0 : 1 }]);
      const [left] = await database.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()`,
      );
      expect(left).toEqual({ n: 0 });
      expect(
        await database.query(
          `SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        ),
      ).toEqual([{ n: 0 }]);
    },
  );
});

describe('a connection with a problem', () => {
  const settings = { connect: { timeout: 700, retryEvery: 100 } };
  const failing = (url: string, options: object = {}) =>
    failureOf(using({ url, migrations: [addColumn], settings, options }, (migrator) => migrator.run()));

  it('waits for a missing server for the given time, then reports it without the password', async () => {
    const error = await failing('postgres://app:hunter2@127.0.0.1:1/shop');
    expect(error.code).toBe('CONNECTION_FAILED');
    expect(error.message).toMatch(/No connection to postgres:\/\/app:\*\*\*@127\.0\.0\.1:1\/shop \(tried \d+ times\)/);
    expect(`${error.message}${error.next}${error.stack}`).not.toContain('hunter2');
  });

  it('reports a wrong password at once', async () => {
    const role = await createRole();
    const error = await failing(database.urlFor(role.name, 'wrong-secret'));
    expect(error.code).toBe('AUTHENTICATION_FAILED');
    expect(error.message).not.toContain('wrong-secret');
    await role.drop();
  });

  it('tells a pooler that refuses a parameter of the connection from a server that is not there', () => {
    // As PgBouncer 1.18 answers.
    const answer = Object.assign(new Error('unsupported startup parameter: options'), { code: '08P01' });
    const { message, next } = connectionError(answer, { shown: 'postgres://app@127.0.0.1:6432/shop' });
    expect(message).toContain('unsupported startup parameter: options');
    expect(next).toMatch(/^There is a pooler at this address, which refuses options .*Connect to the server itself/);
    expect(next).not.toContain('Start the server');
  });

  it('reports a missing database at once', async () => {
    expect((await failing(`${serverUrl()}_nowhere`)).code).toBe('DATABASE_MISSING');
  });

  it('reports a role that may not create tables', async () => {
    const role = await createRole();
    const error = await failing(database.urlFor(role.name, role.password));
    expect(error.code).toBe('PERMISSION_DENIED');
    expect(error.next).toContain(`GRANT CREATE, USAGE ON SCHEMA "public" TO "${role.name}"`);
    // The first schema of the search path does not exist, and the server takes the next one.
    await database.query('CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO PUBLIC');
    const options = { extra: { options: '-c search_path=tenant_c,extensions' } };
    const chosen = await failing(database.urlFor(role.name, role.password), options);
    expect(chosen.message).toContain('in schema "extensions", the first one of the search path that exists.');
    expect(chosen.next).toContain('GRANT CREATE, USAGE ON SCHEMA "extensions"');
    const elsewhere = await failing(database.urlFor(role.name, role.password), { schema: 'app' });
    expect([elsewhere.code, elsewhere.next]).toEqual([
      'PERMISSION_DENIED',
      expect.stringContaining(`CREATE SCHEMA "app" AUTHORIZATION "${role.name}"`),
    ]);
    await role.drop();
  });

  it('reports a function or a type of an extension that is missing, or in a schema that is not searched', async () => {
    const uses = (sql: string, url = database.url) =>
      failureOf(using({ url, migrations: [migration('Uses1700000000003', { up: [sql] })] }, (m) => m.run()));
    const missing = async (url: string) =>
      (await uses('CREATE TABLE file (id uuid DEFAULT uuid_generate_v4())', url)).next;
    const about = (who: string): string =>
      `uuid_generate_v4() belongs to the extension uuid-ossp, which is not installed in this database. ${who} install it, once: CREATE EXTENSION IF NOT EXISTS "uuid-ossp"; Then run again.`;
    const role = await createRole();
    const asRole = database.urlFor(role.name, role.password);
    await database.query(`GRANT ALL ON SCHEMA public TO "${role.name}"`);
    expect(await missing(asRole)).toBe(about('Ask an administrator to'));
    await database.query(`GRANT CREATE ON DATABASE "${new URL(database.url).pathname.slice(1)}" TO "${role.name}"`);
    expect(await missing(asRole)).toBe(about('This role may'));
    await database.query(`DROP OWNED BY "${role.name}"`);
    await role.drop();
    expect(await missing(database.url)).toBe(about('This role may'));
    expect((await uses('CREATE TABLE tags (tag citext)')).next).toContain(
      'The type citext belongs to the extension citext',
    );
    await database.query('CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions');
    expect((await uses('CREATE TABLE tags (tag citext)')).next).toMatch(
      /which is in the schema "extensions", and the search_path is .*public\. Add that schema/,
    );
    expect((await uses('SELECT no_such_function()')).next).toContain('Correct the migration');
  });

  it('reports a search_path other than the one the migrations were written for', async () => {
    await database.query('CREATE SCHEMA app');
    const wrong = migration('Wrong1700000000003', { up: ['ALTER TABLE app.users ADD a int'] });
    const error = await failureOf(using({ url: database.url, migrations: [wrong] }, (migrator) => migrator.run()));
    expect(error.next).toMatch(/"public"\."users" exists.+options: '-c search_path=app,public'/);
    const made = [
      migration('Made1700000000001', { up: ['CREATE TABLE made (id int)'] }),
      migration('Wrong1700000000002', { up: ['ALTER TABLE app.made ADD a int'] }),
    ];
    const dry = await failureOf(using({ url: database.url, migrations: made }, (m) => m.run({ mode: 'dry' })));
    expect(dry.next).toMatch(/"public"\."made" exists.+options: '-c search_path=app,public'/);
  });

  it('reports a role that may not change the table', async () => {
    const role = await createRole();
    await database.query(`GRANT CREATE ON SCHEMA public TO ${role.name}`);
    const error = await failing(database.urlFor(role.name, role.password));
    expect(error.code).toBe('MIGRATION_FAILED');
    expect(error.message).toContain('must be owner of table users');
    expect(error.next).toContain('privilege');
    await database.query(`DROP OWNED BY ${role.name}`);
    await role.drop();
  });

  it('names all extensions that the role may not create at once, and executes nothing else', async () => {
    const role = await createRole();
    await database.query(`GRANT CREATE ON SCHEMA public TO ${role.name}`);
    const create = ['citext', 'cube', 'pg_trgm'].map((name) => `CREATE EXTENSION IF NOT EXISTS "${name}"`);
    const extensions = migration('Extensions1700000000001', { up: [...create, 'COMMIT', 'CREATE TABLE leak ()'] });
    await database.query('CREATE EXTENSION cube');
    const run = () =>
      using({ url: database.urlFor(role.name, role.password), migrations: [extensions] }, (migrator) => migrator.run());
    const error = await failureOf(run());
    expect([error.code, error.message, error.next]).toEqual([
      'MIGRATION_FAILED',
      expect.stringMatching(/at its statement 1: permission denied to create extension "citext" \(42501\)/),
      expect.stringContaining(
        'install the extensions citext, pg_trgm, once: CREATE EXTENSION IF NOT EXISTS "citext"; CREATE EXTENSION IF NOT EXISTS "pg_trgm"; Then run again',
      ),
    ]);
    expect(await database.query(`SELECT to_regclass('leak') AS leak`)).toEqual([{ leak: null }]);
    await database.query(`DROP OWNED BY ${role.name}`);
    await role.drop();
  });

  it('reports a pooler that does not allow transactions', async () => {
    const pooler = await startProxy(database.url, { as: 'statement pooler' });
    const error = await failing(pooler.url);
    expect([error.code, error.message, error.next]).toEqual([
      'CONNECTION_FAILED',
      expect.stringContaining('pool_mode = statement'),
      expect.stringContaining('`directUrl`'),
    ]);
    await pooler.close();
  });

  it.each([true, false])('reports a role that may not write to the log (transaction: %s)', async (transaction) => {
    await using({ url: database.url, migrations: [addColumn] }, (migrator) => migrator.run());
    const role = await createRole();
    await database.query(
      `GRANT SELECT, INSERT, DELETE ON migrations TO ${role.name}; GRANT USAGE ON SEQUENCE migrations_id_seq TO ${role.name}; GRANT SELECT ON migrations_log TO ${role.name}`,
    );
    const next = migration('Next1700000000002', { transaction, up: ['SELECT 1'] });
    const url = database.urlFor(role.name, role.password);
    const error = await failureOf(using({ url, migrations: [addColumn, next] }, (migrator) => migrator.run()));
    expect([error.code, error.message, error.next]).toEqual([
      'PERMISSION_DENIED',
      expect.stringMatching(
        transaction
          ? /not write to .*permission denied for table migrations_log \(42501\)[\s\S]*was rolled back/
          : /not write to .*permission denied for table migrations_log \(42501\)[\s\S]*None of its statements was executed/,
      ),
      expect.stringContaining(
        `GRANT SELECT, INSERT, UPDATE, DELETE ON "migrations", "migrations_log" TO "${role.name}"`,
      ),
    ]);
    await database.query(`DROP OWNED BY ${role.name}`);
    await role.drop();
  });

  it('does not report an error in the code of a migration as an error of the server', async () => {
    const code = () => Promise.reject(Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write' }));
    const broken = migration('Broken1700000000003', { up: ['SELECT 1', code] });
    const error = await failureOf(using({ url: database.url, migrations: [broken] }, (migrator) => migrator.run()));
    expect(error.message).toContain('write EPIPE.');
  });

  it('reports a read-only connection', async () => {
    await database.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    const error = await failing(database.url);
    expect(error.code).toBe('READ_ONLY');
    expect(error.next).toMatch(
      /^Use a role that may write; or turn the setting off .* `nest-migrate wait --migrated`\.$/,
    );
    const { result } = await using({ url: database.url, migrations: [addColumn] }, (migrator) => migrator.status());
    expect(result.pending).toHaveLength(1);
    const message = 'This connection is read-only (default_transaction_read_only): migrations cannot run on it.';
    expect(result.readOnly).toEqual({ standby: false, message, next: error.next });
  });
});

describe('wait', () => {
  it('waits until another process has migrated', async () => {
    const waiting = using({ url: database.url, migrations: [addColumn] }, (migrator) =>
      migrator.wait({ until: 'migrated', timeoutMs: 20_000 }),
    );
    await sleep(300);
    await using({ url: database.url, migrations: [addColumn] }, (migrator) => migrator.run());
    expect((await waiting).result.pending).toEqual([]);
  });

  it('gives up in time, and names the pending migrations', async () => {
    const error = await failureOf(
      using({ url: database.url, migrations: [addColumn] }, (migrator) =>
        migrator.wait({ until: 'migrated', timeoutMs: 300 }),
      ),
    );
    expect(error.code).toBe('WAIT_TIMEOUT');
    expect(error.message).toContain('AddColumn1700000000001');
    const unreachable = await failureOf(
      using({ url: 'postgres://a:b@127.0.0.1:1/x', migrations: [] }, (migrator) => migrator.wait({ timeoutMs: 300 })),
    );
    expect(unreachable.code).toBe('WAIT_TIMEOUT');
  });
});

describe('a run with nothing pending', () => {
  it('costs one query', async () => {
    await using({ url: database.url, migrations: [addColumn] }, (migrator) => migrator.run());
    await database.query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`);
    const before = serverLog(database).length;
    await using({ url: database.url, migrations: [addColumn] }, (migrator) => migrator.run());
    await sleep(50);
    const statements = serverLog(database)
      .slice(before)
      .filter((line) => /(?:statement|execute [^:]*): /.test(line) && !line.includes('ALTER DATABASE'));
    expect(statements).toHaveLength(1);
    expect(statements[0]).toContain('migrations');
  });
});
