import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema, Table } from 'typeorm';
import type { DryRunStatement } from '../../src/commands/types.js';
import { letPoisonPass, poison } from '../../src/database/poison.js';
import type { MigrationClass } from '../../src/files/migration.js';
import { createMigrator } from '../../src/migrator.js';
import { createDatabase, createRole } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Step } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
  await database.query(
    `CREATE TABLE users (id int PRIMARY KEY, email text);
     INSERT INTO users SELECT g, g::text FROM generate_series(1, 100) g;
     CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE leak (); COMMIT; END $$`,
  );
});
afterEach(() => database.drop());

/** Everything that a dry run could have left behind. */
const found = async (): Promise<unknown> => {
  const [row] = await database.query(
    `SELECT (SELECT json_agg(relname ORDER BY oid) FROM pg_class WHERE oid >= 16384) AS relations,
       (SELECT json_agg(u ORDER BY id) FROM users u) AS users, (SELECT count(*)::int FROM pg_prepared_xacts WHERE database = current_database()) AS prepared`,
  );
  return row;
};

/** Rehearses these migrations, also one that fails, and makes sure that the database is as it was. */
async function rehearse(
  migrations: readonly (MigrationClass | string)[],
): Promise<{ readonly statements: readonly DryRunStatement[]; readonly error: string }> {
  const before = await found();
  try {
    return await using({ url: database.url, migrations }, (migrator) => migrator.run({ mode: 'dry' })).then(
      ({ result }) => ({ statements: result.statements ?? [], error: '' }),
      (error: Error & { readonly statements?: readonly DryRunStatement[] }) => ({
        statements: error.statements ?? [],
        error: error.message,
      }),
    );
  } finally {
    expect(await found()).toEqual(before);
  }
}

const marksOf = (statements: readonly DryRunStatement[]): string =>
  statements.map(({ executed }) => (executed ? 'x' : '-')).join('');

const leak = 'CREATE TABLE leak ()';
type RawClient = { query(...given: readonly unknown[]): Promise<unknown> };

describe('a dry run is never committed', () => {
  /** What is sent, and what of it is executed: x, and what only recorded: a minus; in a transaction, and without one where that differs. */
  const texts: readonly (readonly [readonly string[], string, string?])[] = [
    [[leak, 'COMMIT'], 'x-'],
    [[leak, '/* done */ COMMIT'], 'x-'],
    [[leak, '-- done\nCOMMIT'], 'x-'],
    [[leak, '/* a /* nested */ comment */\n-- and another one\n\tcommit work and chain'], 'x-'],
    [[leak, 'END'], 'x-'],
    [[`${leak}; COMMIT`], 'x-'],
    [[`ROLLBACK; BEGIN; ${leak}; COMMIT`], '--x-'],
    [['ROLLBACK', leak], '-x'],
    [['/* */ ABORT', leak, 'COMMIT'], '-x-'],
    [[leak, `PREPARE TRANSACTION 'leak'`], 'x-'],
    [[leak, 'SET CONSTRAINTS ALL IMMEDIATE', 'COMMIT'], 'xx-'],
    [[leak, 'DO $$ BEGIN SET CONSTRAINTS ALL IMMEDIATE; END $$', 'COMMIT'], 'xx-'],
    [[`DO $$ BEGIN ${leak}; COMMIT; END $$`], '-', 'x'],
    [[`DO $$ BEGIN ${leak}; ROLLBACK; END $$`], '-'],
    [['CALL commits()'], '-'],
    [[leak, 'DISCARD TEMP', 'COMMIT'], 'x--'],
    [[leak, 'DISCARD ALL', 'COMMIT'], 'x--'],
    [[`SELECT (')'); COMMIT; ${leak}`], 'x-x'],
  ];
  describe.each([true, false])('transaction = %s', (transaction) => {
    it.each(texts.map((one) => [one[0].join(' | '), ...one] as const))(
      '%s',
      async (_title, up, inside, without = inside) => {
        const { statements } = await rehearse([migration('Leaks1700000000001', { transaction, up })]);
        expect(marksOf(statements)).toBe(transaction ? inside : without);
      },
    );

    const steps: readonly (readonly [string, readonly Step[]])[] = [
      ['commitTransaction()', [leak, (runner) => runner.commitTransaction()]],
      [
        'commitTransaction() and startTransaction()',
        [leak, (runner) => runner.commitTransaction(), (runner) => runner.startTransaction(), leak],
      ],
      ['rollbackTransaction()', [(runner) => runner.rollbackTransaction(), leak]],
      [
        'a transaction of the entity manager',
        [(runner) => runner.manager.transaction((manager) => manager.query(leak))],
      ],
      ['the client of pg', [leak, async (runner) => ((await runner.connect()) as RawClient).query('COMMIT')]],
      [
        'the client of pg, with several statements',
        [async (runner) => ((await runner.connect()) as RawClient).query(`ROLLBACK; BEGIN; ${leak}; COMMIT`)],
      ],
      [
        'the client of pg, with an object',
        [leak, async (runner) => ((await runner.connect()) as RawClient).query({ text: '/**/ COMMIT' })],
      ],
      [
        'the client of pg, when the failure is ignored',
        [async (runner) => ((await runner.connect()) as RawClient).query('ROLLBACK').catch(() => undefined), leak],
      ],
      ['another connection of the data source', [(runner) => runner.connection.query(leak)]],
      ['the entity manager of the data source', [(runner) => runner.connection.manager.query(leak)]],
      [
        'a transaction of the data source',
        [(runner) => runner.connection.transaction((manager) => manager.query(leak))],
      ],
    ];
    it.each(steps)('%s', async (_title, up) => {
      await rehearse([migration('Leaks1700000000001', { transaction, up })]);
    });
  });

  describe('from an SQL file', () => {
    let project: TestProject;
    beforeEach(() => {
      project = createProject({});
    });
    afterEach(() => project.remove());

    it.each([
      ['in a transaction', `-- up\n${leak};\n/* /* */ */ COMMIT;\n`],
      ['without one', `-- transaction: false\n-- up\n${leak};\n/* done */ COMMIT;\n-- done\nCOMMIT;\n`],
      [
        'without one, in a transaction of its own',
        `-- transaction: false\n-- up\nBEGIN;\n${leak};\n/* done */ COMMIT;\n`,
      ],
    ])('%s', async (_title, text) => {
      await rehearse([project.write('1700000000001-Leaks.sql', text)]);
    });
  });
});

it('poisons the transaction, so that a COMMIT fails whatever sends it', async () => {
  const attempts = [
    'COMMIT',
    'DELETE FROM nest_migrate_dry_run; COMMIT',
    'SET CONSTRAINTS ALL DEFERRED; COMMIT',
    'TRUNCATE nest_migrate_dry_run',
    'DROP TABLE nest_migrate_dry_run',
    'DROP FUNCTION pg_temp.nest_migrate_dry_run()',
    'ALTER TABLE nest_migrate_dry_run DISABLE TRIGGER ALL',
    'DISCARD TEMP',
    `PREPARE TRANSACTION 'leak'`,
  ];
  const client = await database.client();
  for (const attempt of attempts) {
    await client.query(`BEGIN; SET LOCAL session_replication_role = replica; ${leak}`);
    await poison(client);
    await letPoisonPass(client, () => client.query('SET CONSTRAINTS ALL IMMEDIATE'));
    await expect(client.query(attempt)).rejects.toThrow(
      /never committed|pending trigger events|cannot PREPARE|depend on it/,
    );
    await client.query('ROLLBACK');
    expect(await database.query(`SELECT to_regclass('leak') AS leak`)).toEqual([{ leak: null }]);
  }
});

it('is refused to a role that may not create temporary tables, with the GRANT to type', async () => {
  const role = await createRole();
  const url = database.urlFor(role.name, role.password);
  const made = migration('Makes1700000000001', { up: ['CREATE TABLE made ()'] });
  const dry = () => using({ url, migrations: [made] }, (migrator) => migrator.run({ mode: 'dry' }));
  try {
    await database.query(
      `GRANT CREATE ON SCHEMA public TO ${role.name}; REVOKE TEMPORARY ON DATABASE ${database.name} FROM PUBLIC`,
    );
    const error = await failureOf(dry());
    expect([error.code, error.message]).toEqual([
      'PERMISSION_DENIED',
      expect.stringMatching(/may not create temporary tables in the database t_\w+\. No migration was executed\.$/),
    ]);
    // The words after the colon are the statement.
    await database.query(/: (GRANT .*;)$/.exec(error.next ?? '')?.[1] ?? '');
    expect(marksOf((await dry()).result.statements ?? [])).toBe('x');
  } finally {
    await database.query(`DROP OWNED BY ${role.name}`);
    await role.drop();
  }
});

describe('a dry run behaves like a real run', () => {
  const plain = (up: readonly Step[], name = 'Plain1700000000001') => migration(name, { transaction: false, up });

  /** One migration after the other; what each leads to is asked of the database inside of the dry run. */
  it('builds indexes without CONCURRENTLY, so that constraints can use them', async () => {
    const { statements, error } = await rehearse([
      plain([
        'CREATE UNIQUE INDEX CONCURRENTLY users_email ON users (email)',
        'ALTER TABLE users ADD CONSTRAINT users_email UNIQUE USING INDEX users_email',
        'CREATE /* so */ INDEX concurrently ON users (id, email)',
        'CREATE TABLE logs (id int) PARTITION BY RANGE (id)',
        'CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (1) TO (10)',
        'ALTER TABLE logs DETACH PARTITION logs_1 CONCURRENTLY',
        'REINDEX INDEX CONCURRENTLY users_id_email_idx',
        'REINDEX (CONCURRENTLY, VERBOSE) TABLE users',
        'REINDEX (VERBOSE, CONCURRENTLY on) TABLE users',
        'DROP INDEX CONCURRENTLY IF EXISTS users_id_email_idx',
        'CREATE MATERIALIZED VIEW counted AS SELECT 1 AS n',
        'CREATE UNIQUE INDEX ON counted (n)',
        'REFRESH MATERIALIZED VIEW CONCURRENTLY counted',
        'VACUUM users',
      ]),
    ]);
    expect([error, marksOf(statements)]).toEqual(['', 'xxxxxxxxxxxxx-']);
    expect(statements.map(({ note }) => note).filter((note) => note?.includes('CONCURRENTLY'))).toHaveLength(7);
    expect(statements.at(-1)?.note).toContain('VACUUM cannot run inside a transaction block');
  });

  it('executes blocks without their COMMITs, and resets the settings of their transactions', async () => {
    const seen: unknown[] = [];
    const { statements, error } = await rehearse([
      plain([
        `DO $backfill$ BEGIN
           FOR n IN 1..3 LOOP
             PERFORM set_config('lock_timeout', '7ms', true);
             UPDATE users SET email = 'filled' WHERE id = n;
             IF n > 0 THEN COMMIT AND CHAIN; ELSE COMMIT; END IF; COMMIT;
           END LOOP;
         END $backfill$`,
        async (runner) => seen.push(await runner.query(`SELECT count(*)::int AS n FROM users WHERE email = 'filled'`)),
        async (runner) => seen.push(await runner.query('SHOW lock_timeout')),
      ]),
    ]);
    expect([error, marksOf(statements), statements[0]?.note]).toEqual(['', 'xxx', 'without its COMMITs']);
    expect(seen).toEqual([[{ n: 3 }], [{ lock_timeout: '2s' }]]);
  });

  it("undoes what the migration's own transactions roll back, and continues after a failed single statement", async () => {
    const count = `SELECT count(*)::int AS n FROM users`;
    const seen: unknown[] = [];
    const { error } = await rehearse([
      plain([
        async (runner) => {
          await runner.startTransaction();
          await runner.query('DELETE FROM users WHERE id <= 10');
          await runner.rollbackTransaction();
          seen.push(await runner.query(count));
          await runner.manager.transaction((manager) => manager.query('DELETE FROM users WHERE id <= 20'));
          await runner.query('SELECT 1/0').catch(() => undefined);
          seen.push(await runner.query(count));
        },
      ]),
    ]);
    expect([error, seen]).toEqual(['', [[{ n: 100 }], [{ n: 80 }]]]);
  });

  it('does not let a migration in a transaction continue after a failed statement', async () => {
    const ignores = migration('Ignores1700000000001', {
      up: [(runner) => runner.query('SELECT 1/0').catch(() => undefined), 'SELECT 1'],
    });
    // The reason, rather than that the server refuses what follows it.
    expect((await rehearse([ignores])).error).toMatch(/at its statement 1: division by zero/);
  });

  it('checks deferred constraints where a real run commits, and leaves no events queued for the next migration', async () => {
    const child = `CREATE TABLE child (id int REFERENCES users DEFERRABLE INITIALLY DEFERRED)`;
    const insert = (id: number) => `INSERT INTO child VALUES (${id})`;
    const good = await rehearse([
      migration('Good1700000000001', { up: [child, insert(1000), 'INSERT INTO users VALUES (1000)'] }),
      migration('Next1700000000002', { up: ['ALTER TABLE child ADD n int', insert(1)] }),
      plain([insert(2), 'ALTER TABLE child ADD m int'], 'Plain1700000000003'),
    ]);
    expect([good.error, marksOf(good.statements)]).toEqual(['', 'xxxxxxx']);
    for (const transaction of [true, false]) {
      const bad = await rehearse([migration('Bad1700000000001', { transaction, up: [child, insert(1000)] })]);
      expect(bad.error).toContain('violates foreign key constraint "child_id_fkey"');
    }
  });

  it('only records statements that need an earlier COMMIT, and mentions them in later failures', async () => {
    await database.query(`CREATE TYPE mood AS ENUM ('good')`);
    const { statements, error } = await rehearse([
      migration('Value1700000000001', { up: [`ALTER TYPE mood ADD VALUE 'bad'`] }),
      migration('Uses1700000000002', { up: [`CREATE TABLE moods (mood mood DEFAULT 'bad')`] }),
      migration('Index1700000000003', { up: ['CREATE INDEX ON moods (mood)', 'SELECT 1'] }),
    ]);
    expect([error, marksOf(statements)]).toEqual(['', 'x--x']);
    expect(statements.map(({ note }) => note)).toEqual([
      undefined,
      expect.stringContaining('a value of an enum that exists only after a COMMIT'),
      expect.stringContaining('perhaps only because something before it was not executed'),
      undefined,
    ]);
    const both = migration('Both1700000000001', { up: [`ALTER TYPE mood ADD VALUE 'bad'`, `SELECT 'bad'::mood`] });
    expect((await rehearse([both])).error).toContain('unsafe use of new value "bad"');
  });

  it('has the table of applied migrations, which a migration may put right', async () => {
    const { statements, error } = await rehearse([
      migration('Forgets1700000000001', { up: [`DELETE FROM migrations WHERE name = 'Squashed1600000000000'`] }),
    ]);
    expect([marksOf(statements), error]).toEqual(['x', '']);
  });

  it('warns of what will fail in a real run', async () => {
    const fails = migration('Fails1700000000001', {
      up: ['CREATE INDEX CONCURRENTLY ON users (email)', 'COMMIT AND CHAIN'],
    });
    const { result, events } = await using({ url: database.url, migrations: [fails] }, (migrator) =>
      migrator.run({ mode: 'dry' }),
    );
    expect(marksOf(result.statements ?? [])).toBe('--');
    expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
      'Fails1700000000001 will fail in a real run: CREATE INDEX CONCURRENTLY cannot run inside a transaction block.',
      'Fails1700000000001 will fail in a real run: it ends the transaction that it runs in.',
    ]);
    expect(
      marksOf((await rehearse([plain([`SELECT 1; CREATE INDEX CONCURRENTLY ON users (email)`])])).statements),
    ).toBe('x-');
  });

  it('keeps the order of statements that are not awaited, and does not cache the state of tables', async () => {
    const { statements, error } = await rehearse([
      migration('Made1700000000001', {
        up: [(runner) => runner.createTable(new Table({ name: 'pets', columns: [{ name: 'id', type: 'int' }] }))],
      }),
      migration('Raw1700000000002', {
        up: [
          (runner) =>
            Promise.all(['ADD name text', 'ADD age int'].map((what) => runner.query(`ALTER TABLE pets ${what}`))),
          (runner) => {
            // A floating promise, as of forEach(async …).
            void runner.query('SELECT 1');
            return Promise.resolve();
          },
        ],
      }),
      migration('Dropped1700000000003', { up: [(runner) => runner.dropColumn('pets', 'name')] }),
    ]);
    expect(error).toBe('');
    expect(statements.filter(({ migration: name }) => name === 'Raw1700000000002').map(({ sql }) => sql)).toEqual([
      'ALTER TABLE pets ADD name text',
      'ALTER TABLE pets ADD age int',
      'SELECT 1',
    ]);
  });

  it("has TypeORM's table for views, and sets no sequence back", async () => {
    await database.query(`CREATE SEQUENCE numbers; SELECT setval('numbers', 41)`);
    const View = new EntitySchema({
      name: 'V',
      type: 'view',
      expression: 'SELECT 1 AS n',
      columns: { n: { type: 'int' } },
    });
    const migrations = [
      migration('Views1700000000001', {
        up: [`INSERT INTO typeorm_metadata (type, name) VALUES ('VIEW', 'v')`, `SELECT setval('numbers', 1, false)`],
      }),
    ];
    const { result } = await using({ url: database.url, migrations, options: { entities: [View] } }, (migrator) =>
      migrator.run({ mode: 'dry' }),
    );
    expect(marksOf(result.statements ?? [])).toBe('xx');
    expect(
      await database.query(`SELECT to_regclass('typeorm_metadata') AS made, nextval('numbers')::int AS next`),
    ).toEqual([{ made: null, next: 42 }]);
  });

  it('has the extensions that TypeORM creates when it connects, which a real run keeps', async () => {
    const Named = new EntitySchema({
      name: 'Named',
      columns: { id: { type: 'uuid', primary: true, generated: 'uuid' }, name: { type: 'citext' } },
    });
    const migrations = [migration('Named1700000000001', { up: ['CREATE TABLE named (name citext)'] })];
    const created = `SELECT extname FROM pg_extension WHERE extname IN ('citext', 'uuid-ossp') ORDER BY 1`;
    await using({ url: database.url, migrations, options: { entities: [Named] } }, async (migrator) => {
      expect(marksOf((await migrator.run({ mode: 'dry' })).statements ?? [])).toBe('x');
      expect(await database.query(created)).toEqual([]);
      await migrator.run();
      expect(await database.query(created)).toHaveLength(2);
    });
  });

  it('does not affect queries of an app on the same data source', async () => {
    const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    let request = Promise.resolve();
    const slow = migration('Slow1700000000001', { up: ['SELECT pg_sleep(0.5)', leak] });
    const migrator = createMigrator({ dataSource, migrations: [slow] });
    try {
      const running = migrator.run({ mode: 'dry' });
      request = sleep(250).then(async () => void (await dataSource.query('CREATE TABLE kept ()')));
      await Promise.all([running, request]);
      expect(await database.query(`SELECT to_regclass('kept')::text AS kept, to_regclass('leak') AS leak`)).toEqual([
        { kept: 'kept', leak: null },
      ]);
    } finally {
      await dataSource.destroy();
    }
  });

  it('is stopped by a signal in the middle of a statement', async () => {
    const controller = new AbortController();
    const slow = migration('Slow1700000000001', { up: [leak, 'SELECT pg_sleep(600)'] });
    const running = using({ url: database.url, migrations: [slow], signal: controller.signal }, (migrator) =>
      migrator.run({ mode: 'dry' }),
    );
    const busy = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'`;
    while ((await database.query(busy)).length === 0) await sleep(20);
    controller.abort('SIGTERM');
    const error = await failureOf(running);
    expect([error.code, marksOf(error.statements ?? [])]).toEqual(['CANCELLED', 'x']);
    expect(await database.query(busy)).toEqual([]);
  });
});
