import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CheckResult } from '../../src/commands/check/types.js';
import { createDatabase, serverUrl } from '../support/database.js';
import { runCli } from '../support/cli.js';
import { createProject } from '../support/project.js';
import { addEmail, checkedProject, dataSource, entity, lock, said, sql } from './checked-project.js';
import type { CheckedProject } from './checked-project.js';
import { itInFull } from '../support/sample.js';

let project: CheckedProject;
beforeEach(() => void (project = checkedProject()));
afterEach(() => project.remove());

const git = (...args: string[]): void => {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
  execFileSync('git', [...who, ...args], { cwd: project.dir, stdio: 'pipe' });
};
const onServer = (...args: string[]) => project.cli('check', '--shadow', serverUrl(), ...args);

describe('human output', () => {
  it('lists every step of a good project, exit code 0', async () => {
    expect(await project.check('files', '--write-lock')).toMatchObject({ ok: true, written: lock, code: 0 });
    git('init', '-q', '-b', 'main');
    git('add', 'migrations');
    git('commit', '-qm', 'first');
    const { stdout, stderr, code } = await onServer();
    expect([stdout, stderr, code]).toEqual([
      `✓ files    all files can be loaded, and migrations.lock matches them
✓ branches no two branches conflict
✓ replay   every migration runs on an empty database and can be reverted
✓ entities the migrations match the entities
✓ lint     no migration was judged: none is new since main

Good: 4 steps passed; lint judged no migration.
`,
      '',
      0,
    ]);
  });

  itInFull('the example of this repository is good', async () => {
    const { stdout } = await runCli(['check', '--shadow', serverUrl(), '--skip', 'lint'], { cwd: process.cwd() });
    expect(stdout).toContain('Good: 4 steps passed.');
  });

  it('reports all problems at once with the next step, exit code 3', async () => {
    project.migration('1700000000002-AddNick', 'ALTER TABLE users ADD nick text', 'SELECT 1');
    const { stdout, code } = await onServer();
    expect(stdout).toBe(`! files
  ! There is no migrations/migrations.lock: if two branches add migrations, a conflict between them would only show in a database.
    → nest-migrate check --write-lock, and commit it
✓ branches no two branches conflict
✗ replay
  ✗ The down of AddNick1700000000002 does not restore the schema from before its up  (migrations/1700000000002-AddNick.sql):
      column users.nick exists, but did not before
    → Correct its down, then: nest-migrate check --write-lock. If it cannot be undone, make its down throw an error that says so.
✓ entities the migrations match the entities
! lint
  ! No migration was judged: This is not a git repository, so nest-migrate cannot tell which migrations are new.
    → nest-migrate check --since <revision>, or nest-migrate lint --all

Failed: replay.
`);
    expect(code).toBe(3);
  });

  it('shows what a new migration would do to a database in use', async () => {
    git('init', '-q', '-b', 'main');
    git('add', 'migrations');
    git('commit', '-qm', 'first');
    project.migration('1700000000002-IndexName', 'CREATE INDEX by_name ON users (name)', 'DROP INDEX by_name');
    project.write('src/user.entity.ts', entity('@Column() name!: string; @Column() nick!: string;'));
    const { steps, code } = await project.check(
      'lint,entities',
      '--ignore',
      'column:users.nick',
      '--ignore',
      'index:by_name',
    );
    expect(code).toBe(3);
    expect(steps).toMatchObject([
      { name: 'entities', state: 'ok' },
      {
        name: 'lint',
        state: 'failed',
        judged: { migrations: 1, chosen: 'new since main' },
        findings: [
          {
            severity: 'error',
            message: 'Every write to public.users waits until the index by_name is built. (create-index-blocking)',
            file: 'migrations/1700000000002-IndexName.sql',
            line: 2,
            next: 'nest-migrate lint migrations/1700000000002-IndexName.sql shows what to write instead',
          },
        ],
      },
    ]);
  });

  it('lists the questions that the next migration has to answer, without the flags for that', async () => {
    project.write(
      'src/user.entity.ts',
      entity(
        '@Column() name!: string; @Column() a!: string; @Column() b!: string; @Column() c!: string; @Column() d!: string;',
      ),
    );
    const { steps, code } = await project.check('entities');
    expect(code).toBe(3);
    expect(steps[0]?.findings).toEqual([
      {
        severity: 'error',
        message: expect.stringMatching(
          /^The entities have changed, and 4 questions are open:\n {2}users\.a .*\n {2}users\.b .*\n[^]*users\.d .*$/,
        ),
        next: 'nest-migrate generate',
      },
    ]);
  });

  it('contains escaped annotations in a GitHub workflow', async () => {
    await project.locked();
    project.migration('1700000000002-a,b', 'ALTER TABLE users ADD nick text', "SELECT '100%'");
    const { stdout, code } = await onServer('--format', 'github', '--only', 'files,replay');
    expect(stdout).toContain(
      '::error file=migrations/1700000000002-a%2Cb.sql,title=nest-migrate check%3A files::1700000000002-a,b is not in migrations.lock.%0A→ nest-migrate check --write-lock, and commit it\n',
    );
    expect(stdout).toMatch(
      /^::error file=[^:\n]*,title=nest-migrate check%3A replay::The down of .*%0A {2}column users\.nick/m,
    );
    expect(code).toBe(3);
    project.write(lock, `${project.read(lock)}100% wrong\n`);
    expect((await onServer('--format', 'github', '--only', 'files')).stdout).toContain(
      `::error file=${lock},line=4,title=nest-migrate check%3A files::Line 4 of migrations.lock was not written by nest-migrate: "100%25 wrong".`,
    );
  });
});

describe('replay', () => {
  it('continues after a wrong down, and reports each one', async () => {
    project.migration('1700000000002-Wrong', 'ALTER TABLE users ADD a text', 'ALTER TABLE users ADD b text');
    project.migration('1700000000003-Fails', 'ALTER TABLE users ADD c text', 'DROP TABLE nowhere');
    project.write('migrations/1700000000004-Never.sql', '-- up\nALTER TABLE users ADD d text;\n');
    project.migration(
      '1700000000005-Refuses',
      'ALTER TABLE users ADD e text',
      "DO $$ BEGIN RAISE EXCEPTION 'the data is gone.'; END $$",
    );
    project.write(
      'migrations/1700000000006-Class.js',
      `exports.Class1700000000006 = class Class1700000000006 {
  async up(q) { await q.query('CREATE INDEX i ON users (name)'); }
  async down() { throw new Error('irreversible'); }
};`,
    );
    // TypeORM refuses to delete everything.
    project.write(
      'migrations/1700000000006-DeletesAll.js',
      `exports.DeletesAll1700000000006 = class DeletesAll1700000000006 {
  async up(q) { await q.query("INSERT INTO users (name) VALUES ('a')"); }
  async down(q) { const { TypeORMError } = require('typeorm'); class EmptyCriteria extends TypeORMError {} throw new EmptyCriteria('Empty criteria(s).'); }
};`,
    );
    project.write(
      'migrations/1700000000007-Alone.sql',
      '-- transaction: false\n-- up\nCREATE INDEX CONCURRENTLY j ON users (name);\n-- down\nSELECT 1;\n',
    );
    project.migration('1700000000008-Good', 'CREATE TABLE notes (id int)', 'DROP TABLE notes');
    // What a down has committed is not undone by a rollback, so the up follows again.
    project.write(
      'migrations/1700000000009-Commits.js',
      `exports.Commits1700000000009 = class Commits1700000000009 {
  async up(q) { await q.query('COMMIT; CREATE TABLE a (id int)'); }
  async down(q) { await q.query('DROP TABLE a; COMMIT; BEGIN'); }
};`,
    );
    project.write(
      'migrations/1700000000010-CommitsToo.js',
      `const ends = async (q) => { await q.commitTransaction(); await q.startTransaction(); };
exports.CommitsToo1700000000010 = class CommitsToo1700000000010 {
  async up(q) { await q.query('CREATE TABLE b (id int)'); await ends(q); await q.query('CREATE TABLE c (id int)'); }
  async down(q) { await q.query('DROP TABLE c'); await ends(q); await q.query('DROP TABLE b'); }
};`,
    );
    project.migration(
      '1700000000011-After',
      'ALTER TABLE a ADD m int; ALTER TABLE b ADD m int',
      'ALTER TABLE a DROP m; ALTER TABLE b DROP m',
    );
    project.migration('1700000000012-Kind', `CREATE TYPE kind AS ENUM ('b', 'a')`, 'DROP TYPE kind');
    project.migration(
      '1700000000013-Sorted',
      `ALTER TYPE kind ADD VALUE 'c'`,
      `DROP TYPE kind; CREATE TYPE kind AS ENUM ('a', 'b')`,
    );
    const { state, findings } = await project.step('replay');
    expect(state).toBe('failed');
    expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'error: The down of Wrong1700000000002 does not restore the schema from before its up:\n  column users.a exists, but did not before\n  column users.b exists, but did not before',
      'error: Fails1700000000003 cannot be reverted: its down fails: table "nowhere" does not exist (42P01).',
      'notice: Never1700000000004 cannot be reverted: it has no down.',
      'notice: Refuses1700000000005 cannot be reverted: its down refuses: the data is gone.',
      'notice: Class1700000000006 cannot be reverted: its down refuses: irreversible.',
      'error: DeletesAll1700000000006 cannot be reverted: its down fails: Empty criteria(s).',
      'error: The down of Alone1700000000007 does not restore the schema from before its up:\n  index j exists, but did not before',
      'error: The down of Sorted1700000000013 does not restore the schema from before its up:\n  type kind has its values in another order',
    ]);
  });

  it('does not repeat what migrations print of their progress, but what they warn of', async () => {
    project.write(
      'migrations/1700000000002-Talks.js',
      `exports.Talks1700000000002 = class Talks1700000000002 {
  async up() { console.log('going up'); console.warn('slow'); }
  async down() { console.info('going down'); }
};`,
    );
    const { stdout, stderr } = await project.cli('check', '--only', 'replay', '--shadow', serverUrl());
    expect(stdout + stderr).not.toContain('going');
    expect(stderr).toContain('slow');
  });

  itInFull(
    'a down that makes expressions from printed text leads back, and the entities have not changed',
    async () => {
      const printed = `((name)::text = ANY ((ARRAY['Ada'::character varying, 'Bob'::character varying])::text[]))`;
      const [listed, list] = [`"name" IN ('Ada', 'Bob')`, `l character varying[] NOT NULL DEFAULT`];
      project.migration(
        '1700000000002-AddChecks',
        `ALTER TABLE users ADD CONSTRAINT known CHECK (${listed}), ADD g boolean NOT NULL GENERATED ALWAYS AS (${listed}) STORED, ADD ${list} ARRAY['x', 'y'];
       CREATE INDEX few ON users (id) WHERE ${listed}`,
        'ALTER TABLE users DROP CONSTRAINT known, DROP g, DROP l; DROP INDEX few',
      );
      project.migration(
        '1700000000003-DropAndMake',
        'ALTER TABLE users DROP CONSTRAINT known, DROP g, DROP l; DROP INDEX few',
        `ALTER TABLE users ADD CONSTRAINT known CHECK (${printed}), ADD g boolean NOT NULL GENERATED ALWAYS AS (${printed}) STORED, ADD ${list} ARRAY['x'::text, 'y'::text];
       CREATE INDEX few ON users USING btree (id) WHERE ${printed}`,
      );
      project.migration(
        '1700000000004-FromPrinted',
        `ALTER TABLE users ADD CONSTRAINT known CHECK (${printed}), ADD ${list} ARRAY['x'::text, 'y'::text];
       CREATE INDEX few ON users (id) WHERE ${printed}`,
        'ALTER TABLE users DROP CONSTRAINT known, DROP l; DROP INDEX few',
      );
      project.write(
        'src/user.entity.ts',
        entity(`@Column() name!: string;
  @Column({ type: 'varchar', array: true, default: () => \`ARRAY['x', 'y']\` }) l!: string[];`)
          .replace('import {', 'import { Check, Index,')
          .replace(
            '@Entity',
            `@Check('known', \`${listed}\`)\n@Index('few', ['id'], { where: \`${listed}\` })\n@Entity`,
          ),
      );
      const { steps } = await project.check('replay,entities');
      expect(steps.flatMap(({ findings }) => findings)).toEqual([]);
    },
  );

  it('fails for a migration that throws on an empty database', async () => {
    project.migration(
      '1700000000002-Broken',
      'UPDATE users SET name = 1 / 0; SELECT 1 / (SELECT count(*) FROM users)',
      'SELECT 1',
    );
    project.migration('1700000000003-Later', ...addEmail);
    const { code, steps } = await project.check('replay,entities');
    expect(code).toBe(3);
    expect(steps[0]?.findings[0]?.message).toMatch(
      /^Broken1700000000002 cannot be judged, because it could not be replayed on the empty shadow database: division by zero \(22012\)\.[^]*\nThe 1 after it is not judged either\.$/,
    );
    expect(steps[1]).toMatchObject({
      name: 'entities',
      state: 'failed',
      findings: [{ message: expect.stringContaining('division by zero') }],
    });
  });

  itInFull('is not proven again, in the process, where nothing has changed', async () => {
    project.migration('1700000000002-Wrong', 'ALTER TABLE users ADD a text', 'SELECT 1');
    const inProcess = async (env: Readonly<Record<string, string>> = {}): Promise<CheckResult> => {
      const run = await runCli(['check', '--only', 'replay', '--json'], { cwd: project.dir, env });
      return JSON.parse(run.stdout) as CheckResult;
    };
    project.write(
      'without-postgres.cjs',
      `const hooks = \`export function resolve(name, context, next) {
  if (name === '@electric-sql/pglite') throw new Error('PostgreSQL is loaded.');
  return next(name, context);
}\`;
require('node:module').register('data:text/javascript,' + encodeURIComponent(hooks));`,
    );
    const withoutPostgres = { NODE_OPTIONS: '--require ./without-postgres.cjs' };
    const failed = JSON.stringify(await inProcess(withoutPostgres));
    expect(failed).toContain('PostgreSQL is loaded.');
    const first = await inProcess();
    expect(await inProcess(withoutPostgres)).toEqual(first);
    project.migration('1700000000002-Wrong', 'ALTER TABLE users ADD a text', 'ALTER TABLE users DROP a');
    project.migration('1700000000003-More', ...addEmail);
    expect(await inProcess()).toMatchObject({ ok: true });
  });
});

describe('entities', () => {
  itInFull('that have changed: the statements', async () => {
    project.write('src/user.entity.ts', entity('@Column() name!: string; @Column({ nullable: true }) city?: string;'));
    expect(await project.step('entities')).toMatchObject({
      state: 'failed',
      findings: [
        {
          message:
            'The entities have changed. A statement is missing from the migrations:\n  ALTER TABLE "users" ADD COLUMN "city" character varying',
          next: 'nest-migrate generate',
        },
      ],
    });
  });

  itInFull('accept the same default in other words, and report a different value', async () => {
    const defaults: readonly (readonly [name: string, type: string, options: string, inMigration: string])[] = [
      ['a', 'bigint', `default: 0`, `'0'::bigint`],
      ['b', 'numeric(10,2)', `default: 0`, `0.00`],
      ['c', 'character varying(20)', `default: 'ab'`, `('a'::text || 'b'::text)`],
      [
        'd',
        'character varying[]',
        `array: true, default: () => "ARRAY['x', 'y']"`,
        `(ARRAY['x'::text, 'y'::text])::varchar[]`,
      ],
      ['e', 'interval', `default: '1 hour'`, `'3600 seconds'::interval`],
      ['f', 'timestamp with time zone', `default: () => 'now()'`, `('now'::text)::timestamptz`],
      ['g', 'timestamp without time zone', `default: () => 'CURRENT_TIMESTAMP'`, `transaction_timestamp()`],
      ['h', 'date', `default: () => 'CURRENT_DATE'`, `('now'::text)::date`],
      ['i', 'text', `default: 'postgres'`, `CURRENT_USER`],
      ['j', 'numeric', `default: '1.0'`, `1`],
      ['k', 'timestamp with time zone', `default: 'now()'`, `'2020-01-01 00:00:00+00'::timestamptz`],
    ];
    const added = defaults.map(([name, type, , text]) => `ADD ${name} ${type} NOT NULL DEFAULT ${text}`);
    project.migration(
      '1700000000002-AddDefaults',
      `ALTER TABLE users ${added.join(', ')}`,
      `ALTER TABLE users ${defaults.map(([name]) => `DROP ${name}`).join(', ')}`,
    );
    const properties = defaults.map(([name, type, options]) => {
      const [, base, length] = /^([^([]+)(?:\((.*)\))?/.exec(type) ?? [];
      const [first, second] = length?.split(',') ?? [];
      const limits = second === undefined ? `length: ${first}` : `precision: ${first}, scale: ${second}`;
      return `@Column({ type: '${base}', ${first === undefined ? '' : `${limits},`} ${options} }) ${name}!: any;`;
    });
    project.write('src/user.entity.ts', entity(['@Column() name!: string;', ...properties].join('\n  ')));
    const { findings } = await project.step('entities');
    expect(findings.map(({ message }) => message)).toEqual([
      `The entities have changed. 2 statements are missing from the migrations:
  ALTER TABLE "users" ALTER COLUMN "i" SET DEFAULT 'postgres'::text
  ALTER TABLE "users" ALTER COLUMN "j" SET DEFAULT 1.0`,
    ]);
    const { warnings } = JSON.parse(
      (await project.cli('generate', '--json', '--dry-run', '--shadow', serverUrl())).stdout,
    ) as { readonly warnings: readonly string[] };
    expect(warnings).toEqual([
      `The default of users.k is the string 'now()', which PostgreSQL turns into the moment at which it reads it: all rows get that one. For the time of each row, write default: () => 'now()'.`,
    ]);
  });

  it('report a question that only the author can answer', async () => {
    project.write('src/user.entity.ts', entity('@Column() fullName!: string;'));
    const { findings } = await project.step('entities');
    expect(findings[0]?.message).toContain(
      'users.name is no longer in the entities, and users.fullName is new: was it renamed?',
    );
    expect(findings[0]?.next).toContain('--rename users.name=fullName');
  });
});

describe('--with-rows', () => {
  it('tries new migrations on invented rows, and does not fail for tables that cannot be filled', async () => {
    project.migration(
      '1700000000002-Shop',
      `CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{3}$');
       CREATE TABLE parcels (code code NOT NULL);
       CREATE TABLE orders (id uuid PRIMARY KEY, buyer int NOT NULL REFERENCES users, parent uuid REFERENCES orders, total int NOT NULL, discount int, paid boolean NOT NULL)`,
      'DROP TABLE orders, parcels; DROP DOMAIN code',
    );
    git('init', '-q', '-b', 'main');
    git('add', 'migrations');
    git('commit', '-qm', 'first');
    project.migration(
      '1700000000003-Copy',
      `${addEmail[0]}; UPDATE users SET email = name; INSERT INTO users (name) VALUES ('Ada')`,
      `DELETE FROM users WHERE name = 'Ada'; ${addEmail[1]}`,
    );
    project.migration('1700000000004-Parcels', 'ALTER TABLE parcels ADD weight int', 'ALTER TABLE parcels DROP weight');
    project.migration(
      '1700000000005-Ratio',
      'ALTER TABLE orders ADD ratio int; UPDATE orders SET ratio = total / discount',
      'ALTER TABLE orders DROP ratio',
    );
    project.migration('1700000000006-Later', 'CREATE TABLE later ()', 'DROP TABLE later');
    const found = async (): Promise<unknown> => {
      const { steps, code } = await project.check('files', '--with-rows');
      const { state, judged, findings = [] } = steps.find(({ name }) => name === 'rows') ?? {};
      return [
        code,
        state,
        judged?.migrations,
        ...findings.map(({ severity, message }) => `${severity} ${message.split('\n')[0]}`),
      ];
    };
    const parcels = `notice Parcels1700000000004 was not tried on rows of table parcels, because no row could be made up: value for domain code violates check constraint "code_check".`;
    expect(await found()).toEqual([
      3,
      'failed',
      4,
      parcels,
      'error Ratio1700000000005 fails where its tables have rows: its up failed: division by zero (22012).',
      'notice The migration after Ratio1700000000005 was not tried on rows.',
    ]);
    project.migration(
      '1700000000005-Ratio',
      'ALTER TABLE orders ADD UNIQUE (paid)',
      'ALTER TABLE orders DROP CONSTRAINT orders_paid_key',
    );
    project.delete('migrations/1700000000006-Later.sql');
    expect(await found()).toEqual([
      0,
      'notice',
      3,
      parcels,
      'notice Ratio1700000000005 fails where its tables have rows: its up failed: could not create unique index "orders_paid_key" (23505).',
    ]);
  });
});

describe('--with-rows, after an earlier migration', () => {
  itInFull('uses the rows that a table already has', async () => {
    git('init', '-q', '-b', 'main');
    git('add', 'migrations');
    git('commit', '-qm', 'first');
    project.migration(
      '1700000000002-Parcels',
      'CREATE TABLE parcels (id bigserial PRIMARY KEY, weight int NOT NULL)',
      'DROP TABLE parcels',
    );
    project.migration('1700000000003-Size', 'ALTER TABLE parcels ADD size int', 'ALTER TABLE parcels DROP size');
    project.migration('1700000000004-Name', 'ALTER TABLE parcels ADD name text', 'ALTER TABLE parcels DROP name');
    const { steps } = await project.check('files', '--with-rows');
    expect(steps.find(({ name }) => name === 'rows')).toMatchObject({ state: 'ok', judged: { migrations: 3 } });
  });
});

describe('--database', () => {
  it('reports pending, edited, missing and out-of-order migrations', async () => {
    const database = await createDatabase();
    try {
      project.write('.env', `DATABASE_URL=${database.url}\n`);
      project.migration('1700000000003-AddEmail', ...addEmail);
      await project.locked();
      const pending = await project.check('files', '--database');
      expect([pending.code, said(pending.steps[1])]).toEqual([
        3,
        ['CreateUsers1700000000001 is pending.', 'AddEmail1700000000003 is pending.'],
      ]);
      await project.cli('run');
      expect(await project.check('files', '--database')).toMatchObject({
        ok: true,
        steps: [{}, { name: 'database', state: 'ok' }, { name: 'drift', state: 'ok' }],
      });
      await database.query('CREATE INDEX by_hand ON users (name)');
      expect(said((await project.check('files', '--database')).steps[2])).toEqual([
        'index by_hand on users: in the database, not in the migrations.',
      ]);
      await database.query('DROP INDEX by_hand');
      project.write('migrations/1700000000003-AddEmail.sql', sql('ALTER TABLE users ADD email varchar', addEmail[1]));
      project.migration('1700000000002-Late', 'CREATE TABLE late ()', 'DROP TABLE late');
      await database.query(`INSERT INTO migrations (timestamp, name) VALUES (1700000000000, 'Gone1700000000000')`);
      expect(said((await project.check('files', '--database')).steps[1])).toEqual([
        'Late1700000000002 is pending.',
        'Gone1700000000000 is applied, but its file is not here: it cannot be reverted.',
        'Late1700000000002 is pending, but older than one that is applied.',
        'AddEmail1700000000003 was edited after it was applied.',
      ]);
    } finally {
      await database.drop();
    }
  });

  itInFull('a server that is not there: the other steps are done, exit code 1', async () => {
    project.write('.env', 'DATABASE_URL=postgres://me:hunter2@127.0.0.1:1/x\n');
    const { stdout, code } = await onServer('--only', 'files', '--database', '--connect-timeout', '100ms');
    expect(stdout).toContain('! files');
    expect(stdout).toContain('✗ database\n  ✗ No connection to postgres://me:***@127.0.0.1:1/x');
    expect(code).toBe(1);
  });
});

describe('--all-data-sources', () => {
  const source = (folder: string, more = ''): string =>
    `module.exports = new (require('typeorm').DataSource)({ type: 'postgres', entities: [], migrations: [__dirname + '/${folder}/*.sql']${more} });`;
  const all = (...args: string[]) => project.cli('check', '--all-data-sources', '--only', 'files', ...args);

  itInFull(
    'checks each on its own, with its own settings and environment, and ends with the worst exit code',
    async () => {
      project.delete('data-source.ts');
      project.write(
        'package.json',
        JSON.stringify({ name: 'app', scripts: { typeorm: 'env-cmd -f a.env typeorm -d a.js' } }),
      );
      project.write('a.env', 'ONLY_A=yes');
      project.write('a.js', `if (!process.env.ONLY_A) throw new Error('no environment');\n${source('migrations')}`);
      project.write('apps/b/package.json', '{ "name": "b" }');
      project.write('apps/b/b.js', `if (process.env.ONLY_A) throw new Error('environment of a');\n${source('none')}`);
      project.write('test/c.js', source('none'));

      const good = await all('--write-lock');
      expect([good.code, good.stderr]).toEqual([0, '']);
      expect(good.stdout).toBe(`a.js
Written: migrations/migrations.lock
✓ files    all files can be loaded, and migrations.lock matches them

apps/b/b.js (in apps/b)
! files
  ! No migration matches none/*.sql (looked in none).
    → nest-migrate generate; or correct \`migrations\` in the data source

Good: 2 data sources.
`);
      project.write('apps/b/none/1700000000001-One.sql', sql('COMMIT', 'SELECT 1'));
      project.write('a.js', `throw new Error('broken');\n${source('migrations')}`);
      const json = await all('--json');
      const file = 'apps/b/none/1700000000001-One.sql';
      expect([json.code, JSON.parse(json.stdout)]).toMatchObject([
        1,
        {
          ok: false,
          dataSources: [
            { dataSource: 'a.js', ok: false, error: { message: expect.stringContaining('broken') } },
            {
              dataSource: 'apps/b/b.js',
              ok: false,
              steps: [{ name: 'files', state: 'failed', findings: [{ file }, { severity: 'notice' }] }],
            },
          ],
        },
      ]);
      expect(await project.cli('check', '--all-data-sources', '--data-source', 'a.js')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--all-data-sources cannot be used with --data-source'),
      });
      // A list in package.json is complete, and has settings for each.
      const settings = { 'apps/b/b.js': { lockTimeout: 'soon' } };
      project.write('package.json', JSON.stringify({ 'nest-migrate': { dataSources: settings } }));
      const listed = await all();
      expect([listed.code, listed.stdout]).toEqual([
        2,
        expect.stringMatching(
          /^apps\/b\/b\.js\n✖ The settings of nest-migrate are not valid:\n {2}- lockTimeout[^]*\n\nFailed: apps\/b\/b\.js\.\n$/,
        ),
      ]);
    },
  );
});

describe('invalid input', () => {
  it('reports that there are no migrations', async () => {
    project.write('data-source.ts', dataSource.replace('migrations/*', 'elsewhere/*'));
    const { code, steps } = await project.check('files,branches,replay');
    expect(code).toBe(0);
    expect(steps[0]).toMatchObject({
      state: 'notice',
      findings: [{ message: 'No migration matches elsewhere/*.{ts,js,sql} (looked in elsewhere).' }],
    });
  });

  it('reports files that cannot be loaded, and two with the same timestamp', async () => {
    project.write('migrations/1700000000002-Syntax.ts', 'export class {');
    project.write('migrations/1700000000003-Nothing.js', 'exports.x = 1;');
    project.write('migrations/1700000000004-Bad.sql', 'SELECT 1;\n-- up\nSELECT 1;\n');
    project.migration('1700000000001-Same', ...addEmail);
    const { steps } = await project.check('files,replay,entities');
    const [files, ...others] = steps;
    expect(files?.findings.filter(({ severity }) => severity === 'error').map(({ file }) => file)).toEqual([
      'migrations/1700000000002-Syntax.ts',
      'migrations/1700000000003-Nothing.js',
      'migrations/1700000000004-Bad.sql',
    ]);
    expect(files?.findings.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/Same1700000000001 have the same timestamp|have the same timestamp.*order of their files/),
    );
    expect(others).toMatchObject([
      { state: 'failed', findings: [{ message: expect.stringContaining('cannot be judged') }] },
      { state: 'failed', findings: [{ message: expect.stringContaining('cannot be judged') }] },
    ]);
  });

  it('reports foreign migrations within a change, missing classes, and classes that the name of the file hides', async () => {
    const change = (name: string, ...classes: readonly string[]): unknown =>
      project.write(
        `migrations/${name}.js`,
        classes.map((one) => `exports.${one} = class ${one} { async up() {} async down() {} };\n`).join(''),
      );
    change('1700000000009-Good', 'GoodStep11700000000008', 'Good1700000000009');
    change('1700000000019-Wide', 'Other1700000000015', 'Wide1700000000019');
    change('1700000000029-Short', 'Short1700000000029');
    project.write(
      'migrations/1700000000029-Short.js',
      project.read('migrations/1700000000029-Short.js').replace('{ async up', '{ static steps = 2; async up'),
    );
    project.migration('1700000000008-Equal', 'SELECT 1', 'SELECT 1');
    project.migration('1700000000016-Between', 'SELECT 1', 'SELECT 1');
    const { findings } = await project.step('files');
    const about = (file: string): unknown[] =>
      findings
        .filter((one) => one.file?.includes(file) && !one.message.includes('migrations.lock'))
        .map(({ severity, message }) => [severity, message]);
    const text = (part: string): unknown => expect.stringContaining(part);
    expect(about('Good')).toEqual([]);
    expect(about('Equal')).toEqual([
      ['error', text('is within the change Good1700000000009 (1700000000008 to 1700000000009)')],
    ]);
    expect(about('Between')).toEqual([['error', text('is within the change Wide1700000000019')]]);
    expect(about('Wide')).toEqual([['notice', text('its name does not show that Other1700000000015 is one of them')]]);
    expect(about('Short')).toEqual([['error', text('ShortStep11700000000028 is missing')]]);
  });

  it('exits with 2 without a data source, and for an unknown step', async () => {
    const empty = createProject({ 'package.json': '{}' });
    expect((await runCli(['check'], { cwd: empty.dir })).code).toBe(2);
    empty.remove();
    const { code, stderr } = await onServer('--only', 'everything');
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('The steps are files, branches, replay, entities, lint'),
    ]);
  });
});
