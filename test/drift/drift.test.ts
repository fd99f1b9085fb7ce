import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createMigrator } from '../../src/migrator.js';
import type { DriftOptions, DriftResult, MigrateSettings } from '../../src/index.js';
import { runCli } from '../support/cli.js';
import { createDatabase, createRole, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { migration, using } from '../support/migrations.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, itInFull, sample } from '../support/sample.js';

const shop = `-- up
CREATE TYPE user_role AS ENUM ('admin', 'member');
CREATE TYPE address AS (street text, city text);
CREATE TYPE place AS (street text, city text);
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE SCHEMA billing;
CREATE TABLE users (
  id serial PRIMARY KEY,
  name varchar(50) NOT NULL DEFAULT 'nobody',
  mail email UNIQUE,
  role user_role NOT NULL DEFAULT 'member',
  home address,
  tags text[] NOT NULL DEFAULT '{}',
  born date CHECK (born > '1900-01-01'),
  data jsonb DEFAULT '{}'::jsonb,
  made_at timestamptz NOT NULL DEFAULT now(),
  upper_name text GENERATED ALWAYS AS (upper(name)) STORED,
  CONSTRAINT named CHECK (name NOT IN ('', '?'))
);
CREATE UNIQUE INDEX users_name_idx ON users (lower(name)) WHERE role = 'admin';
CREATE TABLE billing.invoices (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id int NOT NULL REFERENCES users ON DELETE CASCADE,
  amount numeric(10, 2) NOT NULL DEFAULT 0,
  note varchar(50) NOT NULL,
  EXCLUDE USING gist (int4range(user_id, user_id + 1) WITH &&)
);
COMMENT ON COLUMN users.name IS 'as they like to be called';
CREATE TABLE events (at timestamptz NOT NULL, what text) PARTITION BY RANGE (at);
CREATE INDEX events_at ON events (at);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE VIEW admins AS SELECT id, name, extract(year FROM born) AS year FROM users WHERE role = 'admin';
CREATE VIEW spenders AS SELECT u.*, (SELECT sum(amount) FROM billing.invoices WHERE user_id = u.id) FROM users u;
CREATE VIEW names AS SELECT name FROM admins ORDER BY name;
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(amount) AS total FROM billing.invoices GROUP BY user_id;
CREATE INDEX totals_user ON totals (user_id);
CREATE FUNCTION newest() RETURNS int BEGIN ATOMIC SELECT max(id) FROM users; END;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.made_at = now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION touch();
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (id IN (SELECT user_id FROM billing.invoices));
CREATE RULE quiet AS ON DELETE TO events DO INSTEAD SELECT at FROM events WHERE what = 'x';
CREATE EXTENSION citext;
CREATE TABLE words (word citext PRIMARY KEY);
CREATE VIEW loud AS SELECT word FROM words;
-- down
`;
const later = `-- up
ALTER TABLE users ADD nick text;
-- down
`;

const dataSourceFile = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ entities: [], migrations: ['migrations/*.sql'] });
`;

let project: TestProject;
let template: TestDatabase;
let database: TestDatabase;
beforeAll(async () => {
  project = createProject({
    'package.json': '{ "name": "app", "type": "module" }',
    'data-source.js': dataSourceFile,
    'migrations/1700000000001-shop.sql': shop,
  });
  template = await createDatabase();
  const { code, stderr } = await cli('run', template.url);
  if (code !== 0) throw new Error(stderr);
  await template.disconnect();
  project.write('migrations/1700000000002-later.sql', later);
});
afterAll(async () => {
  await template.drop();
  project.remove();
});
beforeEach(async () => void (database = await createDatabase(template.name)));
afterEach(() => database.drop());

const cli = (command: string, url = database.url, ...args: readonly string[]) =>
  runCli([command, ...args], { cwd: project.dir, env: { DATABASE_URL: url } });

/** The command without a process, with shadows of another version than the server's. */
async function drift(options: DriftOptions = {}, settings: MigrateSettings = {}): Promise<DriftResult> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: database.url,
    migrations: [`${project.dir}/migrations/*.sql`],
  });
  return createMigrator({ dataSource, settings }).drift(options);
}

it('a migrated database has no drift, on another version of PostgreSQL too', async () => {
  const none = { drift: [], repair: [], adopt: [], losses: [], ignored: [], warnings: [] };
  expect(await drift()).toEqual(none);
  expect(await drift({ shadow: serverUrl() })).toEqual(none);
});

itInFull(
  'leaves alone what may be of another service, in the same ledger or in one of its own, but not what is done to a table of this one',
  async () => {
    const byHand = 'CREATE INDEX adhoc ON users (born); ALTER TABLE users ADD extra int';
    const bills = migration('CreateBills1800000000000', { up: ['CREATE TABLE bills (id int PRIMARY KEY)'] });
    await database.query(byHand);
    await using({ url: database.url, migrations: [bills], settings: { service: 'accounts' } }, (one) => one.run());
    const same = await drift({ shadow: serverUrl() });
    expect(same.drift.map(({ object }) => object)).toEqual(['column users.extra', 'index adhoc on users']);
    expect(same.ignored).toEqual(['table bills']);
    expect([...same.repair, ...same.adopt].join('\n')).not.toContain('bills');
    expect(same.warnings).toContain(
      'Another service creates objects in this database: accounts, in the same ledger. Tables, views, types and functions that no migration here creates may belong to it, so they were ignored, and no statement drops them.',
    );

    await database.query('DELETE FROM migrations WHERE "timestamp" = 1800000000000');
    await database.query(
      'CREATE TABLE stock_migrations (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL)',
    );
    const own = await drift({ shadow: serverUrl() });
    expect(own.drift).toEqual(same.drift);
    expect(own.ignored).toEqual(['table bills', 'table stock_migrations']);
    expect(own.warnings[0]).toContain('database: one with the ledger stock_migrations. ');
  },
);

/** What is done to the database by hand, and what is said of it. */
const cases: readonly (readonly [
  sql: string,
  said: readonly (readonly [state: string, object: string, detail?: string])[],
])[] = [
  [
    'CREATE INDEX adhoc ON users (born)',
    [['unexpected', 'index adhoc on users', 'CREATE INDEX adhoc ON public.users USING btree (born)']],
  ],
  [
    'DROP INDEX users_name_idx',
    [['missing', 'index users_name_idx on users', expect.stringContaining('CREATE UNIQUE INDEX') as never]],
  ],
  [
    `DROP INDEX users_name_idx; CREATE UNIQUE INDEX users_name_idx ON users (lower(name)) WHERE role = 'member'`,
    [
      [
        'different',
        'index users_name_idx on users',
        "in the migrations: … (lower((name)::text)) WHERE (role = 'admin'::public.user_role)\nin the database: … (lower((name)::text)) WHERE (role = 'member'::public.user_role)",
      ],
    ],
  ],
  [
    'ALTER TABLE billing.invoices ALTER note TYPE varchar(100), ALTER note DROP NOT NULL',
    [
      [
        'different',
        'column billing.invoices.note',
        'NOT NULL in the migrations, nullable in the database\ntype varchar(50) in the migrations, varchar(100) in the database',
      ],
    ],
  ],
  [
    "ALTER TABLE users ALTER tags SET DEFAULT '{a}', ALTER data DROP DEFAULT",
    [
      ['different', 'column users.data', "default '{}'::jsonb in the migrations, none in the database"],
      ['different', 'column users.tags', "default '{}'::text[] in the migrations, '{a}'::text[] in the database"],
    ],
  ],
  [
    'ALTER TABLE users DROP CONSTRAINT users_born_check',
    [['missing', 'constraint users_born_check on users', "CHECK ((born > '1900-01-01'::date))"]],
  ],
  [
    "ALTER TABLE users DROP CONSTRAINT users_born_check, ADD CONSTRAINT users_born_check CHECK (born > '1900-01-01') NOT VALID",
    [['different', 'constraint users_born_check on users', 'validated in the migrations, NOT VALID in the database']],
  ],
  [
    'CREATE TABLE extra (id serial PRIMARY KEY, name text DEFAULT 1); CREATE INDEX ON extra (name)',
    [['unexpected', 'table extra']],
  ],
  [
    'DROP TABLE words CASCADE',
    [
      ['missing', 'view loud'],
      ['missing', 'table words'],
    ],
  ],
  [
    "ALTER TYPE user_role ADD VALUE 'guest'; ALTER TYPE address ADD ATTRIBUTE zip text",
    [
      ['different', 'type address', 'attribute zip none in the migrations, text in the database'],
      ['different', 'type user_role', 'values admin, member in the migrations, admin, member, guest in the database'],
    ],
  ],
  [
    'CREATE OR REPLACE VIEW names AS SELECT name FROM admins ORDER BY name DESC',
    [
      [
        'different',
        'view names',
        'in the migrations: SELECT admins.name FROM public.admins ORDER BY admins.name\nin the database: SELECT admins.name FROM public.admins ORDER BY admins.name DESC',
      ],
    ],
  ],
  [
    'ALTER TABLE users DISABLE TRIGGER touch; ALTER TABLE users DISABLE ROW LEVEL SECURITY',
    [
      ['different', 'table users', 'row level security in the migrations, no row level security in the database'],
      ['different', 'trigger touch on users', 'enabled in the migrations, disabled in the database'],
    ],
  ],
  [
    "COMMENT ON COLUMN users.name IS 'family name'; COMMENT ON TABLE words IS 'all of them'",
    [
      [
        'different',
        'column users.name',
        "comment 'as they like to be called' in the migrations, 'family name' in the database",
      ],
      ['different', 'table words', "comment none in the migrations, 'all of them' in the database"],
    ],
  ],
  [
    'ALTER TABLE users ALTER upper_name DROP EXPRESSION; ALTER TABLE billing.invoices ALTER id SET GENERATED BY DEFAULT',
    [
      [
        'different',
        'column billing.invoices.id',
        'identity ALWAYS in the migrations, identity BY DEFAULT in the database',
      ],
      [
        'different',
        'column users.upper_name',
        'generated as upper((name)::text) in the migrations, not generated in the database',
      ],
    ],
  ],
  [
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'totals_user'::regclass",
    [
      [
        'different',
        'index totals_user on totals',
        'valid in the migrations, invalid (as left by a failed CREATE INDEX CONCURRENTLY) in the database',
      ],
    ],
  ],
  [
    'CREATE OR REPLACE FUNCTION newest() RETURNS int BEGIN ATOMIC SELECT min(id) FROM users; END; ALTER POLICY own ON users USING (true)',
    [
      [
        'different',
        'function newest()',
        expect.stringMatching(/^in the migrations: .*max.*\nin the database: .*min/) as never,
      ],
      [
        'different',
        'policy own on users',
        expect.stringMatching(/^USING in the migrations: .*\nUSING in the database: true$/) as never,
      ],
    ],
  ],
  [
    'CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN  NEW.made_at = now(); RETURN NEW; END $$',
    [['different', 'function touch()', 'differs in white space only']],
  ],
  [
    'ALTER TYPE place ALTER ATTRIBUTE city TYPE varchar(9)',
    [['different', 'type place', 'attribute city text in the migrations, varchar(9) in the database']],
  ],
  [
    'CREATE TABLE old_words () INHERITS (words); CREATE TABLE secret (id int); CREATE POLICY mine ON secret TO postgres USING (id > 1)',
    [
      ['unexpected', 'table old_words', 'inherits from words'],
      ['unexpected', 'table secret'],
    ],
  ],
  [
    "ALTER TYPE user_role RENAME VALUE 'member' TO 'guest'",
    [
      ['different', 'type user_role', 'values admin, member in the migrations, admin, guest in the database'],
      [
        'different',
        'column users.role',
        "default 'member'::public.user_role in the migrations, 'guest'::public.user_role in the database",
      ],
    ],
  ],
  ['CREATE SCHEMA audit; CREATE TABLE audit.log (id int)', [['unexpected', 'schema audit']]],
  ['GRANT SELECT ON users TO PUBLIC; CREATE EXTENSION pg_trgm', []],
  // The same check, which is printed differently once it has been made from its own text.
  [
    `DO $$ DECLARE def text := (SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'named');
     BEGIN ALTER TABLE users DROP CONSTRAINT named; EXECUTE 'ALTER TABLE users ADD CONSTRAINT named ' || def; END $$;
     ALTER TABLE users ALTER made_at SET DEFAULT CURRENT_TIMESTAMP, ALTER tags SET DEFAULT ARRAY[]::text[] /* pg_constraint */`,
    [],
  ],
];

describe('manual changes', () => {
  it.each(sample(cases, 25))('%s', async (sql, said) => {
    await database.query(sql);
    const result = await drift({ shadow: serverUrl() });
    expect(result.drift.map(({ state, object, detail }) => [state, object, ...(detail ? [detail] : [])])).toEqual(said);
    expect(
      result.warnings.filter(
        (warning) => !/^(?:Repairing it|A migration that adopts it) would lose data/.test(warning),
      ),
    ).toEqual([]);
    if (!/pg_index|pg_constraint|GRANT/.test(sql)) await expectAdopted(result.adopt);
    for (const statement of result.repair) await database.query(statement);
    expect((await drift({ shadow: serverUrl() })).drift).toEqual([]);
  });

  /** With these statements in a migration nothing differs. */
  async function expectAdopted(adopt: readonly string[]): Promise<void> {
    const statements = adopt.map((one) => `${one};\n`).join('');
    const file = project.write('migrations/1700000000003-adopt.sql', `-- up\n${statements}-- down\n`);
    await database.query("INSERT INTO migrations (timestamp, name) VALUES (1700000000003, 'Adopt1700000000003')");
    const left = await drift({ shadow: serverUrl() }).finally(() => rmSync(file));
    await database.query("DELETE FROM migrations WHERE name LIKE 'Adopt%'");
    expect(left.drift).toEqual([]);
  }
});

describe('ignored are', () => {
  const make = `CREATE SCHEMA audit; CREATE TABLE audit.log (id int);
    CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    CREATE INDEX events_2025_adhoc_idx ON events_2025 (what);
    CREATE INDEX users_adhoc_idx ON users (born); CREATE INDEX users_made ON users (made_at);
    CREATE VIEW old_names AS SELECT name FROM users; CREATE FUNCTION helper(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TYPE mood AS ENUM ('ok'); COMMENT ON TABLE users IS 'people'`;
  const all = ['schema:audit', 'table:public.events_*', 'index:*_adhoc_idx', 'index:public.users.users_made'];
  const others = ['public.old_*', 'function:helper', 'public.moo*', 'comment:users'];

  itInFull('patterns in flags and settings, with everything that belongs to the matched objects', async () => {
    await database.query(make);
    const { drift: found, ignored } = await drift({ shadow: serverUrl(), ignore: all });
    expect(found.map(({ object }) => object)).toEqual([
      'function helper(integer)',
      'type mood',
      'view old_names',
      'table users',
    ]);
    expect(ignored).toEqual([
      'schema audit',
      'table events_2025',
      'index users_adhoc_idx on users',
      'index users_made on users',
    ]);
    const result = await drift({ shadow: serverUrl(), ignore: others }, { ignore: all });
    expect(result).toMatchObject({ drift: [], repair: [], adopt: [], warnings: [] });
  });

  it('objects of other programs, and partitions that are created at run time, by default', async () => {
    await database.query(`CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
      CREATE SCHEMA pgboss; CREATE TABLE pgboss.job (id int); CREATE TABLE knex_migrations (id int);
      CREATE TABLE other (id int) PARTITION BY RANGE (id); CREATE TABLE other_1 PARTITION OF other FOR VALUES FROM (0) TO (9)`);
    const { drift: found, ignored } = await drift({ shadow: serverUrl() });
    expect(found.map(({ object }) => object)).toEqual(['table other']);
    expect(ignored).toEqual(['schema pgboss', 'table events_2025', 'table knex_migrations']);
  });

  itInFull('statements are only about the rest', async () => {
    await database.query(`${make}; CREATE TABLE mine (m mood, FOREIGN KEY (id) REFERENCES users, id int)`);
    const { repair, adopt } = await drift({ shadow: serverUrl(), ignore: [...all, ...others] });
    expect([repair, adopt]).toEqual([
      [expect.stringContaining('DROP CONSTRAINT'), 'DROP TABLE "public"."mine"'],
      [expect.stringContaining('CREATE TABLE "public"."mine"'), expect.stringContaining('FOREIGN KEY')],
    ]);
  });

  it('nothing for a pattern without a match, which is reported', async () => {
    const ignore = ['table:evnts_*', 'index:users_name_idx', 'index:users.users_name_idx', 'column:public.users.nam*'];
    expect((await drift({ shadow: serverUrl(), ignore })).warnings).toEqual([
      'Nothing matches the ignore pattern table:evnts_*.',
    ]);
  });

  itInFull('extensions, and tables of entities that are not synchronized', async () => {
    await database.query('CREATE EXTENSION hstore; CREATE TABLE legacy (id int)');
    project.write(
      'data-source.js',
      `import { EntitySchema } from 'typeorm';
import { defineDataSource } from 'nest-migrate/data-source';
const legacy = new EntitySchema({ name: 'legacy', synchronize: false, columns: { id: { type: 'int', primary: true } } });
export default defineDataSource({ entities: [legacy], migrations: ['migrations/*.sql'] });
`,
    );
    const { stdout, code } = await cli('drift', database.url, '--shadow', serverUrl());
    project.write('data-source.js', dataSourceFile);
    expect([stdout, code]).toEqual([
      'No drift: the database matches its applied migrations.\nIgnored: extension hstore, table legacy.\n',
      0,
    ]);
  });
});

describe('the command', () => {
  it('lists the differences in words, exits with 3, and changes nothing', async () => {
    await database.query('DROP INDEX users_name_idx; CREATE INDEX adhoc ON users (born)');
    await database.query('ALTER TABLE billing.invoices ALTER note TYPE varchar(100)');
    const before = await catalog();
    const { stdout, stderr, code } = await cli('drift');
    expect(stdout).toMatchInlineSnapshot(`
      "The database differs from its applied migrations in 3 objects:
      ~ column billing.invoices.note: type varchar(50) in the migrations, varchar(100) in the database
      + index adhoc on users: in the database, not in the migrations
          CREATE INDEX adhoc ON public.users USING btree (born)
      - index users_name_idx on users: in the migrations, not in the database
          CREATE UNIQUE INDEX users_name_idx ON public.users USING btree (lower((name)::text)) WHERE (role = 'admin'::public.user_role)

      Nothing was changed. --sql shows the statements that undo the differences, or that a migration needs to adopt them.
      "
    `);
    expect([stderr, code]).toEqual([
      expect.stringMatching(
        /^! Repairing it would lose data: .*note: anything longer than 50 characters is cut off\)\.\n$/,
      ),
      3,
    ]);
    expect(await catalog()).toEqual(before);
  });

  itInFull('prints the statements in both directions with --sql, and the same as one object with --json', async () => {
    await database.query('CREATE INDEX adhoc ON users (born)');
    await database.query('ALTER TABLE billing.invoices ADD extra int');
    const { stdout, code } = await cli('drift', database.url, '--sql', '--shadow', serverUrl());
    expect(stdout).toMatchInlineSnapshot(`
      "The database differs from its applied migrations in 2 objects:
      + column billing.invoices.extra: in the database, not in the migrations
          integer
      + index adhoc on users: in the database, not in the migrations
          CREATE INDEX adhoc ON public.users USING btree (born)

      -- To change the database to match its migrations:
      DROP INDEX "public"."adhoc";
      -- Loses data: the data of column billing.invoices.extra.
      ALTER TABLE "billing"."invoices" DROP COLUMN "extra";

      -- Or, in a new migration (nest-migrate create Adopt --sql), to match the database:
      -- This database already has these changes: if nothing else is pending, record the migration with nest-migrate run --fake
      ALTER TABLE "billing"."invoices" ADD COLUMN "extra" integer;
      CREATE INDEX adhoc ON public.users USING btree (born);
      "
    `);
    expect(code).toBe(3);
    const json = await cli('drift', database.url, '--json', '--shadow', serverUrl());
    expect(JSON.parse(json.stdout)).toMatchInlineSnapshot(`
      {
        "adopt": [
          "ALTER TABLE "billing"."invoices" ADD COLUMN "extra" integer",
          "CREATE INDEX adhoc ON public.users USING btree (born)",
        ],
        "drift": [
          {
            "detail": "integer",
            "kind": "column",
            "object": "column billing.invoices.extra",
            "state": "unexpected",
          },
          {
            "detail": "CREATE INDEX adhoc ON public.users USING btree (born)",
            "kind": "index",
            "object": "index adhoc on users",
            "state": "unexpected",
          },
        ],
        "ignored": [],
        "losses": [
          {
            "loses": "the data of column billing.invoices.extra",
            "sql": "ALTER TABLE "billing"."invoices" DROP COLUMN "extra"",
          },
        ],
        "repair": [
          "DROP INDEX "public"."adhoc"",
          "ALTER TABLE "billing"."invoices" DROP COLUMN "extra"",
        ],
        "warnings": [
          "Repairing it would lose data: ALTER TABLE "billing"."invoices" DROP COLUMN "extra" (the data of column billing.invoices.extra).",
        ],
      }
    `);
    expect(json.code).toBe(3);
  });

  it('works for a role that may only read', async () => {
    const role = await createRole();
    await database.query(`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role.name}`);
    const reader = database.urlFor(role.name, role.password);
    const { stdout, code } = await cli('drift', reader, '--shadow', serverUrl());
    expect([stdout, code]).toEqual(['No drift: the database matches its applied migrations.\n', 0]);
    await database.query(`REVOKE SELECT ON migrations FROM ${role.name}`);
    const refused = await cli('drift', reader, '--shadow', serverUrl());
    expect(refused.stderr).toContain('This role may not read "migrations"');
    await database.query(`DROP OWNED BY ${role.name}`);
    await role.drop();
  });

  const catalog = (): Promise<unknown> =>
    database.query('SELECT relname FROM pg_class UNION ALL SELECT name FROM migrations ORDER BY 1');
});

describe('problems', () => {
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { stderr, stdout, code } = await cli('drift', ...(args as [string]));
    expect(stderr).not.toMatch(/hunter2|\n {4}at /);
    return `${stdout}${stderr}exit code ${code}`
      .replaceAll(project.dir, '')
      .replace(/127\.0\.0\.1:\d+\/\w+/g, 'server/db');
  };

  it('of a missing server, a wrong password, a wrong pattern and a missing shadow are reported', async () => {
    const noServer = 'postgres://me:hunter2@127.0.0.1:1/x';
    expect(await refused(noServer, '--connect-timeout', '100ms')).toMatchInlineSnapshot(`
      "no connection yet: connect ECONNREFUSED 127.0.0.1:1; retrying for 1 s
      ✖ No connection to postgres://me:***@server/db (tried 2 times): connect ECONNREFUSED 127.0.0.1:1.
      → Start the server, or correct its address, in DATABASE_URL. To wait longer or shorter: --connect-timeout 2min; in an app, the setting connect: { timeout: '2min' }. Nothing was changed.
      More: nest-migrate help CONNECTION_FAILED
      exit code 1"
    `);
    expect(await refused(database.urlFor('nobody', 'hunter2'))).toMatchInlineSnapshot(`
      "✖ Authentication failed at postgres://nobody:***@server/db: password authentication failed for user "nobody".
      → Correct the user and password, in DATABASE_URL. Nothing was changed.
      More: nest-migrate help AUTHENTICATION_FAILED
      exit code 1"
    `);
    expect(await refused(database.url, '--ignore', 'tabel:x', '--ignore', 'x', '--ignore', 'table:a..b'))
      .toMatchInlineSnapshot(`
      "✖ --ignore unknown kind in "tabel:x" (known: schema, table, column, index, constraint, trigger, policy, rule, view, sequence, type, function, comment, extension, collation, publication, subscription, event-trigger, server, fdw)
        --ignore must be <kind>:<name> or <schema>.<name>, such as "table:events_*" or "audit.*", but is "x"
        --ignore must be <kind>:<name> or <schema>.<name>, such as "table:events_*" or "audit.*", but is "table:a..b"
      → For example: --ignore 'schema:audit' --ignore 'table:public.events_*' --ignore 'index:*_adhoc_idx'
      More: nest-migrate help USAGE
      exit code 2"
    `);
    expect(await refused(database.url, '--shadow', noServer)).toMatchInlineSnapshot(`
      "✖ No shadow database could be created at postgres://me:***@server/db: connect ECONNREFUSED 127.0.0.1:1.
      → Correct --shadow; or leave it out: then PostgreSQL runs in the process.
      More: nest-migrate help CONNECTION_FAILED
      exit code 1"
    `);
  });

  it('of several settings are reported at once', async () => {
    const settings = {
      ignore: ['tabel:x', 7, 'x'],
      drift: { ignore: ['table:x'] },
      lockTimeout: 'soon',
    } as unknown as MigrateSettings;
    await expect(drift({}, settings)).rejects.toMatchObject({
      code: 'OPTIONS_INVALID',
      exitCode: 2,
      message: expect.stringMatching(
        /lockTimeout[^]*drift.ignore is now called ignore[^]*unknown kind in "tabel:x"[^]*but is 7[^]*but is "x"/,
      ),
    });
  });

  itInFull('of an applied migration that is missing are refused, except after a squash', async () => {
    await database.query("INSERT INTO migrations (timestamp, name) VALUES (1700000000009, 'Newer1700000000009')");
    expect(await refused(database.url)).toMatchInlineSnapshot(`
      "✖ Applied in the database, but not here: Newer1700000000009. What it created is unknown without the file, so nothing was compared.
      → Check out the deployed version of the app, with its migrations; \`nest-migrate status\` lists the applied migrations.
      More: nest-migrate help MIGRATION_FILE_MISSING
      exit code 1"
    `);
    await database.query(
      "UPDATE migrations SET name = 'Older1600000000009', timestamp = 1600000000009 WHERE name LIKE 'Newer%'",
    );
    const { drift: found, warnings } = await drift({ shadow: serverUrl() });
    expect(found).toEqual([]);
    expect(warnings).toEqual([
      'Applied, but without a file, and older than every file: Older1600000000009. The files are assumed to contain their changes.',
    ]);
  });

  itInFull('a migration that cannot be replayed', async () => {
    project.write('migrations/1700000000005-broken.sql', '-- up\nUPDATE nowhere SET x = 1;\n-- down\n');
    await database.query("INSERT INTO migrations (timestamp, name) VALUES (1700000000005, 'Broken1700000000005')");
    const said = await refused(database.url, '--shadow', serverUrl());
    rmSync(join(project.dir, 'migrations/1700000000005-broken.sql'));
    expect(said).toMatchInlineSnapshot(`
      "✖ Migration Broken1700000000005 could not be replayed on the empty shadow database: relation "nowhere" does not exist (42P01).
          UPDATE nowhere SET x = 1
        Nothing was written.
      → No earlier migration names "nowhere". If the name is right, these migrations continue a schema that was there before the first one (made by synchronize, or loaded from a dump), so no new database can be made from them. The way out: nest-migrate help missing-beginning
        If only this is missing, such as an object of another program, add it to the settings of nest-migrate: initialState: "CREATE TABLE nowhere …"
      More: nest-migrate help REPLAY_FAILED
      exit code 1"
    `);
  });

  itInFull('of a session that is changing an object are handled', async () => {
    const other = await database.client();
    await other.query('BEGIN; ALTER VIEW loud RENAME TO louder; ALTER TABLE users ADD held int');
    expect(await refused(database.url, '--shadow', serverUrl(), '--lock-timeout', '100ms')).toMatchInlineSnapshot(`
      "✖ The schema could not be read: another session held a lock on one of its objects for longer than 100 ms, as a running migration does. Nothing was changed.
      → Try again later, or wait longer: --lock-timeout 30s
      More: nest-migrate help LOCK_NOT_ACQUIRED
      exit code 1"
    `);
    await other.query('ROLLBACK');
  });

  it('if nothing is applied: everything is unexpected', async () => {
    await database.query('DROP TABLE migrations, migrations_log');
    const { drift: found, warnings } = await drift({ shadow: serverUrl() });
    expect(found.map(({ object, state }) => `${state} ${object}`)).toContain('unexpected table users');
    expect(warnings[0]).toMatch(/^No migration is applied to this database, .*`nest-migrate baseline` adopts/);
    expect(await database.query("SELECT to_regclass('migrations') AS ledger")).toEqual([{ ledger: null }]);
  });

  it('of a migration that stopped in the middle, and one that was changed afterwards, are reported', async () => {
    project.write(
      'migrations/1700000000002-later.sql',
      '-- transaction: false\n-- up\nCREATE TABLE half (id int);\nSELECT 1/0;\n-- down\n',
    );
    expect((await cli('run')).code).toBe(1);
    project.write('migrations/1700000000001-shop.sql', shop.replace("'nobody'", "'somebody'"));
    const { drift: found, warnings } = await drift({ shadow: serverUrl() });
    project.write('migrations/1700000000002-later.sql', later);
    project.write('migrations/1700000000001-shop.sql', shop);
    expect(found.map(({ object }) => object)).toEqual(['table half', 'column users.name']);
    expect(warnings).toEqual([
      expect.stringContaining('Later1700000000002 stopped in the middle (up) after 1 statement:'),
      'Shop1700000000001 was edited after it was applied: its current version is compared.',
      'Repairing it would lose data: DROP TABLE "public"."half" (the data of table half).',
    ]);
  });
});

describe('other databases', () => {
  const entities = `import { Check, Column, Entity, Index, ManyToOne, PrimaryGeneratedColumn, ViewEntity, ViewColumn } from 'typeorm';
@Entity('users') @Check('age > 0') @Index(['name'], { where: 'age > 18' })
export class User {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column({ length: 40 }) name!: string;
  @Column('int', { default: 1 }) age!: number;
  @Column('enum', { enum: ['admin', 'member'], default: 'member' }) role!: string;
  @Column('text', { asExpression: "upper(name)", generatedType: 'STORED' }) loud!: string;
  @Column('simple-json', { nullable: true }) data!: object;
  @Column('timestamptz', { default: () => 'now()' }) at!: Date;
}
@Entity({ name: 'posts', schema: 'blog' })
export class Post {
  @PrimaryGeneratedColumn() id!: number;
  @ManyToOne(() => User, { onDelete: 'CASCADE' }) author!: User;
}
@ViewEntity('adults', { expression: 'SELECT id, name FROM users WHERE age >= 18' })
export class Adult { @ViewColumn() id!: string; @ViewColumn() name!: string; }
`;
  const app = (options: string): TestProject =>
    createProject({
      'package.json': '{ "name": "app" }',
      'tsconfig.json':
        '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "skipLibCheck": true } }',
      'src/all.entity.ts': entities,
      'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['src/*.entity.ts'], migrations: ['migrations/*.ts'], ${options} });
`,
    });
  const clean = ['No drift: the database matches its applied migrations.\n', 0];

  if (full)
    it('have no drift after generate and run, and deferred migrations do not count', async () => {
      const own = app('');
      const empty = await createDatabase();
      const at = (...args: readonly string[]) => runCli(args, { cwd: own.dir, env: { DATABASE_URL: empty.url } });
      await at('generate', '--shadow', serverUrl());
      expect((await at('run')).code).toBe(0);
      const { stdout, stderr, code } = await at('drift');
      expect([stdout.replace(/Left alone.*\n/, ''), code, stderr]).toEqual([...clean, '']);
      own.write(
        'src/all.entity.ts',
        entities.replace(/  @Column\('simple-json'.*\n/, '').replace("'member']", "'member', 'guest']"),
      );
      const made = await at('generate', '--shadow', serverUrl(), '--allow-destructive');
      expect(made.stdout).toContain('contract');
      await at('run', '--phase', 'expand');
      const deferred = await at('drift', '--shadow', serverUrl());
      expect([deferred.stdout, deferred.code]).toEqual(clean);
      await at('run', '--phase', 'all');
      expect((await at('drift', '--shadow', serverUrl())).stdout).toBe(clean[0]);
      await at('revert', '--count', '2');
      expect((await at('drift', '--shadow', serverUrl())).stdout).toBe(clean[0]);
      own.remove();
      await empty.drop();
    });

  itInFull('tables of the tool in a schema of their own, under other names', async () => {
    const own = app("schema: 'app', migrationsTableName: 'applied', metadataTableName: 'views'");
    const empty = await createDatabase();
    await empty.query(`CREATE SCHEMA app; ALTER DATABASE ${empty.name} SET search_path = app, public`);
    const at = (...args: readonly string[]) => runCli(args, { cwd: own.dir, env: { DATABASE_URL: empty.url } });
    own.write(
      'migrations/1700000000001-a.ts',
      `export class A1700000000001 { up(q: any) { return q.query('CREATE TABLE public.a (id int)'); } down() {} }`,
    );
    expect((await at('run')).code).toBe(0);
    const { stdout, code } = await at('drift', '--shadow', serverUrl());
    expect([stdout.replace(/Left alone.*\n/, ''), code]).toEqual(clean);
    own.remove();
    await empty.drop();
  });

  itInFull('the embedded one', async () => {
    const at = (...args: readonly string[]) => runCli(args, { cwd: project.dir });
    expect((await at('run', '--to', '1700000000001')).code).toBe(0);
    const { stdout, code } = await at('drift');
    expect([stdout, code]).toEqual(clean);
  });
});
