import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Table } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { RevertOptions } from '../../src/commands/types.js';
import { runNode } from '../support/cli.js';
import { createDatabase, createRole } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';

const users = migration('CreateUsers1700000000001', {
  up: ['CREATE TABLE users (id int PRIMARY KEY)'],
  down: ['DROP TABLE users'],
});
const email = migration('AddEmail1700000000002', {
  up: ['ALTER TABLE users ADD email text'],
  down: ['ALTER TABLE users DROP COLUMN email'],
});
const index = migration('IndexEmail1700000000003', {
  transaction: false,
  up: ['CREATE INDEX CONCURRENTLY users_email ON users (email)'],
  down: ['DROP INDEX CONCURRENTLY users_email'],
});
const later = migration('Later1700000000009', { up: [] });
const all = [users, email, index];
const names = ['CreateUsers1700000000001', 'AddEmail1700000000002', 'IndexEmail1700000000003'];

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

const ledger = async (): Promise<unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);
const relations = async (like: string): Promise<unknown[]> =>
  (
    await database.query(
      `SELECT relname FROM pg_class WHERE relkind IN ('r', 'i') AND relname LIKE '${like}' ORDER BY 1`,
    )
  ).map(({ relname }) => relname);

describe('run', () => {
  it('applies pending migrations in order, and records them as TypeORM does', async () => {
    const { result } = await using({ url: database.url, migrations: [index, email, users] }, (migrator) =>
      migrator.run(),
    );
    expect(result.applied.map(({ name }) => name)).toEqual(names);
    expect(await ledger()).toEqual(names);
    const columns = await database.query(
      `SELECT column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_name = 'migrations' ORDER BY ordinal_position`,
    );
    expect(columns).toEqual([
      {
        column_name: 'id',
        data_type: 'integer',
        is_nullable: 'NO',
        column_default: `nextval('migrations_id_seq'::regclass)`,
      },
      { column_name: 'timestamp', data_type: 'bigint', is_nullable: 'NO', column_default: null },
      { column_name: 'name', data_type: 'character varying', is_nullable: 'NO', column_default: null },
    ]);
    const log = await database.query(
      'SELECT migration, direction, state, batch, transactional, statements_done FROM migrations_log ORDER BY id',
    );
    expect(log).toEqual([
      { migration: names[0], direction: 'up', state: 'applied', batch: 1, transactional: true, statements_done: 0 },
      { migration: names[1], direction: 'up', state: 'applied', batch: 1, transactional: true, statements_done: 0 },
      { migration: names[2], direction: 'up', state: 'applied', batch: 1, transactional: false, statements_done: 1 },
    ]);
  });

  it('waits for the disk with the last commit only, which includes the others', async () => {
    const note = (sql: string) => `${sql}; INSERT INTO waits SELECT current_setting('synchronous_commit')`;
    const steps = [1, 2, 3].map((n) =>
      migration(`Step170000000000${n}`, { up: [note(n === 1 ? 'CREATE TABLE waits (mode text)' : 'SELECT 1')] }),
    );
    await using({ url: database.url, migrations: steps }, (migrator) => migrator.run());
    expect((await database.query('SELECT * FROM waits')).map(({ mode }) => mode)).toEqual(['off', 'off', 'on']);
  });

  it('does nothing if nothing is pending', async () => {
    await using({ url: database.url, migrations: all }, (migrator) => migrator.run());
    const { result, events } = await using({ url: database.url, migrations: all }, (migrator) => migrator.run());
    expect(result).toEqual({ applied: [], deferred: [], waitedForLockMs: 0 });
    expect(events).toEqual([]);
  });

  it.each([
    ['--to a name', { to: 'AddEmail1700000000002' }, 2],
    ['--to a timestamp', { to: '1700000000002' }, 2],
    ['--to a part of a name', { to: 'addemail' }, 2],
    ['--count', { count: 1 }, 1],
  ])('stops at the target: %s', async (_title, options, expected) => {
    const { result } = await using({ url: database.url, migrations: all }, (migrator) => migrator.run(options));
    expect(result.applied.map(({ name }) => name)).toEqual(names.slice(0, expected));
  });

  it('refuses a target that does not exist or is ambiguous', async () => {
    const unknown = await failureOf(
      using({ url: database.url, migrations: all }, (migrator) => migrator.run({ to: 'Nonsense' })),
    );
    expect([unknown.code, unknown.exitCode]).toEqual(['MIGRATION_UNKNOWN', 2]);
    const ambiguous = await failureOf(
      using({ url: database.url, migrations: all }, (migrator) => migrator.run({ to: 'Email' })),
    );
    expect(ambiguous.message).toContain('could be any of 2 migrations');
  });

  it('leaves the database unchanged if a migration fails, and keeps what was finished before', async () => {
    const broken = migration('Broken1700000000004', {
      up: ['CREATE TABLE users_old (id int)', 'ALTER TABLE users ADD COLUMN\n  x integr'],
    });
    const error = await failureOf(
      using({ url: database.url, migrations: [users, email, broken] }, (migrator) => migrator.run()),
    );
    expect(error.code).toBe('MIGRATION_FAILED');
    expect(error.message).toContain(
      'Migration Broken1700000000004 failed at its statement 2: type "integr" does not exist (42704)',
    );
    expect(error.message).toContain('    x integr\n      ^');
    expect(error.message).toContain('The database is as it was before this migration');
    expect(error.finished).toEqual(names.slice(0, 2));
    expect(await ledger()).toEqual(names.slice(0, 2));
    expect(await relations('users_old')).toEqual([]);
    const [row] = await database.query(
      `SELECT state, error FROM migrations_log WHERE migration = 'Broken1700000000004'`,
    );
    expect(row).toEqual({ state: 'failed', error: 'type "integr" does not exist' });
    const lost = migration('Lost1700000000004', { up: [(runner) => runner.dropColumn('nowhere', 'x')] });
    const said = await failureOf(using({ url: database.url, migrations: [lost] }, (migrator) => migrator.run()));
    expect(said.message).toMatch(/: Table "nowhere" does not exist\.\n/);
  });

  it('runs all in one transaction on request, and refuses that for migrations that cannot', async () => {
    const broken = migration('Broken1700000000004', { up: ['SELECT 1/0'] });
    await failureOf(
      using({ url: database.url, migrations: [users, email, broken] }, (migrator) =>
        migrator.run({ transaction: 'all' }),
      ),
    );
    expect(await relations('users%')).toEqual([]);
    const refused = await failureOf(
      using({ url: database.url, migrations: all }, (migrator) => migrator.run({ transaction: 'all' })),
    );
    expect([refused.code, refused.exitCode]).toEqual(['USAGE', 2]);
    expect(refused.message).toContain('IndexEmail1700000000003');
    await using({ url: database.url, migrations: [users, email] }, (migrator) => migrator.run({ transaction: 'all' }));
    expect(await ledger()).toEqual(names.slice(0, 2));
  });

  it('records without executing: --fake', async () => {
    await using({ url: database.url, migrations: all }, (migrator) => migrator.run({ mode: 'fake' }));
    expect(await ledger()).toEqual(names);
    expect(await relations('users%')).toEqual([]);
    await using({ url: database.url, migrations: all }, (migrator) => migrator.revert({ which: 'all', mode: 'fake' }));
    expect(await ledger()).toEqual([]);
  });

  it('does not execute the down of what was only recorded, unless it is told to', async () => {
    await using({ url: database.url, migrations: [users] }, (migrator) => migrator.run());
    await using({ url: database.url, migrations: all }, (migrator) => migrator.run({ mode: 'fake' }));
    await database.query('ALTER TABLE users ADD email text');
    const back = (options: RevertOptions) =>
      using({ url: database.url, migrations: all }, (migrator) => migrator.revert(options));
    for (const options of [{}, { which: 'all' }, { to: names[0] }, { which: 'last-run', mode: 'dry' }] as const) {
      const error = await failureOf(back(options));
      expect([error.code, error.exitCode]).toEqual(['ONLY_RECORDED', 2]);
      expect(error.message).toMatch(/^IndexEmail1700000000003(?: was|, AddEmail1700000000002 were) not executed/);
    }
    await expect(
      using({ url: database.url, migrations: all }, (migrator) => migrator.redo({ count: 1 })),
    ).rejects.toMatchObject({ code: 'ONLY_RECORDED' });
    expect(await ledger()).toEqual(names);
    const [last] = (
      await using({ url: database.url, migrations: all }, (migrator) => migrator.status())
    ).result.applied.slice(-1);
    expect(last).toMatchObject({ name: names[2], durationMs: null });
    await back({ mode: 'fake' });
    // What was executed by hand before it was recorded.
    await back({ recordedToo: true });
    expect(await ledger()).toEqual(names.slice(0, 1));
    // Executed later, it is like any other.
    await using({ url: database.url, migrations: all }, (migrator) => migrator.run());
    await back({ count: 2 });
    expect(await relations('users%')).toEqual(['users', 'users_pkey']);
  });

  it('shows the SQL and changes nothing: --dry-run', async () => {
    const { result } = await using({ url: database.url, migrations: all }, (migrator) => migrator.run({ mode: 'dry' }));
    expect(result.statements).toEqual([
      { migration: names[0], sql: 'CREATE TABLE users (id int PRIMARY KEY)', executed: true },
      { migration: names[1], sql: 'ALTER TABLE users ADD email text', executed: true },
      {
        migration: names[2],
        sql: 'CREATE INDEX CONCURRENTLY users_email ON users (email)',
        executed: true,
        note: 'without CONCURRENTLY',
      },
    ]);
    expect(await relations('users%')).toEqual([]);
    expect(await relations('migrations%')).toEqual([]);
  });

  it.each([
    ['and leaves none', ['COMMIT']],
    ['and begins another', ['COMMIT', 'BEGIN', 'CREATE TABLE users_too (id int)']],
    ['and what it has set with it', ['ROLLBACK', 'BEGIN']],
  ])('does not record a migration that ends its transaction behind our back %s', async (_which, ending) => {
    const behind = ending.map((sql) => async (runner: QueryRunner) => {
      await ((await runner.connect()) as { query(sql: string): Promise<unknown> }).query(sql);
    });
    const ends = migration('Ends1700000000001', { up: ['CREATE TABLE users (id int)', ...behind] });
    const error = await failureOf(using({ url: database.url, migrations: [ends] }, (migrator) => migrator.run()));
    expect(error.message).toContain('ended its own transaction');
    expect(await ledger()).toEqual([]);
    expect(await relations('users_too')).toEqual([]);
    const log = await database.query('SELECT migration, state FROM migrations_log');
    expect(log).toEqual([{ migration: 'Ends1700000000001', state: 'failed' }]);
  });

  it('records a migration that resets all settings of its session', async () => {
    const resets = migration('Resets1700000000001', { up: ['CREATE TABLE users (id int)', 'RESET ALL'] });
    await using({ url: database.url, migrations: [resets] }, (migrator) => migrator.run());
    expect(await ledger()).toEqual(['Resets1700000000001']);
  });

  it('claims nothing of a transaction that a migration has rolled back behind our back', async () => {
    const behind = async (runner: QueryRunner): Promise<void> => {
      await ((await runner.connect()) as { query(sql: string): Promise<unknown> }).query('ROLLBACK');
    };
    const ends = migration('Ends1700000000001', { up: ['CREATE TABLE users (id int)', behind, 'SELECT 1'] });
    const error = await failureOf(using({ url: database.url, migrations: [ends] }, (migrator) => migrator.run()));
    expect(error.message).toContain(
      'The database is as it was before this migration: the transaction was rolled back.',
    );
    expect(await relations('users')).toEqual([]);
  });

  it.each(['warn', 'run', 'refuse'] as const)(
    'treats a migration older than an applied one by outOfOrder %s',
    async (outOfOrder) => {
      await using({ url: database.url, migrations: [users, later] }, (migrator) => migrator.run());
      const running = using({ url: database.url, migrations: [users, email], settings: { outOfOrder } }, (migrator) =>
        migrator.run(),
      );
      if (outOfOrder === 'refuse') {
        expect((await failureOf(running)).code).toBe('OUT_OF_ORDER');
      } else {
        const { result, events } = await running;
        expect(result.applied.map(({ name }) => name)).toEqual(['AddEmail1700000000002']);
        expect(events.some((event) => event.type === 'warning' && event.code === 'OUT_OF_ORDER')).toBe(
          outOfOrder === 'warn',
        );
      }
    },
  );

  it("gives a migration TypeORM's whole query runner: schema calls, its own transactions, the entity manager", async () => {
    const rich = migration('Rich1700000000001', {
      up: [
        (runner) =>
          runner.createTable(new Table({ name: 'users', columns: [{ name: 'id', type: 'int', isPrimary: true }] })),
        async (runner) => {
          await runner.startTransaction();
          await runner.manager.query('INSERT INTO users VALUES (1)');
          await runner.rollbackTransaction();
          await runner.manager.query('INSERT INTO users VALUES (2)');
        },
      ],
      down: [(runner) => runner.dropTable('users')],
    });
    await using({ url: database.url, migrations: [rich] }, (migrator) => migrator.run());
    expect(await database.query('SELECT id FROM users')).toEqual([{ id: 2 }]);
    await using({ url: database.url, migrations: [rich] }, (migrator) => migrator.revert());
    expect(await relations('users%')).toEqual([]);
  });

  it.each([
    ['in its transaction', true, []],
    ['in its steps', false, []],
    ['in a transaction of its own', false, ['BEGIN']],
  ])('fails rather than skip rows that a policy hides from its role: %s', async (_how, transaction, first) => {
    const role = await createRole();
    try {
      await database.query(`GRANT CREATE ON SCHEMA public TO ${role.name}`);
      await database.query(`SET ROLE ${role.name}`);
      await database.query(`CREATE TABLE accounts AS SELECT n AS id, n % 2 AS tenant, NULL::int AS score FROM generate_series(1, 10) n;
        ALTER TABLE accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY of_tenant ON accounts USING (tenant = 1); RESET ROLE`);
      const fill = migration('Fill1700000000001', {
        transaction,
        up: [...first, 'UPDATE accounts SET score = 1', ...first.map(() => 'COMMIT')],
      });
      const error = await failureOf(
        using({ url: database.urlFor(role.name, role.password), migrations: [fill] }, (migrator) => migrator.run()),
      );
      expect(error.message).toContain(
        'query would be affected by row-level security policy for table "accounts" (42501)',
      );
      expect(error.next).toContain('BYPASSRLS');
      expect(await database.query('SELECT count(*)::int AS filled FROM accounts WHERE score = 1')).toEqual([
        { filled: 0 },
      ]);
      expect(await ledger()).toEqual([]);
    } finally {
      await database.query(`DROP OWNED BY ${role.name} CASCADE`);
      await role.drop();
    }
  });

  it.each([
    'BEGIN',
    '/* together, /* or */ not at all */ BEGIN',
    '-- together\nstart transaction',
    ' begin isolation level repeatable read;',
  ])("counts nothing of the migration's own transaction that was rolled back: %j", async (open) => {
    const fill = (last: string) =>
      migration('Fill1700000000001', {
        transaction: false,
        up: [
          'CREATE TABLE users (id int)',
          open,
          'INSERT INTO users VALUES (1)',
          'INSERT INTO users VALUES (2)',
          last,
          'COMMIT',
        ],
      });
    const run = (last: string) => using({ url: database.url, migrations: [fill(last)] }, (migrator) => migrator.run());
    const error = await failureOf(run('SELECT 1 / 0'));
    expect(error.message).toContain('Its first statement is done and stays.');
    expect(error.next).toContain('it continues at statement 2.');
    expect(await database.query('SELECT id FROM users')).toEqual([]);
    await run('SELECT 1 / 1');
    expect(await database.query('SELECT id FROM users')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('waits for queries that a migration does not await, and names the first one', async () => {
    const forgets = (name: string, transaction: boolean, last: string) =>
      migration(name, {
        transaction,
        up: [
          (runner) => {
            [1, 2].forEach((id) => {
              void runner
                .query('SELECT pg_sleep(0.05)')
                .then(() => runner.query(`INSERT INTO users VALUES (${transaction ? id : -id})`))
                .then(() => runner.query(last));
            });
            return Promise.resolve();
          },
        ],
      });
    const [inOne, alone] = ['Forgets1700000000004', 'ForgetsAlone1700000000005'];
    const migrations = [users, forgets(inOne, true, 'SELECT 1'), forgets(alone, false, 'SELECT 2')];
    const { events } = await using({ url: database.url, migrations }, (migrator) => migrator.run());
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      expect.objectContaining({
        code: 'QUERY_NOT_AWAITED',
        message: expect.stringMatching(
          /^Forgets17\d+ did not await 6 queries of its up; the first was: SELECT pg_sleep/,
        ),
      }),
      expect.objectContaining({ code: 'QUERY_NOT_AWAITED', message: expect.stringContaining(`${alone} did not`) }),
    ]);
    const inserted = await database.query(
      `SELECT id, xmin = (SELECT xmin FROM migrations WHERE name = '${inOne}') AS with_row FROM users ORDER BY id`,
    );
    expect(inserted.map(({ id, with_row }) => [id, with_row])).toEqual([
      [-2, false],
      [-1, false],
      [1, true],
      [2, true],
    ]);
  });

  it('rolls back a migration if a query fails that it does not await, and sends no further query', async () => {
    const steps = {
      forgets: (runner: QueryRunner) => {
        for (const id of [1, 'NULL', 2]) void runner.query(`INSERT INTO users VALUES (${id})`);
        return Promise.resolve();
      },
      'goes on': (runner: QueryRunner) => {
        void runner.query('INSERT INTO users VALUES (NULL)');
        return runner.query('INSERT INTO users VALUES (3)');
      },
    };
    for (const [how, step] of Object.entries(steps)) {
      const migrations = [users, migration('Forgets1700000000004', { up: [step] })];
      const error = await failureOf(using({ url: database.url, migrations }, (migrator) => migrator.run()));
      expect([how, error.code, error.message]).toEqual([
        how,
        'MIGRATION_FAILED',
        expect.stringMatching(
          /at its statement [12]: null value in column "id".*\(23502\)\.[^]*INSERT INTO users VALUES \(NULL\)\n.*rolled back/,
        ),
      ]);
      expect(await database.query('SELECT id FROM users')).toEqual([]);
    }
  });

  it('accepts names of any kind', async () => {
    const odd = [
      `It's "quoted"1700000000001`,
      'ÜberTåble1700000000002',
      'SELECT1700000000003',
      'with space1700000000004',
      'back\\slash1700000000005',
    ];
    const migrations = odd.map((name) =>
      migration(name, {
        up: [`CREATE TABLE users${name.slice(-2)} (id int)`],
        down: [`DROP TABLE users${name.slice(-2)}`],
      }),
    );
    // The last ones leave no room for what the log's name adds, and are longer than the server keeps.
    for (const table of [`my "migrations"`, 'm'.repeat(63), `${'n'.repeat(62)}ü`]) {
      const how = { url: database.url, migrations, options: { migrationsTableName: table } };
      await using(how, (migrator) => migrator.run());
      const rows = await database.query(`SELECT name FROM "${table.replaceAll('"', '""')}" ORDER BY id`);
      expect(rows.map(({ name }) => name)).toEqual(odd);
      const { result } = await using(how, (migrator) => migrator.status());
      expect([result.pending, result.applied.some(({ appliedAt }) => appliedAt === null)]).toEqual([[], false]);
      await using(how, (migrator) => migrator.revert({ which: 'all' }));
    }
  });

  it('keeps the ledger in another schema if configured', async () => {
    await database.query('CREATE SCHEMA "Meta"');
    await using({ url: database.url, migrations: [later], options: { schema: 'Meta' } }, (migrator) => migrator.run());
    expect(await database.query('SELECT name FROM "Meta".migrations')).toEqual([{ name: 'Later1700000000009' }]);
    const absent = { url: database.url, migrations: [later], options: { schema: 'Made "here' } };
    await using(absent, (migrator) => migrator.run({ mode: 'dry' }));
    expect(await database.query("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'Made%'")).toEqual([]);
    const { events } = await using(absent, (migrator) => migrator.run());
    expect(events).toContainEqual(expect.objectContaining({ type: 'warning', code: 'SCHEMA_CREATED' }));
    expect(await database.query('SELECT name FROM "Made ""here".migrations')).toEqual([{ name: 'Later1700000000009' }]);
  });

  it.each([
    [`tenant_x,public`, `"tenant_x"`],
    [`"Tenant, ""x", public`, `"Tenant, ""x"`],
    [`"$user",public`, undefined],
    [`public,tenant_x`, undefined],
  ])('warns if the search path names a schema first that does not exist: %s', async (path, skipped) => {
    await database.query(`ALTER DATABASE ${database.name} SET search_path = ${path}`);
    const { events } = await using({ url: database.url, migrations: [later] }, (migrator) => migrator.run());
    const warnings = events.flatMap((event) => (event.type === 'warning' ? [event] : []));
    const message: unknown = expect.stringContaining(`the schema ${skipped}, which does not exist: tables without a`);
    expect(warnings).toEqual(skipped === undefined ? [] : [{ type: 'warning', code: 'SCHEMA_MISSING', message }]);
  });
});

describe('revert and redo', () => {
  beforeEach(async () => {
    await using({ url: database.url, migrations: [users] }, (migrator) => migrator.run());
    await using({ url: database.url, migrations: all }, (migrator) => migrator.run());
  });

  it.each([
    ['the last one', {}, 2],
    ['--count', { count: 2 }, 1],
    ['--to', { to: 'CreateUsers' }, 1],
    ['--all', { which: 'all' as const }, 0],
    ['--last-run', { which: 'last-run' as const }, 1],
  ])('goes back: %s', async (_title, options, remaining) => {
    const { result } = await using({ url: database.url, migrations: all }, (migrator) => migrator.revert(options));
    expect(result.reverted.map(({ name }) => name)).toEqual(names.slice(remaining).reverse());
    expect(await ledger()).toEqual(names.slice(0, remaining));
  });

  it('honours transaction = false when reverting, too', async () => {
    expect(await relations('users_email')).toEqual(['users_email']);
    await using({ url: database.url, migrations: all }, (migrator) => migrator.revert());
    expect(await relations('users_email')).toEqual([]);
  });

  it('names a missing file', async () => {
    const error = await failureOf(
      using({ url: database.url, migrations: [users, email] }, (migrator) => migrator.revert()),
    );
    expect([error.code, error.message]).toEqual([
      'MIGRATION_FILE_MISSING',
      expect.stringContaining('IndexEmail1700000000003'),
    ]);
    expect(await ledger()).toEqual(names);
  });

  it('reverts and runs again in one go', async () => {
    const { result } = await using({ url: database.url, migrations: all }, (migrator) => migrator.redo({ count: 2 }));
    expect(result.reverted.map(({ name }) => name)).toEqual([names[2], names[1]]);
    expect(result.applied.map(({ name }) => name)).toEqual([names[1], names[2]]);
    expect(await ledger()).toEqual(names);
  });
});

describe('status', () => {
  it('reads only, and reports problems', async () => {
    const empty = await using({ url: database.url, migrations: all }, (migrator) => migrator.status());
    expect(empty.result.pending.map(({ name }) => name)).toEqual(names);
    expect(await relations('migrations%')).toEqual([]);
    await using({ url: database.url, migrations: [users, later] }, (migrator) => migrator.run());
    const { result } = await using({ url: database.url, migrations: [users, email] }, (migrator) => migrator.status());
    expect(result.applied.map(({ name }) => name)).toEqual(['CreateUsers1700000000001', 'Later1700000000009']);
    expect(result.applied[0]?.appliedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(result.newer.map(({ name }) => name)).toEqual(['Later1700000000009']);
    expect(result.problems.map(({ code, migration: name }) => [code, name])).toEqual([
      ['OUT_OF_ORDER', 'AddEmail1700000000002'],
    ]);
    const last = await using({ url: database.url, migrations: [later] }, (migrator) => migrator.status());
    expect(last.result.problems.map(({ code, migration: name }) => [code, name])).toEqual([
      ['FILE_MISSING', 'CreateUsers1700000000001'],
    ]);
  });
});

it('reports that the server has no SSL if the data source requires it', async () => {
  const how = { url: database.url, migrations: [], options: { ssl: true } };
  const error = await failureOf(using(how, (migrator) => migrator.status()));
  expect([error.code, error.next]).toEqual(['CONNECTION_FAILED', expect.stringContaining('remove `ssl`')]);
});

it('runs .sql files with the names of other tools in order, and reverts them by the file beside them', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-names-'));
  const files = {
    'V1__create_users.sql': 'CREATE TABLE users (id int PRIMARY KEY);',
    'U1__create_users.sql': 'DROP TABLE users;',
    'V1.1__add_email.sql': 'ALTER TABLE users ADD email text;',
    'U1.1__add_email.sql': 'ALTER TABLE users DROP email;',
    '20230915120000_index_email.up.sql':
      '-- transaction: false\nCREATE INDEX CONCURRENTLY users_email ON users (email);',
    '20230915120000_index_email.down.sql': 'DROP INDEX CONCURRENTLY users_email;',
    '20230916120000_add_age.sql':
      '-- migrate:up\nALTER TABLE users ADD age int;\n-- migrate:down\nALTER TABLE users DROP age;',
  };
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    const how = { url: database.url, migrations: [join(dir, '*.sql')] };
    const { result } = await using(how, (migrator) => migrator.run());
    const expected = [
      'CreateUsers0001000000000',
      'AddEmail0001001000000',
      'IndexEmail1694779200000',
      'AddAge1694865600000',
    ];
    expect(result.applied.map(({ name }) => name)).toEqual(expected);
    expect(await ledger()).toEqual(expected);
    expect(await relations('users%')).toEqual(['users', 'users_email', 'users_pkey']);
    writeFileSync(join(dir, 'U1__create_users.sql'), 'DROP TABLE users CASCADE;');
    const { result: status } = await using(how, (migrator) => migrator.status());
    expect(status.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('CreateUsers0001000000000'),
    ]);
    writeFileSync(join(dir, 'U1__create_users.sql'), files['U1__create_users.sql']);
    await using(how, (migrator) => migrator.revert({ which: 'all' }));
    expect([await ledger(), await relations('users%')]).toEqual([[], []]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it('names the entity file if a process that cannot load TypeScript finds sources', async () => {
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'src/user.entity.ts': '@Entity() export class User { @PrimaryColumn() id: number; }',
    'main.js': `const { DataSource } = require('typeorm');
const { createMigrator } = require('nest-migrate');
class Nothing1700000000001 { async up() {} async down() {} }
const dataSource = new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, entities: ['src/*.entity.ts'], migrations: [Nothing1700000000001] });
createMigrator({ dataSource }).run().catch((error) => console.log(error.code, error.message, error.next));
`,
  });
  const { stdout } = await runNode(['main.js'], { cwd: project.dir, env: { DATABASE_URL: database.url } });
  project.remove();
  expect(stdout).toMatch(
    /^FILE_LOAD_FAILED .*src\/user\.entity\.ts is TypeScript, and this process cannot load TypeScript/,
  );
  expect(stdout).toContain('Make the patterns of the data source match the compiled .js files');
});

it('names the entity file that imports a missing package, instead of reporting a lost connection', async () => {
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'src/post.entity.js': "exports.Post = require('./user.entity.js').User;",
    'src/user.entity.js': "require('not-installed');",
    'main.js': `const { DataSource } = require('typeorm');
const { createMigrator } = require('nest-migrate');
class Nothing1700000000001 { async up() {} async down() {} }
const dataSource = new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, entities: ['src/user.entity.js', 'src/post.entity.js'], migrations: [Nothing1700000000001] });
createMigrator({ dataSource }).run().catch((error) => console.log(error.code, error.message, error.next));
`,
  });
  const { stdout } = await runNode(['main.js'], { cwd: project.dir, env: { DATABASE_URL: database.url } });
  project.remove();
  expect(stdout).toMatch(
    /^FILE_LOAD_FAILED .*src\/post\.entity\.js could not be loaded: Cannot find module 'not-installed'/,
  );
});
