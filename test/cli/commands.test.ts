import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runCli, runNode, startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { itInFull, sample } from '../support/sample.js';

const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, migrations: ['migrations/*.{ts,js,sql}'] });
`;
const createUsers = `import type { MigrationInterface, QueryRunner } from 'typeorm';
export class CreateUsers1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('CREATE TABLE users (id int)'); }
  async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('DROP TABLE users'); }
}
`;
const updatesUsers = (
  before: string,
  after: string,
): string => `exports.Unique1700000000003 = class Unique1700000000003 {
  async up(queryRunner) {
    await queryRunner.query('SELECT 1');
    ${before}await queryRunner.query('UPDATE users SET id = 1')${after}
  }
};
`;

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({
    'package.json': '{ "name": "app" }',
    '.env': `DATABASE_URL=${database.url}\n`,
    'data-source.ts': dataSource,
    'migrations/1700000000001-CreateUsers.ts': createUsers,
    'migrations/1700000000002-add-email.sql':
      '-- up\nALTER TABLE users ADD email text;\n\n-- down\nALTER TABLE users DROP COLUMN email;\n',
  });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

const cli = (...args: string[]) => runCli(args, { cwd: project.dir });
const json = async (...args: string[]): Promise<unknown> => {
  const { stdout, stderr } = await cli(...args, '--json');
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`Not one JSON object on stdout: ${stdout}\nstderr: ${stderr}`);
  }
};
const first = 'CreateUsers1700000000001';
const second = 'AddEmail1700000000002';

describe('human output', () => {
  it('of a run that waits for another process names that process, not what its session happens to do', async () => {
    project.write('migrations/1700000000003-slow.sql', '-- up\nSELECT pg_sleep(3);\n-- down\n');
    const both = await Promise.all([cli('run'), sleep(1500).then(() => cli('run'))]);
    expect(both.map(({ stderr }) => stderr).join('')).toMatch(
      /^another process is migrating, pid \d+ \(nest-migrate, \w+, from 127\.0\.0\.1\); waiting for [\d.]+ m?s$/m,
    );
  });

  it('of run, status and revert', async () => {
    const run = await cli('run');
    expect([run.code, run.stdout.replace(/[\d.]+ m?s\./, '0 ms.')]).toEqual([0, '2 migrations applied in 0 ms.\n']);
    expect(run.stderr).toMatch(/^✔ CreateUsers1700000000001 applied \d+ ms\n✔ AddEmail1700000000002 applied \d+ ms\n$/);
    const status = await cli('status');
    expect(status.stdout).toMatch(
      /^✔ CreateUsers1700000000001 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC {2}\d+ ms\n✔ AddEmail1700000000002 {5}/,
    );
    expect(status.stdout).toContain('2 migrations applied (last: AddEmail1700000000002); nothing is pending.');
    expect((await cli('revert')).stdout).toContain('1 migration reverted');
    expect((await cli('run', '--quiet')).stderr).toBe('');
    expect((await cli('run')).stdout).toBe('Nothing to do: nothing is pending.\n');
  });

  it('of --dry-run is a script', async () => {
    const { code, stdout } = await cli('run', '--dry-run');
    expect(code).toBe(0);
    expect(stdout)
      .toBe(`-- Dry run: each statement was executed on the server and rolled back, unless it is marked "not executed".

-- ${first}
CREATE TABLE users (id int);

-- ${second}
ALTER TABLE users ADD email text;
`);
  });

  it('of --dry-run includes the statements before a failure', async () => {
    project.write(
      'migrations/1700000000003-Broken.sql',
      '-- transaction: false\n-- up\nCREATE INDEX CONCURRENTLY i ON users (id);\nSELECT 1/0;\n',
    );
    const { code, stdout, stderr } = await cli('run', '--dry-run');
    expect([code, stderr.split('\n')[0]]).toEqual([
      1,
      '✖ Migration Broken1700000000003 failed at its statement 2 (line 4 of its file): division by zero (22012).',
    ]);
    expect(stdout).toContain(`
-- ${second}
ALTER TABLE users ADD email text;

-- Broken1700000000003
-- executed without CONCURRENTLY
CREATE INDEX CONCURRENTLY i ON users (id);

-- Stopped here: Migration Broken1700000000003 failed at its statement 2 (line 4 of its file): division by zero (22012).
--   SELECT 1/0
-- This was a dry run: everything was rolled back, the database is as it was.
`);
    const json = JSON.parse((await cli('run', '--dry-run', '--json')).stdout);
    expect(json.statements).toHaveLength(3);
    expect(json.statements[2]).toEqual({
      migration: 'Broken1700000000003',
      sql: 'CREATE INDEX CONCURRENTLY i ON users (id)',
      executed: true,
      note: 'without CONCURRENTLY',
    });
    expect(json.error).toMatchObject({ code: 'MIGRATION_FAILED', migration: 'Broken1700000000003' });
    expect(await database.query(`SELECT to_regclass('users') AS users`)).toEqual([{ users: null }]);
  });

  it('names the failed statement, its file and line, and the next step', async () => {
    project.write('migrations/1700000000003-Broken.sql', '-- up\n\nSELECT 1;\n\nALTER TABLE users\n  ADD age intt;\n');
    const { code, stderr } = await cli('run');
    expect(code).toBe(1);
    expect(stderr)
      .toContain(`✖ Migration Broken1700000000003 failed at its statement 2 (line 5 of its file): type "intt" does not exist (42704).
      ADD age intt
              ^
  The database is as it was before this migration: the transaction was rolled back.
  Finished before it, and kept: ${first}, ${second}.
→ Correct the migration or the data, then run \`nest-migrate run\` again.
More: nest-migrate help MIGRATION_FAILED
`);
    expect(stderr).not.toContain('    at ');
    for (let n = 0; n < 6; n++) project.write(`migrations/17000000000${n + 10}-More${n}.sql`, 'SELECT 1;');
    project.write('migrations/1700000000020-Broken.sql', project.read('migrations/1700000000003-Broken.sql'));
    project.delete('migrations/1700000000003-Broken.sql');
    const { stderr: verbose } = await cli('run', '--verbose');
    expect(verbose).toContain('    at ');
    expect(verbose).toContain('  Finished before it, and kept: 6 migrations, up to More51700000000015.\n');
  });

  it('names the environment variable that a migration misses', async () => {
    project.write(
      'migrations/1700000000003-Chain.js',
      "exports.Chain1700000000003 = class Chain1700000000003 { async up() { throw new Error('CHAIN_NAME environment variable is not set.'); } async down() {} };",
    );
    const set =
      '→ Set CHAIN_NAME in the environment, or in the file that sets the other variables (.env), then run `nest-migrate run';
    expect((await cli('run', '--dry-run')).stderr).toContain(`${set} --dry-run\` again.`);
    expect((await cli('run')).stderr).toContain(`${set}\` again.`);
  });
});

describe('contract migrations', () => {
  const production = (...args: string[]) => runCli(args, { cwd: project.dir, env: { NODE_ENV: 'production' } });
  const drop = 'DropEmail1700000000003';

  it('wait for the next deploy or for --phase contract', async () => {
    await production('run');
    project.write(
      'migrations/1700000000003-DropEmail.ts',
      createUsers
        .replace(
          'CreateUsers1700000000001 implements MigrationInterface {',
          `${drop} implements MigrationInterface {\n  static readonly phase = 'contract';`,
        )
        .replace('CREATE TABLE users (id int)', 'ALTER TABLE users DROP COLUMN email'),
    );
    const run = await production('run');
    expect([run.code, run.stdout]).toEqual([0, 'Nothing to do: 1 migration deferred, nothing else is pending.\n']);
    expect(run.stderr).toBe(`◌ ${drop} deferred: waits for the next deploy\n`);
    const status = await production('status', '--check');
    expect(status.code).toBe(0);
    expect(status.stdout).toContain(`◌ ${drop}    deferred, waits for the next deploy\n`);
    expect(status.stdout).toContain('; 1 deferred; nothing is pending.');
    expect((await production('status', '--contract', 'manual')).stdout).toContain(
      'deferred, waits for: nest-migrate run --phase contract',
    );
    expect(JSON.parse((await production('status', '--json')).stdout)).toMatchObject({
      pending: [{ name: drop, timestamp: 1700000000003, phase: 'contract', deferred: true, due: 'next deploy' }],
    });
    expect(JSON.parse((await production('run', '--json')).stdout)).toMatchObject({ applied: [], deferred: [drop] });
    expect((await production('wait', '--migrated', '--timeout', '5s')).code).toBe(0);
    // What would run now is something to do.
    expect((await cli('status', '--check')).code).toBe(3);
    expect((await production('run', '--phase', 'contract')).stderr).toContain(`✔ ${drop} applied`);
  });

  itInFull('in plain SQL are run by the next deploy', async () => {
    await production('run');
    project.write(
      'migrations/1700000000003-DropEmail.sql',
      '-- phase: contract\n-- up\nALTER TABLE users DROP email;\n',
    );
    expect((await production('run')).stderr).toContain('deferred');
    project.write('migrations/1700000000004-AddAge.sql', '-- up\nALTER TABLE users ADD age int;\n');
    const { stderr } = await production('run');
    expect(stderr).toMatch(/^✔ DropEmail1700000000003 applied.*\n✔ AddAge1700000000004 applied.*\n$/);
  });
});

describe('output for programs', () => {
  it('is one object on stdout for each command', async () => {
    expect(await json('status')).toEqual({
      applied: [],
      pending: [
        { name: first, timestamp: 1700000000001, phase: 'expand' },
        { name: second, timestamp: 1700000000002, phase: 'expand' },
      ],
      changes: [first, second].map((name) => ({ name, state: 'pending', migrations: [name] })),
      newer: [],
      foreign: [],
      problems: [],
    });
    expect(await json('run')).toEqual({
      applied: [
        { name: first, durationMs: expect.any(Number) },
        { name: second, durationMs: expect.any(Number) },
      ],
      deferred: [],
      waitedForLockMs: 0,
    });
    expect(await json('status')).toMatchObject({
      applied: [{ name: first, appliedAt: expect.stringMatching(/Z$/), durationMs: expect.any(Number) }, {}],
      pending: [],
    });
    expect(await json('redo')).toEqual({
      reverted: [expect.anything()],
      changes: [{ name: second, migrations: [second], stay: [] }],
      applied: [expect.anything()],
      waitedForLockMs: 0,
    });
    expect(await json('revert', '--all')).toEqual({
      reverted: [expect.objectContaining({ name: second }), expect.objectContaining({ name: first })],
      changes: [second, first].map((name) => ({ name, migrations: [name], stay: [] })),
      waitedForLockMs: 0,
    });
    expect(await json('wait')).toEqual({ waitedMs: expect.any(Number), pending: [] });
    expect(await json('create', 'Add age')).toEqual({
      file: expect.stringMatching(/^migrations\/\d{13}-AddAge\.ts$/),
      name: expect.stringMatching(/^AddAge\d{13}$/),
      foundBy: 'pattern',
    });
    expect(await json('run', '--to', 'Nonsense')).toEqual({
      error: {
        code: 'MIGRATION_UNKNOWN',
        message: expect.any(String),
        next: expect.any(String),
        help: 'nest-migrate help MIGRATION_UNKNOWN',
      },
    });
    expect(await json('nonsense')).toEqual({
      error: {
        code: 'USAGE',
        message: expect.stringContaining('unknown command'),
        next: expect.any(String),
        help: 'nest-migrate help USAGE',
      },
    });
  });

  it.each(
    sample(
      [
        ['SQL', '3-Unique.sql', '-- up\nSELECT 1;\nUPDATE users SET id = 1;\n'],
        ['a class, where TypeORM wraps the error', '3-Unique.js', updatesUsers('', '')],
        [
          'a class that wraps the error itself',
          '3-Unique.js',
          updatesUsers('try { ', `; } catch (cause) { throw new Error('No update', { cause }); }`),
        ],
      ],
      3,
    ),
  )("contains the fields of the server's error: %s", async (_title, file, text) => {
    await cli('run');
    await database.query('ALTER TABLE users ADD CONSTRAINT users_id UNIQUE (id); INSERT INTO users VALUES (1), (2)');
    project.write(`migrations/170000000000${file}`, text);
    expect(await json('run')).toEqual({
      error: {
        code: 'MIGRATION_FAILED',
        message: expect.stringContaining('Unique1700000000003'),
        next: expect.any(String),
        help: 'nest-migrate help MIGRATION_FAILED',
        migration: 'Unique1700000000003',
        statement: 2,
        sql: 'UPDATE users SET id = 1',
        sqlState: '23505',
        table: 'users',
        constraint: 'users_id',
        detail: 'Key (id)=(1) already exists.',
      },
    });
  });

  it('contains no password in the fields of an error', async () => {
    await cli('run');
    const address = 'postgres://app:s3cr3t-word@host/db';
    await database.query(`ALTER TABLE users ADD UNIQUE (email); INSERT INTO users VALUES (1, '${address}')`);
    project.write('migrations/1700000000003-Unique.sql', `-- up\nINSERT INTO users SELECT id, email FROM users;\n`);
    const { stdout } = await cli('run', '--json');
    expect(JSON.parse(stdout).error.detail).toBe('Key (email)=(postgres://app:***@host/db) already exists.');
    expect(stdout).not.toContain('s3cr3t');
  });

  it('keeps the output of user code off stdout', async () => {
    project.write(
      'data-source.ts',
      `console.log('hello from the data source');\nprocess.stdout.write('and more\\n');\n${dataSource}`,
    );
    const { stdout, stderr } = await cli('status', '--json');
    expect(JSON.parse(stdout)).toHaveProperty('pending');
    expect(stderr).toContain('hello from the data source\nand more');
  });

  it('status --check exits with 3 if a migration is pending', async () => {
    expect((await cli('status')).code).toBe(0);
    expect((await cli('status', '--check')).code).toBe(3);
    await cli('run');
    expect((await cli('status', '--check')).code).toBe(0);
  });
});

describe('wrong usage', () => {
  it.each([
    [['rum'], 'Did you mean'],
    [['run', '--dry-rin'], 'Did you mean --dry-run?'],
    [['run', '--fake', '--dry-run'], 'cannot be used with'],
    [['revert', '--all', '--to', 'x'], 'cannot be used with'],
    [['revert', '--count', 'zero'], 'Must be a positive integer.'],
    [['run', '--transaction', 'some'], 'Allowed choices are each, all, none'],
    [['run', '--phase', 'shrink'], 'Allowed choices are expand, contract, all, due'],
    [['run', '--contract', 'never'], 'Allowed choices are next-deploy, manual, immediately'],
    [['run', '--lock-timeout', 'soon'], 'lockTimeout must be a duration'],
    [['create'], "missing required argument 'name'"],
    [['create', '../..'], 'is not a valid name for a migration'],
    [['resolve', 'x'], 'Say what you found'],
    [['wait', '--timeout', 'never'], '--timeout must be a duration'],
    [['run', '--data-source', 'nowhere.ts'], 'There is no file'],
    [['run', '--app', 'nowhere.ts'], 'There is no file'],
  ])('%s exits with 2', async (args, text) => {
    const { code, stderr } = await cli(...args);
    expect(stderr).toContain(text);
    expect(code).toBe(2);
  });

  it('shows the next step in a folder without a data source', async () => {
    const empty = createProject({ 'package.json': '{}', 'src/database/datasource.ts': '' });
    const { code, stderr } = await runCli(['status'], { cwd: empty.dir });
    expect(code).toBe(2);
    expect(stderr).toContain('There is no data-source.ts');
    expect(stderr).toContain('Found src/database/datasource.ts. To use it: --data-source');
    empty.remove();
  });

  it.each([
    ['a data source that throws', `throw new Error('boom');`, 'boom', 'data-source.ts:1:'],
    ['a data source that is not TypeScript', `export default = 5;`, 'data-source.ts:1:16 is not TypeScript', '^'],
    ['a file without a data source', `export const answer = 42;`, 'exports no data source (it exports answer', ''],
    [
      'a data source with synchronize',
      dataSource.replace('{ baseDir', '{ synchronize: true, baseDir'),
      'synchronize: true',
      'nest-migrate help leaving-synchronize',
    ],
  ])('names the position: %s', async (_title, text, message, place) => {
    project.write('data-source.ts', text);
    const { code, stderr } = await cli('status');
    expect(stderr).toContain(message);
    expect(stderr).toContain(place);
    expect(code).toBeGreaterThan(0);
  });

  it('proposes commands for the data source that was named', async () => {
    project.write('other/data-source.ts', dataSource.replace('migrations/*', 'more/*'));
    project.write('other/more/1700000000001-CreateUsers.ts', createUsers);
    const named = ['-d', 'other/data-source.ts'];
    expect((await cli('status', ...named)).stdout).toContain('1 pending: nest-migrate run -d other/data-source.ts.\n');
    const refused = await cli('run', '--to', 'Nothing', ...named);
    expect(refused.stderr).toContain('`nest-migrate status -d other/data-source.ts`');
    expect((await cli('status')).stdout).not.toContain('-d other');
  });

  it('reports a pattern without a match, and the folder that was searched', async () => {
    project.write('data-source.ts', dataSource.replace('migrations/*', 'migration/*'));
    const { stderr } = await cli('run');
    expect(stderr).toContain('No migration matches');
    expect(stderr).toContain('looked in migration)');
    project.write('data-source.ts', dataSource.replace('migrations/*.{ts,js,sql}', 'migrations/*.js'));
    expect((await cli('run')).stderr).toMatch(
      /It names only JavaScript files, and that folder contains TypeScript files, such as \d{13}-\w+\.ts: let the pattern end in \{\.ts,\.js\}/,
    );
  });

  it('says in production that a pattern of TypeScript files does not match the compiled ones', async () => {
    project.write('data-source.ts', dataSource.replace('migrations/*.{ts,js,sql}', 'src/migrations/*.ts'));
    const said = 'It names only TypeScript files: if an image contains the compiled ones, use a pattern such as';
    expect((await runCli(['run'], { cwd: project.dir, env: { NODE_ENV: 'production' } })).stderr).toContain(said);
    expect((await cli('run')).stderr).not.toContain(said);
  });

  it('does not print the password', async () => {
    project.write('.env', 'DATABASE_URL=postgres://app:hunter2@127.0.0.1:1/shop\n');
    const { code, stdout, stderr } = await cli('run', '--verbose', '--connect-timeout', '300ms');
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('app:***@127.0.0.1:1/shop');
    expect(stdout + stderr).not.toContain('hunter2');
  });
});

describe('settings', () => {
  it('come from package.json, the data source and flags, in ascending priority', async () => {
    project.write(
      'package.json',
      '{ "name": "app", "nest-migrate": { "outOfOrder": "refuse", "dataSource": "db/main.ts" } }',
    );
    project.write(
      'db/main.ts',
      dataSource.replace('migrations/*', '../migrations/*').replace("sql}'] }", "sql}'] }, { edited: 'warn' }"),
    );
    await cli('run');
    project.write('migrations/1600000000000-Old.sql', '-- up\nSELECT 1;');
    expect((await cli('run')).stderr).toContain("outOfOrder is 'refuse'");
    project.write('migrations/1700000000002-add-email.sql', '-- up\nALTER TABLE users ADD e_mail text;\n');
    expect((await cli('run', '--edited', 'refuse', '--out-of-order', 'run')).stderr).toContain(
      'Edited after being applied',
    );
    expect((await cli('run', '--out-of-order', 'run')).code).toBe(0);
    project.write(
      'package.json',
      '{ "name": "app", "nest-migrate": { "dataSource": "db/main.ts", "lockTimeOut": 5 } }',
    );
    const { code, stderr } = await cli('run');
    expect([code, stderr]).toEqual([2, expect.stringContaining('unknown setting "lockTimeOut"')]);
    expect((await cli('fresh', '--yes')).stderr).toContain('(see nest-migrate fresh --help)');
  });

  it('select one of several data sources: --data-source', async () => {
    const other = await createDatabase();
    project.write(
      'other.js',
      `module.exports = { type: 'postgres', url: '${other.url}', migrations: ['other/*.js'] };`,
    );
    project.write(
      'other/1700000000005-Other.js',
      'exports.Other1700000000005 = class { get name() { return "Other1700000000005"; } async up(q) { await q.query("CREATE TABLE other ()"); } };',
    );
    const { stdout, stderr } = await cli('run', '-d', 'other.js');
    expect([stdout, stderr]).toEqual([
      expect.stringContaining('1 migration applied'),
      expect.stringContaining('Other1700000000005'),
    ]);
    await other.drop();
  });
});

describe('signals and pipes', () => {
  it.each(
    sample(
      [
        ['generate --no-cache', 'SIGINT', 130, 'Nothing was written.'],
        ['check --no-cache', 'SIGINT', 130, 'The check is incomplete.'],
        ['lint --all', 'SIGTERM', 143, 'Nothing was changed.'],
      ] as const,
      3,
    ),
  )('%s is stopped by %s with %d, and leaves nothing behind', async (command, signal, code, state) => {
    project.write(
      'entities.js',
      `const { EntitySchema } = require('typeorm'); exports.Thing = new EntitySchema({ name: 'things', columns: { id: { type: 'int', primary: true } } });`,
    );
    project.write(
      'source.js',
      `module.exports = { type: 'postgres', entities: ['entities.js'], migrations: ['migrations/*'] };`,
    );
    for (let n = 1000; n < 1400; n++)
      project.write(`migrations/170000001${n}-Table.sql`, `-- up\nCREATE TABLE table_${n} (id int PRIMARY KEY);`);
    const before = readdirSync(join(project.dir, 'migrations'));
    const running = startCli([...command.split(' '), '-d', 'source.js'], { cwd: project.dir });
    const folders = (): readonly string[] =>
      readdirSync('/dev/shm').filter((name) => name.startsWith(`nest-migrate-shadow-${running.process.pid}-`));
    for (let n = 0; n < 600 && folders().length === 0; n++) await sleep(50);
    expect(folders()).not.toEqual([]);
    running.process.kill(signal);
    const result = await running.result;
    expect(result.stderr).toContain(`Stopped by ${signal}. ${state}`);
    expect(result.code).toBe(code);
    expect(readdirSync(join(project.dir, 'migrations'))).toEqual(before);
    expect(folders()).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s rolls back, releases the lock and exits with %d', async (signal, code) => {
    project.write('migrations/1700000000003-Slow.sql', '-- up\nCREATE TABLE slow ();\nSELECT pg_sleep(30);');
    const running = startCli(['run'], { cwd: project.dir });
    for (let n = 0; n < 200; n++) {
      const [row] = await database.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(30)%' AND datname = current_database()`,
      );
      if (row?.['n'] === 1) break;
      await sleep(50);
    }
    running.process.kill(signal);
    const result = await running.result;
    expect(result.stderr).toContain(`Stopped by ${signal}. The database is as it was before this migration`);
    expect(result.code).toBe(code);
    expect(await database.query(`SELECT to_regclass('slow') IS NULL AS gone`)).toEqual([{ gone: true }]);
    expect((await cli('status', '--json')).stdout).toContain('Slow1700000000003');
  });

  it('does not crash if the reader of its output goes away', async () => {
    const running = startCli(['--help'], { cwd: project.dir });
    running.process.stdout?.destroy();
    const { stderr } = await running.result;
    expect(stderr).toBe('');
  });
});

describe('help', () => {
  const page = (name: string) => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

  it('prints pages of the docs unchanged, and the section about a rule or an error code', async () => {
    expect(await cli('help', 'deploying')).toMatchObject({ code: 0, stdout: page('deploying.md'), stderr: '' });
    const plan = await cli('help', 'plan');
    expect([plan.stdout, plan.stderr]).toEqual([page('plan.md'), 'Its options: nest-migrate plan --help\n']);
    const rule = await cli('help', 'drop-column');
    expect(rule.stdout).toMatch(/^## drop-column\n\n\*\*error\*\* · /);
    expect(rule.stdout.match(/^##/gm)).toHaveLength(1);
    expect(page('rules/columns.md')).toContain(rule.stdout);
    expect((await cli('help', 'rules/columns')).stdout).toBe(page('rules/columns.md'));
    expect((await cli('help', 'docs')).stdout).toBe(page('README.md'));
    const code = await cli('help', 'outcome_unknown');
    expect(code.stdout).toMatch(/^### OUTCOME_UNKNOWN\n\nThe connection was lost after COMMIT/);
    expect(code.stdout.match(/^##/gm)).toHaveLength(1);
    expect(page('errors.md')).toContain(code.stdout);
    expect((await cli('help', 'run')).stdout).toBe((await cli('run', '--help')).stdout);
  });

  it('lists commands and topics without an argument, and refuses an unknown topic', async () => {
    const files = readdirSync(join(import.meta.dirname, '../../docs'), { recursive: true, encoding: 'utf8' });
    const topics = files
      .filter((name) => name.endsWith('.md'))
      .map((name) => name.replace('README', 'docs').slice(0, -3));
    const alone = await cli('help');
    expect(alone.code).toBe(0);
    expect(alone.stdout.startsWith((await cli('--help')).stdout)).toBe(true);
    expect(alone.stdout).toContain('\nThe documentation begins with: nest-migrate help docs\n');
    for (const topic of topics) expect(alone.stdout).toMatch(new RegExp(`^  .*\\b${topic}\\b`, 'm'));
    const unknown = await cli('help', '../README');
    expect([unknown.code, unknown.stdout]).toEqual([2, '']);
    expect(unknown.stderr).toContain('There is no help on "../README".');
    for (const topic of topics) expect(unknown.stderr).toContain(topic);
  });

  it('reports that the package was installed without its docs', async () => {
    const root = join(import.meta.dirname, '../..');
    cpSync(join(root, 'dist/esm'), join(project.dir, 'package/dist/esm'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(project.dir, 'package/node_modules'));
    const bare = (...args: string[]) => runNode(['package/dist/esm/cli/main.js', ...args], { cwd: project.dir });
    expect(await bare('help')).toMatchObject({ code: 0, stdout: (await cli('--help')).stdout });
    expect(await bare('help', 'deploying')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('→ The package was installed without its folder docs/'),
    });
  });

  it('prints one object with --json', async () => {
    expect(await json('help', 'lint')).toEqual({ topic: 'lint', file: 'docs/lint.md', text: page('lint.md') });
    expect(await json('help', 'drop-column')).toEqual({
      topic: 'drop-column',
      file: 'docs/rules/columns.md',
      text: expect.stringMatching(/^## drop-column\n/),
    });
    expect(await json('help', 'OUTCOME_UNKNOWN')).toEqual({
      topic: 'OUTCOME_UNKNOWN',
      file: 'docs/errors.md',
      text: expect.stringMatching(/^### OUTCOME_UNKNOWN\n/),
    });
    expect(await json('help')).toEqual({
      text: expect.stringContaining('Usage: nest-migrate'),
      topics: expect.arrayContaining(['check', 'half-done', 'rules']),
      rules: expect.arrayContaining(['drop-column', 'cannot-be-judged']),
    });
    expect(await json('help', 'nonsense')).toMatchObject({ error: { code: 'USAGE' } });
  });
});
