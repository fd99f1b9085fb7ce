import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CheckResult, CheckStep } from '../../src/commands/check/contract.js';
import { runCli } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

const lock = 'migrations/migrations.lock';
const dataSource = `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['src/*.entity.ts'], migrations: ['migrations/*.{ts,js,sql}'] });
`;
const entity = (columns: string): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('users')
export class User {
  @PrimaryGeneratedColumn() id!: number;
  ${columns}
}
`;
const sql = (up: string, down: string): string => `-- up\n${up};\n-- down\n${down};\n`;
const createUsers = sql(
  'CREATE TABLE users (id SERIAL NOT NULL, name character varying NOT NULL, CONSTRAINT "PK_a3ffb1c0c8416b9fc6f907b7433" PRIMARY KEY (id))',
  'DROP TABLE users',
);

let project: TestProject;
beforeEach(() => {
  project = createProject({
    'package.json': '{ "name": "app" }',
    'tsconfig.json':
      '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "esModuleInterop": true, "skipLibCheck": true } }',
    'data-source.ts': dataSource,
    'src/user.entity.ts': entity('@Column() name!: string;'),
    'migrations/1700000000001-CreateUsers.sql': createUsers,
  });
});
afterEach(() => project.remove());

// Throwaway databases on the test server are quicker than PostgreSQL in each process.
const cli = (...args: string[]) => runCli(['check', '--shadow', serverUrl(), ...args], { cwd: project.dir });
/** The result of some steps. */
async function check(only: string, ...args: string[]): Promise<CheckResult & { readonly code: number | null }> {
  const { stdout, stderr, code } = await cli('--only', only, '--json', ...args);
  try {
    return { ...(JSON.parse(stdout) as CheckResult), code };
  } catch {
    throw new Error(`Not one JSON object: ${stdout}\n${stderr}`);
  }
}
async function step(name: string, ...args: string[]): Promise<CheckStep> {
  const { steps } = await check(name, ...args);
  if (!steps[0]) throw new Error(`There is no step ${name}.`);
  return steps[0];
}
const said = ({ findings }: CheckStep): string[] => findings.map(({ message }) => message);
const migration = (name: string, up: string, down: string): void =>
  void project.write(`migrations/${name}.sql`, sql(up, down));
const locked = (): Promise<unknown> => check('files', '--write-lock');
const git = (...args: string[]) => {
  const settings = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'core.autocrlf=false'];
  const { status, stdout, stderr } = spawnSync('git', [...settings, ...args], { cwd: project.dir, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};
const addEmail = ['ALTER TABLE users ADD email text', 'ALTER TABLE users DROP COLUMN email'] as const;

describe('what a person reads', () => {
  it('a good project: every step, exit code 0', async () => {
    expect(await locked()).toMatchObject({ ok: true, written: lock, code: 0 });
    const { stdout, stderr, code } = await cli();
    expect([stdout, stderr, code]).toEqual([
      `✓ files    every file can be loaded, and migrations.lock agrees with them
✓ branches no two branches disturb each other
✓ replay   all go up on an empty database, and down again
✓ entities the migrations lead to what the entities describe

Good: 4 steps passed.
`,
      '',
      0,
    ]);
  });

  it('all that is wrong at once, with what to type, exit code 3', async () => {
    migration('1700000000002-AddNick', 'ALTER TABLE users ADD nick text', 'SELECT 1');
    const { stdout, code } = await cli();
    expect(stdout).toBe(`! files
  ! There is no migrations/migrations.lock: two branches that both add migrations would not conflict before they meet in a database.
    → nest-migrate check --write-lock, and commit it
✓ branches no two branches disturb each other
✗ replay
  ✗ The down of AddNick1700000000002 does not lead back to where its up began:  (migrations/1700000000002-AddNick.sql)
      column users.nick is there, and was not before
    → Correct its down, then: nest-migrate check --write-lock. If it cannot be undone, let its down throw an error that says so.
✓ entities the migrations lead to what the entities describe

Not good yet: replay.
`);
    expect(code).toBe(3);
  });

  it('in a workflow of GitHub: annotations, escaped', async () => {
    await locked();
    migration('1700000000002-a,b', 'ALTER TABLE users ADD nick text', "SELECT '100%'");
    const { stdout, code } = await cli('--format', 'github', '--only', 'files,replay');
    expect(stdout).toContain(
      '::error file=migrations/1700000000002-a%2Cb.sql,title=nest-migrate check%3A files::1700000000002-a,b is not in migrations.lock.%0A→ nest-migrate check --write-lock, and commit it\n',
    );
    expect(stdout).toMatch(
      /^::error file=[^:\n]*,title=nest-migrate check%3A replay::The down of .*%0A {2}column users\.nick/m,
    );
    expect(code).toBe(3);
    project.write(lock, `${project.read(lock)}100% wrong\n`);
    expect((await cli('--format', 'github', '--only', 'files')).stdout).toContain(
      `::error file=${lock},line=4,title=nest-migrate check%3A files::Line 4 of migrations.lock is none that nest-migrate has written: "100%25 wrong".`,
    );
  });
});

describe('migrations.lock', () => {
  it('is begun by create with all that are there, and by generate; the chain goes on', async () => {
    await runCli(['create', 'Second', '--sql'], { cwd: project.dir });
    const lines = project.read(lock).trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^1700000000001-CreateUsers [0-9a-f]{16} [0-9a-f]{16}$/);
    expect(lines[3]).toMatch(/^\d{13}-Second [0-9a-f]{16} [0-9a-f]{16}$/);
    const second = readdirSync(join(project.dir, 'migrations')).find((name) => name.endsWith('Second.sql')) ?? '';
    project.write(`migrations/${second}`, sql(...addEmail));
    // What `create` writes is there to be filled in.
    expect(await step('files')).toMatchObject({
      state: 'notice',
      findings: [{ severity: 'notice', message: expect.stringContaining('was written since it was created') }],
    });
    project.write('src/user.entity.ts', entity('@Column() name!: string; @Column({ nullable: true }) city?: string;'));
    const before = project.read(lock);
    await runCli(['generate', '--shadow', serverUrl()], { cwd: project.dir });
    expect(project.read(lock).startsWith(before)).toBe(true);
    expect(project.read(lock).trim().split('\n')).toHaveLength(5);
    await locked();
    expect(await step('files')).toEqual({ name: 'files', state: 'ok', findings: [] });
  });

  it('knows an edited file, and none that only has other line ends', async () => {
    await locked();
    project.write('migrations/1700000000001-CreateUsers.sql', `\uFEFF${createUsers.replaceAll('\n', '\r\n')}`);
    project.write(lock, project.read(lock).replaceAll('\n', '\r\n'));
    expect(await check('files')).toMatchObject({ ok: true, steps: [{ state: 'ok' }] });
    await runCli(['create', 'Other'], { cwd: project.dir });
    expect(project.read(lock).replaceAll('\r\n', '')).not.toContain('\n');
    expect((await step('files')).state).toBe('ok');
    project.write('migrations/1700000000001-CreateUsers.sql', createUsers.replace('name', 'nom'));
    const { code, steps } = await check('files');
    expect(code).toBe(3);
    expect(steps[0]?.findings).toEqual([
      {
        severity: 'error',
        message: expect.stringMatching(
          /CreateUsers was edited after it was locked: migrations.lock says [0-9a-f]{16} \(line 3\), the file is [0-9a-f]{16}\./,
        ),
        file: 'migrations/1700000000001-CreateUsers.sql',
        next: expect.stringContaining('if no shared database has it: nest-migrate check --write-lock'),
      },
    ]);
    expect((await check('files', '--write-lock')).ok).toBe(true);
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'a file that is gone',
      (text) => text.replaceAll('AddEmail', 'AddMail'),
      '1700000000002-AddMail is in migrations.lock, but its file is not here.',
    ],
    [
      'a file that is not in it',
      (text) => text.replace(/.*AddEmail.*\n/, ''),
      '1700000000002-AddEmail is not in migrations.lock.',
    ],
    [
      'a line that was taken out above',
      (text) => text.replace(/.*CreateUsers.*\n/, ''),
      'The line of 1700000000002-AddEmail in migrations.lock was written behind another line than any that is here',
    ],
    [
      'what is no line of it',
      (text) => text.replace(/ [0-9a-f]{16}\n$/, '\n'),
      'Line 4 of migrations.lock is none that nest-migrate has written',
    ],
    [
      'a file twice',
      (text) => `${text}1700000000001-CreateUsers ${'0'.repeat(16)} ${'0'.repeat(16)}\n`,
      '1700000000001-CreateUsers is in migrations.lock twice',
    ],
  ])('says what is wrong: %s', async (_what, spoil, message) => {
    migration('1700000000002-AddEmail', ...addEmail);
    await locked();
    project.write(lock, spoil(project.read(lock)));
    const { code, steps } = await check('files');
    expect([code, said(steps[0] as CheckStep).join('\n')]).toEqual([3, expect.stringContaining(message)]);
    expect(await locked()).toMatchObject({ ok: true });
  });

  it('that cannot be read or written', async () => {
    mkdirSync(join(project.dir, lock));
    expect(await step('files')).toMatchObject({
      state: 'failed',
      findings: [{ message: expect.stringMatching(/migrations\.lock could not be read: EISDIR/) }],
    });
    const { code, stderr } = await cli('--write-lock');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/migrations\.lock could not be written: EISDIR/)]);
    const created = await runCli(['create', 'Second', '--sql'], { cwd: project.dir });
    expect([created.code, created.stderr]).toEqual([1, expect.stringContaining('could not be written')]);
    expect(readdirSync(join(project.dir, 'migrations')).toSorted()).toEqual([
      '1700000000001-CreateUsers.sql',
      'migrations.lock',
    ]);
  });

  it('counts the sources where the data source names compiled files', async () => {
    project.write(
      'dist/migrations/1700000000001-CreateUsers.js',
      'exports.CreateUsers1700000000001 = class CreateUsers1700000000001 { async up() {} async down() {} };',
    );
    project.write(
      'data-source.ts',
      dataSource
        .replace("'migrations/*.{ts,js,sql}'", "'dist/migrations/*.js'")
        .replace(' });', " }, { dir: 'migrations' });"),
    );
    await locked();
    expect(project.read(lock)).toContain('1700000000001-CreateUsers ');
    expect((await step('files')).state).toBe('ok');
  });

  it('is in order however many are created at once', async () => {
    const all = await Promise.all(['A', 'B', 'C', 'D'].map((name) => runCli(['create', name], { cwd: project.dir })));
    expect(all.map(({ stderr }) => stderr).join('')).toBe('');
    expect((await step('files')).findings).toEqual([]);
    expect((await step('branches')).findings).toEqual([]);
  });
});

describe('two branches', () => {
  /** Each adds migrations to what was there; then they are merged, which conflicts. Both lines are kept. */
  async function merged(ours: () => void, theirs: () => void, order: 'ours' | 'theirs' = 'ours'): Promise<void> {
    await locked();
    project.write('.gitignore', 'node_modules\n');
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'base');
    git('checkout', '-qb', 'theirs');
    theirs();
    await locked();
    git('add', '-A');
    git('commit', '-qm', 'theirs');
    git('checkout', '-q', 'main');
    ours();
    await locked();
    git('add', '-A');
    git('commit', '-qm', 'ours');
    const merge = git('merge', 'theirs');
    expect([merge.status, merge.output]).toEqual([
      1,
      expect.stringContaining(`CONFLICT (content): Merge conflict in ${lock}`),
    ]);
    const conflict = await check('files');
    expect(conflict.steps[0]?.findings[0]).toMatchObject({
      severity: 'error',
      message: 'git has left conflict marks in migrations.lock: two branches have added migrations.',
      line: 4,
    });
    const [head, mine = '', others = ''] = project.read(lock).split(/<{7}.*\n|={7}\n|>{7}.*\n/);
    project.write(lock, order === 'ours' ? `${head}${mine}${others}` : `${head}${others}${mine}`);
  }
  const email = () => migration('1700000000002-AddEmail', ...addEmail);
  const nick = () =>
    migration('1700000000003-AddNick', 'ALTER TABLE users ADD nick text', 'ALTER TABLE users DROP COLUMN nick');
  const widen = () =>
    migration(
      '1700000000003-Widen',
      'ALTER TABLE users ALTER name TYPE text',
      'ALTER TABLE users ALTER name TYPE varchar',
    );
  const narrow = () =>
    migration(
      '1700000000002-Narrow',
      'ALTER TABLE users ALTER name TYPE varchar(50)',
      'ALTER TABLE users ALTER name TYPE varchar',
    );

  it.each(['ours', 'theirs'] as const)(
    'that do not disturb each other: a notice, and --write-lock accepts it (%s first)',
    async (order) => {
      await merged(email, nick, order);
      expect(await check('files,branches')).toMatchObject({
        ok: true,
        steps: [
          { name: 'files', state: 'ok' },
          {
            state: 'notice',
            findings: [
              {
                message: expect.stringContaining('lead to the same schema, whichever of them come first'),
                file: lock,
                line: 5,
                next: 'To accept that: nest-migrate check --write-lock, and commit it',
              },
            ],
          },
        ],
      });
      // What is added now was written in the presence of both.
      await runCli(['create', 'After', '--sql'], { cwd: project.dir });
      const after = readdirSync(join(project.dir, 'migrations')).find((name) => name.includes('After')) ?? '';
      project.write(`migrations/${after}`, sql('CREATE VIEW v AS SELECT email, nick FROM users', 'DROP VIEW v'));
      expect((await step('branches')).state).toBe('notice');
      await check('files', '--write-lock');
      expect(await step('branches')).toEqual({ name: 'branches', state: 'ok', findings: [] });
    },
  );

  it.each(['ours', 'theirs'] as const)(
    'that lead to another schema: what differs, and what to type (%s first)',
    async (order) => {
      await merged(widen, narrow, order);
      const { steps, code } = await check('branches');
      const [finding] = steps[0]?.findings ?? [];
      expect(code).toBe(3);
      expect(finding?.message).toContain('their migrations disturb each other:\n');
      expect(finding?.message).toContain('Narrow1700000000002');
      expect(finding?.message).toMatch(
        /column users\.name is (text|character varying\(50\)) NOT NULL, and was (text|character varying\(50\)) NOT NULL/,
      );
      expect(finding?.next).toContain(
        'rm migrations/1700000000003-Widen.sql && nest-migrate generate && nest-migrate check --write-lock',
      );
      expect(finding?.next).toMatch(/git mv migrations\/1700000000003-Widen\.sql migrations\/\d{13}-Widen\.sql/);
      // That is not accepted by making the lock anew.
      const before = project.read(lock);
      expect(await check('branches', '--write-lock')).toMatchObject({ ok: false });
      expect(project.read(lock)).toBe(before);
    },
  );

  it('one of which needs what the other takes away: which order fails, and why', async () => {
    await merged(email, () => {
      migration('1700000000003-Rename', 'ALTER TABLE users RENAME name TO nom', 'ALTER TABLE users RENAME nom TO name');
      migration('1700000000004-Index', 'CREATE INDEX i ON users (nom)', 'DROP INDEX i');
    });
    expect((await step('branches')).state).toBe('notice');
    project.write('migrations/1700000000002-AddEmail.sql', sql('CREATE INDEX j ON users (name)', 'DROP INDEX j'));
    const { findings } = await step('branches');
    expect(findings[0]?.message).toContain(
      'In the order Rename1700000000003, Index1700000000004, AddEmail1700000000002: Migration AddEmail1700000000002 could not be replayed',
    );
  });

  it('a conflict that nobody has resolved is resolved by --write-lock', async () => {
    await merged(email, nick);
    const [head, ours = '', theirs = ''] = [...project.read(lock).split(/(?=17000000000)/)].reduce<string[]>(
      (parts, line) =>
        /-AddEmail/.test(line)
          ? [parts.join(''), line]
          : /-AddNick/.test(line)
            ? [...parts, line]
            : [parts.join('') + line],
      [],
    );
    project.write(lock, `${head}<<<<<<< HEAD\n${ours}=======\n${theirs}>>>>>>> theirs\n`);
    const created = await runCli(['create', 'More'], { cwd: project.dir });
    expect([created.code, created.stderr]).toEqual([1, expect.stringContaining('git has left conflict marks')]);
    expect(await check('files,branches', '--write-lock')).toMatchObject({ ok: true, written: lock });
    expect(project.read(lock)).not.toContain('<<<');
  });
});

describe('replay', () => {
  it('goes on behind a down that is wrong, and says of each what it is', async () => {
    migration('1700000000002-Wrong', 'ALTER TABLE users ADD a text', 'ALTER TABLE users ADD b text');
    migration('1700000000003-Fails', 'ALTER TABLE users ADD c text', 'DROP TABLE nowhere');
    project.write('migrations/1700000000004-Never.sql', '-- up\nALTER TABLE users ADD d text;\n');
    migration(
      '1700000000005-Refuses',
      'ALTER TABLE users ADD e text',
      "DO $$ BEGIN RAISE EXCEPTION 'the data is gone'; END $$",
    );
    project.write(
      'migrations/1700000000006-Class.js',
      `exports.Class1700000000006 = class Class1700000000006 {
  async up(q) { await q.query('CREATE INDEX i ON users (name)'); }
  async down() { throw new Error('irreversible'); }
};`,
    );
    project.write(
      'migrations/1700000000007-Alone.sql',
      '-- transaction: false\n-- up\nCREATE INDEX CONCURRENTLY j ON users (name);\n-- down\nSELECT 1;\n',
    );
    migration('1700000000008-Good', 'CREATE TABLE notes (id int)', 'DROP TABLE notes');
    const { state, findings } = await step('replay');
    expect(state).toBe('failed');
    expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'error: The down of Wrong1700000000002 does not lead back to where its up began:\n  column users.a is there, and was not before\n  column users.b is there, and was not before',
      'error: Fails1700000000003 cannot be reverted: its down fails: table "nowhere" does not exist (42P01).',
      'notice: Never1700000000004 cannot be reverted: it has no down.',
      'notice: Refuses1700000000005 cannot be reverted: its down refuses: the data is gone.',
      'notice: Class1700000000006 cannot be reverted: its down refuses: irreversible.',
      'error: The down of Alone1700000000007 does not lead back to where its up began:\n  index j is there, and was not before',
    ]);
  });

  it('a migration that throws on an empty database is never passed', async () => {
    migration(
      '1700000000002-Broken',
      'UPDATE users SET name = 1 / 0; SELECT 1 / (SELECT count(*) FROM users)',
      'SELECT 1',
    );
    migration('1700000000003-Later', ...addEmail);
    const { code, steps } = await check('replay,entities');
    expect(code).toBe(3);
    expect(steps[0]?.findings[0]?.message).toMatch(
      /^Broken1700000000002 cannot be judged, because it could not be replayed on the empty shadow database: division by zero \(22012\)\.[^]*\nThe 1 behind it is not judged either\.$/,
    );
    expect(steps[1]).toMatchObject({
      name: 'entities',
      state: 'failed',
      findings: [{ message: expect.stringContaining('division by zero') }],
    });
  });

  it('is not proven again, in the process, where nothing has changed', async () => {
    migration('1700000000002-Wrong', 'ALTER TABLE users ADD a text', 'SELECT 1');
    const inProcess = async (): Promise<CheckResult> =>
      JSON.parse((await runCli(['check', '--only', 'replay', '--json'], { cwd: project.dir })).stdout) as CheckResult;
    const first = await inProcess();
    const began = Date.now();
    expect(await inProcess()).toEqual(first);
    expect(Date.now() - began).toBeLessThan(2500);
    migration('1700000000002-Wrong', 'ALTER TABLE users ADD a text', 'ALTER TABLE users DROP a');
    migration('1700000000003-More', ...addEmail);
    expect(await inProcess()).toMatchObject({ ok: true });
  });
});

describe('entities', () => {
  it('that have changed: the statements', async () => {
    project.write('src/user.entity.ts', entity('@Column() name!: string; @Column({ nullable: true }) city?: string;'));
    expect(await step('entities')).toMatchObject({
      state: 'failed',
      findings: [
        {
          message:
            'The entities have changed. A statement is missing in the migrations:\n  ALTER TABLE "public"."users" ADD COLUMN "city" character varying',
          next: 'nest-migrate generate',
        },
      ],
    });
  });

  it('of which only their author knows enough: the question', async () => {
    project.write('src/user.entity.ts', entity('@Column() fullName!: string;'));
    const { findings } = await step('entities');
    expect(findings[0]?.message).toContain(
      'users.fullName is new, NOT NULL and without a default: what do the rows get that are there?',
    );
    expect(findings[0]?.next).toContain('--backfill "users.fullName=');
  });
});

describe('--database', () => {
  it('says what is pending, edited, missing, out of order', async () => {
    const database = await createDatabase();
    try {
      project.write('.env', `DATABASE_URL=${database.url}\n`);
      migration('1700000000003-AddEmail', ...addEmail);
      await locked();
      const pending = await check('files', '--database');
      expect([pending.code, said(pending.steps[1] as CheckStep)]).toEqual([
        3,
        ['CreateUsers1700000000001 is pending.', 'AddEmail1700000000003 is pending.'],
      ]);
      await runCli(['run'], { cwd: project.dir });
      expect(await check('files', '--database')).toMatchObject({
        ok: true,
        steps: [{}, { name: 'database', state: 'ok' }],
      });
      project.write('migrations/1700000000003-AddEmail.sql', sql('ALTER TABLE users ADD email varchar', addEmail[1]));
      migration('1700000000002-Late', 'CREATE TABLE late ()', 'DROP TABLE late');
      await database.query(`INSERT INTO migrations (timestamp, name) VALUES (1700000000004, 'Gone1700000000004')`);
      expect(said((await check('files', '--database')).steps[1] as CheckStep)).toEqual([
        'Late1700000000002 is pending.',
        'Gone1700000000004 is applied, but its file is not here: it cannot be reverted.',
        'Late1700000000002 is pending, but older than one that is applied.',
        'AddEmail1700000000003 was changed after it had been applied.',
      ]);
    } finally {
      await database.drop();
    }
  });

  it('a server that is not there: the other steps are done, exit code 1', async () => {
    project.write('.env', 'DATABASE_URL=postgres://me:hunter2@127.0.0.1:1/x\n');
    const { stdout, code } = await cli('--only', 'files', '--database', '--connect-timeout', '100ms');
    expect(stdout).toContain('! files');
    expect(stdout).toContain('✗ database\n  ✗ No connection to postgres://me:***@127.0.0.1:1/x');
    expect(code).toBe(1);
  });
});

describe('bad input', () => {
  it('no migrations at all', async () => {
    project.write('data-source.ts', dataSource.replace('migrations/*', 'elsewhere/*'));
    const { code, steps } = await check('files,branches,replay');
    expect(code).toBe(0);
    expect(steps[0]).toMatchObject({
      state: 'notice',
      findings: [{ message: 'No migration matches elsewhere/*.{ts,js,sql} (looked in elsewhere).' }],
    });
  });

  it('files that cannot be loaded, and two with one timestamp: each is named, and nothing passes unseen', async () => {
    project.write('migrations/1700000000002-Syntax.ts', 'export class {');
    project.write('migrations/1700000000003-Nothing.js', 'exports.x = 1;');
    project.write('migrations/1700000000004-Bad.sql', 'SELECT 1;\n-- up\nSELECT 1;\n');
    migration('1700000000001-Same', ...addEmail);
    const { steps } = await check('files,replay,entities');
    const [files, ...others] = steps;
    expect(files?.findings.filter(({ severity }) => severity === 'error').map(({ file }) => file)).toEqual([
      'migrations/1700000000002-Syntax.ts',
      'migrations/1700000000003-Nothing.js',
      'migrations/1700000000004-Bad.sql',
      expect.stringMatching(/1700000000001-/),
    ]);
    expect(others).toMatchObject([
      { state: 'failed', findings: [{ message: expect.stringContaining('cannot be judged') }] },
      { state: 'failed', findings: [{ message: expect.stringContaining('cannot be judged') }] },
    ]);
  });

  it('no data source: exit code 2; a step that there is not: exit code 2', async () => {
    const empty = createProject({ 'package.json': '{}' });
    expect((await runCli(['check'], { cwd: empty.dir })).code).toBe(2);
    empty.remove();
    const { code, stderr } = await cli('--only', 'everything');
    expect([code, stderr]).toEqual([2, expect.stringContaining('The steps are files, branches, replay, entities')]);
  });
});
