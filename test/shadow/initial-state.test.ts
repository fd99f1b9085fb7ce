import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, EntitySchema } from 'typeorm';
import type { QueryRunner } from 'typeorm';
import type { Pool } from 'pg';
import { classMigration } from '../../src/files/class-migration.js';
import { createMigrator } from '../../src/migrator.js';
import type { GenerateOptions, GenerateResult } from '../../src/commands/generate/types.js';
import { initialStateOf } from '../../src/shadow/initial-state.js';
import { replayOne } from '../../src/shadow/replay.js';
import { connectShadow } from '../../src/shadow/connected.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { createDatabase, serverUrl } from '../support/database.js';
import { failureOf, migration, using } from '../support/migrations.js';
import type { Step } from '../support/migrations.js';
import { full, sample } from '../support/sample.js';

const servers = [
  ['in the process', undefined],
  ['on a server', 'server'],
] as const;
const urlOf = (where: string | undefined): string | undefined => (where === undefined ? undefined : serverUrl());

let shadow: ConnectedShadow | undefined;
afterEach(async () => {
  await shadow?.close();
  shadow = undefined;
});

async function open(where: string | undefined, options: object = {}, initialState?: string): Promise<ConnectedShadow> {
  const dataSource = new DataSource({ type: 'postgres', ...options });
  const initial = await initialStateOf({ dataSource, settings: { initialState } });
  return (shadow = await connectShadow(dataSource, initial, { url: urlOf(where) }));
}

const never = (): never => {
  throw new Error('No dependencies here.');
};
let count = 0;
async function execute(on: ConnectedShadow, steps: readonly Step[], transaction?: false): Promise<void> {
  const description = { up: steps, ...(transaction === false && { transaction }) };
  const made = migration(`M${++count}${1_700_000_000_000 + count}`, description);
  await replayOne(on, classMigration(made, undefined), never);
}

async function ask(on: ConnectedShadow, sql: string): Promise<unknown> {
  const { rows } = await on.pool.query(sql);
  return Object.values(rows[0] ?? {})[0];
}

describe.each(servers)('the search path, %s', (_name, where) => {
  const paths: readonly (readonly [given: object, made: string])[] = [
    [{}, 'public.t'],
    [{ schema: 'app' }, 'public.t'],
    [{ extra: { options: '-c search_path=app' } }, 'app.t'],
    [{ extra: { options: '-csearch_path=app,public --work_mem=8MB -c statement_timeout=1' } }, 'app.t'],
    [{ extra: { options: '--search-path="$user",\\ "My\\ App"' } }, '"My App".t'],
    [{ url: 'postgres://localhost/x?options=-c%20search_path%3DApp,Other' }, 'app.t'],
  ];
  // In the process each takes a database of its own.
  it.each(where === undefined ? sample(paths.slice(-2), 2) : paths)('%j', async (given, made) => {
    const opened = await open(where, given);
    await execute(opened, ['CREATE TABLE t (id int)', "SET search_path = 'elsewhere'", 'RESET ALL']);
    // What a migration has set is gone, and what the session begins with is there again.
    await execute(opened, ['ALTER TABLE t ADD x int']);
    expect(await ask(opened, 'SELECT oid::regclass::text FROM pg_class WHERE relname = $$t$$')).toBe('t');
    const place = `SELECT quote_ident(nspname) || '.t' FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relname = 't'`;
    expect(await ask(opened, place)).toBe(made);
  });
});

describe('roles that migrations name', () => {
  const statements: readonly string[] = [
    'GRANT SELECT ON t TO one, "Two"',
    'REVOKE ALL ON t FROM one',
    'ALTER TABLE t OWNER TO one',
    'CREATE POLICY p ON t TO one USING (true)',
    'ALTER DEFAULT PRIVILEGES FOR ROLE one GRANT SELECT ON TABLES TO "Two"',
    'SET ROLE one; CREATE TABLE u (id int); RESET ROLE',
    'SET LOCAL ROLE one',
    'CREATE SCHEMA s AUTHORIZATION one',
    'ALTER ROLE one SET search_path = public',
    'GRANT one TO "Two"',
    'REASSIGN OWNED BY one TO "Two"',
    "DO $$ BEGIN EXECUTE format('GRANT SELECT ON t TO %I', 'one'); END $$",
  ];
  let here: ConnectedShadow;
  beforeAll(async () => {
    here = await open(undefined);
    shadow = undefined;
  });
  afterAll(() => here.close());

  it.each(statements)('%s', async (sql) => {
    for (const transaction of [undefined, false] as const) {
      await execute(here, ['DROP TABLE IF EXISTS t, u; DROP SCHEMA IF EXISTS s', 'CREATE TABLE t (id int)']);
      // Roles of their own: each is missing.
      const own = sql.replaceAll('one', `one_${count}`).replaceAll('Two', `Two ${count}`);
      await execute(here, ['INSERT INTO t VALUES (1)', own, 'INSERT INTO t VALUES (2)'], transaction);
      expect(await ask(here, 'SELECT count(*)::int FROM t')).toBe(2);
    }
  });

  it('are named, with the line that creates them, if they are not created: on a server', async () => {
    const opened = await open('server');
    const failure = await failureOf(execute(opened, ['CREATE TABLE t (id int)', 'GRANT SELECT ON t TO "No One"']));
    expect(failure).toMatchObject({
      code: 'REPLAY_FAILED',
      message: expect.stringContaining('role "No One" does not exist'),
      next: expect.stringContaining(String.raw`initialState: "CREATE ROLE \"No One\""`),
    });
  });
});

describe('the advice after a failed replay fits its reason', () => {
  const reasons: readonly (readonly [statements: readonly Step[], advice: RegExp])[] = [
    [
      ['SELECT "User"."id" FROM "users" "User"'],
      /an entity or a repository.*\nNo earlier migration names "users".*\n.*initialState: "CREATE TABLE users …"$/,
    ],
    [['CREATE TABLE t ()', 'UPDATE t SET added_later = 1'], /^If it uses an entity or a repository[^\n]*$/],
    [['ALTER TABLE legacy ADD COLUMN a int'], /^No earlier migration names "legacy"/],
    [['CREATE TABEL t ()'], /^Correct the statement\.$/],
    [['CREATE TABLE t ()', 'ALTER TABLE t DROP COLUMN a'], /^Correct the name of the column/],
    [['CREATE TABLE t ()', 'CREATE TABLE t ()'], /^An earlier migration creates it/],
    [['SELECT 1 / count(*) FROM pg_class WHERE false'], /needs rows/],
    [[`SELECT 1 WHERE 'a' = ANY (1)`], /^Correct the statement\.$/],
    [
      [() => Promise.reject(new Error('Run the other tool first.'))],
      /another program creates.*initialState.*\nIf it needs rows/,
    ],
    [[() => Promise.reject(new Error('CHAIN_NAME is not set'))], /^Set CHAIN_NAME in the environment/],
  ];
  let there: ConnectedShadow;
  beforeAll(async () => {
    there = await open('server');
    shadow = undefined;
  });
  afterAll(() => there.close());

  it.each(reasons)('%j', async (statements, advice) => {
    const failure = await failureOf(execute(there, statements));
    expect(failure).toMatchObject({ code: 'REPLAY_FAILED', next: expect.stringMatching(advice) });
  });
});

describe('missing objects are reported with the line to add', () => {
  const lines: readonly (readonly [statement: string, line: string])[] = [
    ['CREATE TABLE sims.t (id int)', 'CREATE SCHEMA "sims"'],
    ['CREATE TABLE t (id uuid DEFAULT uuid_generate_v4())', 'CREATE EXTENSION "uuid-ossp"'],
    [
      'CREATE SCHEMA extensions; CREATE TABLE t (id uuid DEFAULT extensions.uuid_generate_v4())',
      'CREATE SCHEMA IF NOT EXISTS extensions; CREATE EXTENSION "uuid-ossp" SCHEMA extensions',
    ],
    ['CREATE TABLE t (id citext)', 'CREATE EXTENSION "citext"'],
    ['CREATE INDEX i ON (SELECT 1)', ''],
    ['CREATE TABLE t (id money_of_ours)', 'CREATE TYPE money_of_ours …'],
    ['SELECT audit.record(1)', 'CREATE SCHEMA "audit"'],
    ['SELECT record_it(1)', 'CREATE FUNCTION record_it …'],
    ['INSERT INTO legacy VALUES (1)', 'CREATE TABLE legacy …'],
  ];
  let there: ConnectedShadow;
  beforeAll(async () => {
    there = await open('server');
    shadow = undefined;
  });
  afterAll(() => there.close());

  it.each(lines)('%s', async (statement, line) => {
    const { next = '' } = await failureOf(execute(there, [statement]));
    if (line === '') expect(next).not.toContain('initialState');
    else expect(next).toContain(`initialState: ${JSON.stringify(line)}`);
  });

  it('also by TypeORM itself', async () => {
    const failure = await failureOf(execute(there, [(queryRunner) => queryRunner.dropColumn('legacy', 'name')]));
    expect(failure.message).toContain('Table "legacy" does not exist.\n');
    expect(failure.next).toContain('initialState: "CREATE TABLE legacy …"');
  });

  it('but not for a table that exists in a schema other than the expected one', async () => {
    await execute(
      there,
      ['CREATE SCHEMA sims; CREATE TABLE students (id int); CREATE TABLE sims.here (id int)'],
      false,
    );
    const { next = '' } = await failureOf(execute(there, ['ALTER TABLE sims.students ADD a int']));
    expect(next).toMatch(/"public"\."students" exists, and the search_path is .+options: '-c search_path=sims,public'/);
    const unqualified = await failureOf(execute(there, ['ALTER TABLE here ADD a int']));
    expect(unqualified.next).toMatch(/"sims"\."here" exists.+options: '-c search_path=sims,public'/);
  });
});

describe.each(servers)('the setting initialState, %s', (_name, where) => {
  const dump = String.raw`\restrict x1y2
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.legacy (id int);
CREATE FUNCTION public.legacies() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM public.legacy; $$;
\unrestrict x1y2
`;
  it('is SQL, which may set the search path', async () => {
    const opened = await open(
      where,
      {},
      `CREATE SCHEMA app; SET search_path TO 'app', public; CREATE TABLE a (id int)`,
    );
    await execute(opened, [
      'ALTER TABLE a ADD x int',
      'CREATE TABLE app.b (id int)',
      'CREATE VIEW c AS SELECT * FROM b',
    ]);
    expect(
      await ask(
        opened,
        `SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace = 'app'::regnamespace`,
      ),
    ).toBe('a,b,c');
  });

  it('is the path of a file, such as a dump', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'nest-migrate-initial-'));
    const file = join(folder, 'before.sql');
    writeFileSync(file, dump);
    const opened = await open(where, {}, file);
    await execute(opened, ['CREATE TABLE t AS SELECT legacies() AS n FROM legacy', 'ALTER TABLE legacy ADD x int']);
    rmSync(folder, { recursive: true });
  });

  it('comes before the extensions of TypeORM, which leaves an existing extension where it is', async () => {
    const thing = new EntitySchema({
      name: 'thing',
      columns: { id: { type: 'uuid', primary: true, generated: 'uuid' } },
    });
    const prepared = 'CREATE SCHEMA extensions; CREATE EXTENSION "uuid-ossp" SCHEMA extensions';
    const opened = await open(where, { entities: [thing] }, prepared);
    await execute(opened, ['CREATE TABLE thing (id uuid DEFAULT extensions.uuid_generate_v4())']);
    expect(opened.missing).toEqual([]);
  });

  if (where === undefined || full)
    it('reports errors in it', async () => {
      await expect(open(where, {}, 'no/such/file.sql')).rejects.toMatchObject({
        code: 'OPTIONS_INVALID',
        message: expect.stringMatching(
          /^The setting initialState names the file \/.*no\/such\/file\.sql, which does not exist\./,
        ),
      });
      await expect(open(where, {}, 'CREATE SCHEMA a; CREATE TABEL b ()')).rejects.toMatchObject({
        code: 'INITIAL_STATE_FAILED',
        message: expect.stringContaining('syntax error at or near "TABEL" (42601).\n  CREATE TABEL b ()'),
      });
      await expect(open(where, {}, 'CREATE TABLE a (id uuid DEFAULT uuid_generate_v4())')).rejects.toMatchObject({
        code: 'INITIAL_STATE_FAILED',
        next: 'Add what it needs to the setting initialState, before this statement: CREATE EXTENSION "uuid-ossp"',
      });
      await expect(open(where, {}, 'CREATE EXTENSION postgis')).rejects.toMatchObject({
        code: 'INITIAL_STATE_FAILED',
        next: expect.stringContaining('--shadow'),
      });
    });
});

describe('the extensions that TypeORM installs when it connects', () => {
  const column = (name: string, column: object): EntitySchema =>
    new EntitySchema({
      name,
      columns: { id: { type: 'int', primary: true }, value: column as { type: 'int' } },
    });
  const cases: readonly (readonly [name: string, options: object])[] = [
    ['none', { entities: [column('a', { type: 'uuid' })] }],
    ['of a generated uuid', { entities: [column('a', { type: 'uuid', generated: 'uuid' })] }],
    [
      'another extension for it',
      { entities: [column('a', { type: 'uuid', generated: 'uuid' })], uuidExtension: 'pgcrypto' },
    ],
    ['of types', { entities: ['citext', 'hstore', 'cube', 'ltree'].map((type) => column(type, { type })) }],
    [
      'of an exclusion',
      {
        entities: [
          new EntitySchema({
            name: 'a',
            columns: { id: { type: 'int', primary: true } },
            exclusions: [{ expression: 'USING gist (id WITH =)' }],
          }),
        ],
      },
    ],
    ['that the option names', { entities: [], extensions: ['pg_trgm', 'unaccent'] }],
    ['not if it must not', { entities: [column('a', { type: 'citext' })], installExtensions: false }],
  ];
  it.each(cases)('%s', async (_name, options) => {
    const list = `SELECT string_agg(extname, ',' ORDER BY extname) AS list FROM pg_extension`;
    const real = await createDatabase();
    const dataSource = await new DataSource({ type: 'postgres', url: real.url, ...options }).initialize();
    await dataSource.destroy();
    const [installed] = await real.query(list);
    const opened = await open('server', options);
    expect([await ask(opened, list), opened.missing]).toEqual([installed?.['list'], []]);
    await real.drop();
  });

  it('may be missing, because TypeORM continues without them; statements that need them report it', async () => {
    const place = new EntitySchema({
      name: 'place',
      columns: { id: { type: 'int', primary: true }, at: { type: 'geometry' } },
    });
    const opened = await open(undefined, { entities: [place] });
    await execute(opened, ['CREATE TABLE first (id int)']);
    const failure = await failureOf(execute(opened, ['CREATE TABLE place (id int, at geometry)']));
    expect(failure.message).toContain(
      'TypeORM could not install an extension there: extension "postgis" is not available',
    );
    expect(failure.next).toContain('--shadow');
  });
});

describe('a migration that uses more connections', () => {
  const uses: readonly (readonly [name: string, (queryRunner: QueryRunner) => Promise<unknown>])[] = [
    ['the manager of the data source', ({ connection }) => connection.manager.query('INSERT INTO t VALUES (1)')],
    ['the data source', ({ connection }) => connection.query('INSERT INTO t VALUES (1)')],
    ['its own manager', ({ manager }) => manager.query('INSERT INTO t VALUES (1)')],
    ['a builder', ({ connection }) => connection.createQueryBuilder().insert().into('t').values({ id: 1 }).execute()],
    [
      'a transaction',
      ({ connection }) => connection.transaction((manager) => manager.query('INSERT INTO t VALUES (1)')),
    ],
    [
      'a transaction that is rolled back, and one inside it that is not',
      ({ connection }) =>
        connection
          .transaction(async (manager) => {
            await manager.query('INSERT INTO t VALUES (2)');
            await manager.transaction((inner) => inner.query('INSERT INTO t VALUES (3)'));
            throw new Error('back');
          })
          .catch(() => connection.query('INSERT INTO t VALUES (1)')),
    ],
    [
      'another query runner, released twice',
      async ({ connection }) => {
        const other = connection.createQueryRunner();
        await other.connect();
        await other.startTransaction();
        await other.query('INSERT INTO t VALUES (1)');
        await other.commitTransaction();
        await other.release();
        await other.release();
      },
    ],
    ['the pool of the driver', ({ connection }) => poolOf(connection).query('INSERT INTO t VALUES ($1)', [1])],
    [
      'a client of that pool',
      async ({ connection }) => {
        const client = await poolOf(connection).connect();
        await client.query('BEGIN');
        await client.query('INSERT INTO t VALUES (2)');
        await client.query('ROLLBACK');
        await client.query('begin');
        await client.query('INSERT INTO t VALUES (1)');
        await client.query('COMMIT');
        client.release();
      },
    ],
  ];
  const poolOf = ({ driver }: DataSource): Pool => (driver as unknown as { readonly master: Pool }).master;
  describe.each(servers)('%s', (_name, where) => {
    let opened: ConnectedShadow;
    beforeAll(async () => {
      opened = await open(where);
      shadow = undefined;
      await execute(opened, ['CREATE TABLE t (id int)']);
    });
    afterAll(() => opened.close());
    it.each(uses)('through %s', async (_use, use) => {
      for (const transaction of [undefined, false] as const) {
        await execute(opened, ['TRUNCATE t', use], transaction);
        expect(await ask(opened, 'SELECT array_agg(id) FROM t')).toEqual([1]);
      }
      await failureOf(execute(opened, [use, 'SELECT 1/0']));
      expect(await ask(opened, 'SELECT count(*)::int FROM t')).toBe(1);
      expect(opened.dataSource.createQueryRunner().connection).toBe(opened.dataSource);
    });
  });
});

it.each(servers)('a migration that reads the names of its database and its user, %s', async (_name, where) => {
  const opened = await open(where, { host: 'db', database: 'shop', username: 'owner' });
  await execute(opened, [
    async (queryRunner) => {
      const { database, username } = queryRunner.connection.options as {
        readonly database: string;
        readonly username: string;
      };
      await queryRunner.query(`ALTER DATABASE "${database}" SET work_mem TO '8MB'`);
      await queryRunner.query(`CREATE TABLE t (id int); ALTER TABLE t OWNER TO "${username}"`);
    },
  ]);
  expect(opened.dataSource.options).toMatchObject({ database: await ask(opened, 'SELECT current_database()') });
});

describe.each(servers)('a migration that uses the ledger, %s', (_name, where) => {
  const ledgers = [{ schema: 'app' }, {}, { migrationsTableName: 'app.done' }];
  // In the process each takes databases of its own.
  it.each(where === undefined ? sample(ledgers, 3) : ledgers)(
    'finds there the same as in a run, with %j',
    async (options) => {
      const ledger =
        'schema' in options ? 'app.migrations' : 'migrationsTableName' in options ? 'app.done' : 'migrations';
      const first = migration('First1700000000000', { up: [`SET search_path = ''`], down: [] });
      const renamed = migration('Renamed1700000000001', {
        up: [
          `DO $$ BEGIN ASSERT (SELECT array_agg(name) FROM ${ledger}) = '{First1700000000000}'; END $$`,
          `DELETE FROM ${ledger} WHERE name = 'Renamed1600000000000'`,
        ],
        down: [],
      });
      const { result } = await using({ url: 'postgres://nowhere', migrations: [first, renamed], options }, (migrator) =>
        migrator.check({ only: ['replay', 'entities', 'lint'], shadow: urlOf(where), cache: false }),
      );
      expect(result.steps.flatMap(({ findings }) => findings.filter(({ severity }) => severity !== 'notice'))).toEqual(
        [],
      );
    },
  );
});

describe('generate after the initial state', () => {
  const entity = (name: string, columns: object): EntitySchema =>
    new EntitySchema({
      name,
      columns: { id: { type: 'int', primary: true, primaryKeyConstraintName: `${name}_pkey` }, ...columns },
    });
  const folder = mkdtempSync(join(tmpdir(), 'nest-migrate-initial-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  async function generate(
    {
      entities,
      initialState,
      up = [],
    }: { entities: readonly EntitySchema[]; initialState: string; up?: readonly string[] },
    options: Partial<GenerateOptions> = {},
  ): Promise<GenerateResult> {
    const dataSource = new DataSource({
      type: 'postgres',
      entities: [...entities],
      migrations: up.length === 0 ? [] : [migration('First1700000000000', { up })],
    });
    const migrator = createMigrator({ dataSource, settings: { initialState } });
    const given = { language: 'sql', dir: folder, dryRun: true, allowDestructive: true, cache: false } as const;
    return migrator.generate({ ...given, shadow: serverUrl(), ...options });
  }
  const sqlOf = ({ statements }: GenerateResult): readonly string[] =>
    statements.map(({ sql }) => sql.replace(/\s+/g, ' ').trim());

  const prepared = `CREATE SCHEMA tools; CREATE FUNCTION tools.code() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$;
    CREATE DOMAIN tools.mail AS text; CREATE TABLE audit (id int, at timestamptz); CREATE INDEX audit_at ON audit (at);
    CREATE VIEW audited AS SELECT id FROM audit; CREATE COLLATION tools.german FROM "C"; COMMENT ON TABLE audit IS 'of the DBA'`;

  it('neither adds nor drops anything; and entities may use it', async () => {
    const thing = entity('thing', { code: { type: 'text', default: () => 'tools.code()' } });
    const made = await generate({ entities: [thing], initialState: prepared });
    expect([sqlOf(made).join(';'), made.warnings]).toEqual([
      expect.stringMatching(/^CREATE TABLE "public"."thing" .* DEFAULT tools.code\(\)$/),
      [],
    ]);
    const nothing = await generate({ entities: [thing], initialState: prepared, up: sqlOf(made) }, { prune: true });
    expect([sqlOf(nothing), nothing.warnings]).toEqual([[], []]);
  });

  it('does not report the members of an extension separately', async () => {
    const up = ['CREATE EXTENSION pg_trgm', 'CREATE INDEX audit_id ON audit USING gin ((id::text) gin_trgm_ops)'];
    const made = await generate({ entities: [entity('other', {})], initialState: prepared, up });
    expect(made.warnings).toEqual([
      'index audit_id is not in the entities, but was created by hand: it is kept (generate --prune drops it; the setting `ignore` silences this).',
    ]);
  });

  it('names everything that is kept in one line if there is much', async () => {
    const up = ['CREATE TABLE thing (id int CONSTRAINT thing_pkey PRIMARY KEY)'];
    for (let i = 1; i <= 9; i++) up.push(`CREATE INDEX by_hand_${i} ON thing ((id + ${i}))`);
    const { warnings } = await generate({ entities: [entity('thing', {})], initialState: prepared, up });
    expect(warnings).toEqual([
      expect.stringMatching(
        /^9 objects are not in the entities, but were created by hand: they are kept \(generate --prune drops them; with --dry-run, it only lists them; the setting `ignore` silences this\): index by_hand_1, .*, index by_hand_3 and 6 more\.$/,
      ),
    ]);
  });

  it('does not restore what migrations have changed or dropped', async () => {
    const up = [
      'DROP VIEW audited',
      'ALTER TABLE audit ADD who text',
      'ALTER TABLE audit RENAME TO trail',
      'DROP DOMAIN tools.mail',
      `CREATE OR REPLACE FUNCTION tools.code() RETURNS text LANGUAGE sql AS $$ SELECT 'y'::text $$`,
      'DROP COLLATION tools.german',
    ];
    const made = await generate({ entities: [entity('other', {})], initialState: prepared, up });
    expect([sqlOf(made), made.warnings]).toEqual([[expect.stringMatching(/^CREATE TABLE "other" /)], []]);
  });

  it('makes tables that existed before the first migration match the entities', async () => {
    const dump = `CREATE TYPE thing_kind_enum AS ENUM ('a'); CREATE TABLE thing (id int CONSTRAINT thing_pkey PRIMARY KEY, kind thing_kind_enum NOT NULL, old text);
      CREATE VIEW things AS SELECT id FROM thing; CREATE TABLE typeorm_metadata (type varchar, database varchar, schema varchar, "table" varchar, name varchar, value text); CREATE TABLE migrations (id int)`;
    const kinds = { type: 'enum', enum: ['a'], enumName: 'thing_kind_enum' };
    const same = entity('thing', { kind: kinds, old: { type: 'text', nullable: true } });
    expect(sqlOf(await generate({ entities: [same], initialState: dump }))).toEqual([]);
    const more = entity('thing', {
      kind: kinds,
      old: { type: 'text', nullable: true },
      note: { type: 'text', nullable: true },
    });
    expect(sqlOf(await generate({ entities: [more], initialState: dump }))).toEqual([
      'ALTER TABLE "public"."thing" ADD COLUMN "note" text',
    ]);
    const less = entity('thing', { kind: kinds });
    const kept = await generate({ entities: [less], initialState: dump });
    const said =
      'column thing.old is not in the entities, but is part of the initial state: it is kept (generate --prune drops it; the setting `ignore` silences this).';
    expect([sqlOf(kept), kept.warnings]).toEqual([[], [said]]);
    const pruned = await generate({ entities: [less], initialState: dump }, { prune: true });
    expect(sqlOf(pruned)).toEqual(['ALTER TABLE "public"."thing" DROP COLUMN "old"']);
    const renamed = entity('thing', { kind: kinds, now: { type: 'text', nullable: true } });
    const { warnings } = await generate({ entities: [renamed], initialState: dump });
    expect(warnings).toContain('If thing.now is thing.old under a new name: --rename thing.old=now.');
    const taken = { renames: ['thing.old=now'], renameDirectly: true };
    expect(sqlOf(await generate({ entities: [renamed], initialState: dump }, taken))).toEqual([
      'ALTER TABLE "public"."thing" RENAME COLUMN "old" TO "now"',
    ]);
  });
});

describe('an object of the initial state that a migration creates without IF NOT EXISTS', () => {
  const keyed = new EntitySchema({
    name: 'thing',
    columns: { id: { type: 'uuid', primary: true, generated: 'uuid' } },
  });
  const searchPath = (path: string): object => ({ extra: { options: `-c search_path=${path}` } });
  const cases: readonly (readonly [sql: string, options: object, onEmpty: 'runs' | 'fails'])[] = [
    ['CREATE EXTENSION "uuid-ossp"', { entities: [keyed] }, 'fails'],
    ['CREATE SCHEMA app', searchPath('app,public'), 'runs'],
    ['CREATE SCHEMA app', searchPath('app'), 'fails'],
    ['create /* ours */ schema app; SELECT 1', { schema: 'app' }, 'fails'],
  ];

  it.each(cases)('%s with %j: check agrees with an empty database, where it %s', async (sql, options, onEmpty) => {
    const real = await createDatabase();
    const down = onEmpty === 'runs' ? ['DROP SCHEMA app'] : [`SELECT 'nothing'`];
    const first = migration('First1700000000000', { up: [sql], down });
    const failed = await using({ url: real.url, migrations: [first], options }, (migrator) => migrator.run()).then(
      () => false,
      () => true,
    );
    await real.drop();
    expect(failed).toBe(onEmpty === 'fails');
    const later = migration('Later1700000000001', { up: ['CREATE TABLE later (id int)'], down: ['DROP TABLE later'] });
    const { result } = await using({ url: 'postgres://nowhere', migrations: [first, later], options }, (migrator) =>
      migrator.check({ only: ['replay'], shadow: serverUrl(), cache: false }),
    );
    const errors = (result.steps[0]?.findings ?? []).filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message }) => message)).toEqual(
      onEmpty === 'runs' ? [] : [expect.stringMatching(/^First1700000000000 fails on an empty database: create/i)],
    );
  });

  it('fails here as on a database if migrations create it twice', async () => {
    const opened = await open('server', searchPath('app,public'));
    await execute(opened, ['CREATE SCHEMA app']);
    expect((await failureOf(execute(opened, ['CREATE SCHEMA app']))).message).toContain('already exists');
  });
});
