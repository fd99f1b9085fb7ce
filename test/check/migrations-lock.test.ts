import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addEmail, checkedProject, createUsers, dataSource, entity, lock, said, sql } from './checked-project.js';
import { serverUrl } from '../support/database.js';
import type { CheckedProject } from './checked-project.js';
import { itInFull, sample } from '../support/sample.js';

let project: CheckedProject;
beforeEach(() => void (project = checkedProject()));
afterEach(() => project.remove());

const git = (...args: string[]) => {
  const settings = ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'core.autocrlf=false'];
  const { status, stdout, stderr } = spawnSync('git', [...settings, ...args], { cwd: project.dir, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

describe('migrations.lock', () => {
  it('is started by create with all existing files, and continued by generate', async () => {
    await project.cli('create', 'Second', '--sql');
    const lines = project.read(lock).trim().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^1700000000001-CreateUsers [0-9a-f]{16} [0-9a-f]{16}$/);
    expect(lines[3]).toMatch(/^\d{13}-Second [0-9a-f]{16} [0-9a-f]{16}$/);
    const second = readdirSync(join(project.dir, 'migrations')).find((name) => name.endsWith('Second.sql')) ?? '';
    project.write(`migrations/${second}`, sql(...addEmail));
    // What `create` writes is there to be filled in.
    expect(await project.step('files')).toMatchObject({
      state: 'notice',
      findings: [{ severity: 'notice', message: expect.stringContaining('is no longer empty, but') }],
    });
    project.write(
      'src/user.entity.ts',
      entity('@Column() name!: string; @Column("int", { nullable: true }) city?: number;'),
    );
    const before = project.read(lock);
    await project.cli('generate', '--shadow', serverUrl());
    expect(project.read(lock).startsWith(before)).toBe(true);
    expect(project.read(lock).trim().split('\n')).toHaveLength(5);
    await project.locked();
    expect(await project.step('files')).toEqual({ name: 'files', state: 'ok', findings: [] });
  });

  it('expects what `create --data` writes to be filled in, too', async () => {
    await project.locked();
    await project.cli('create', 'Fill', '--data', '--js');
    const fill = readdirSync(join(project.dir, 'migrations')).find((name) => name.endsWith('Fill.js')) ?? '';
    project.write(
      `migrations/${fill}`,
      project.read(`migrations/${fill}`).replace('// await backfill', 'await backfill'),
    );
    expect(await project.step('files')).toMatchObject({
      state: 'notice',
      findings: [{ severity: 'notice', message: expect.stringContaining('is no longer empty, but') }],
    });
  });

  itInFull('knows an edited file, and none that only has other line ends', async () => {
    await project.locked();
    project.write('migrations/1700000000001-CreateUsers.sql', `\uFEFF${createUsers.replaceAll('\n', '\r\n')}`);
    project.write(lock, project.read(lock).replaceAll('\n', '\r\n'));
    expect(await project.check('files')).toMatchObject({ ok: true, steps: [{ state: 'ok' }] });
    await project.cli('create', 'Other');
    expect(project.read(lock).replaceAll('\r\n', '')).not.toContain('\n');
    expect((await project.step('files')).state).toBe('ok');
    project.write('migrations/1700000000001-CreateUsers.sql', createUsers.replace('name', 'nom'));
    const { code, steps } = await project.check('files');
    expect(code).toBe(3);
    expect(steps[0]?.findings).toEqual([
      {
        severity: 'error',
        message: expect.stringMatching(
          /CreateUsers was edited after it was locked: migrations.lock has [0-9a-f]{16} \(line 3\), the file has [0-9a-f]{16}\./,
        ),
        file: 'migrations/1700000000001-CreateUsers.sql',
        next: expect.stringContaining('if it is not applied to a shared database: nest-migrate check --write-lock'),
      },
    ]);
    expect((await project.check('files', '--write-lock')).ok).toBe(true);
  });

  it.each<[string, (text: string) => string, string]>([
    [
      'a missing file',
      (text) => text.replaceAll('AddEmail', 'AddMail'),
      '1700000000002-AddMail is in migrations.lock, but its file is missing.',
    ],
    [
      'a file without a line',
      (text) => text.replace(/.*AddEmail.*\n/, ''),
      '1700000000002-AddEmail is not in migrations.lock.',
    ],
    [
      'a removed line',
      (text) => text.replace(/.*CreateUsers.*\n/, ''),
      'The line of 1700000000002-AddEmail in migrations.lock was added after a line that no longer exists',
    ],
    [
      'text that is not a line of the lock',
      (text) => text.replace(/ [0-9a-f]{16}\n$/, '\n'),
      'Line 4 of migrations.lock was not written by nest-migrate',
    ],
    [
      'a file twice',
      (text) => `${text}1700000000001-CreateUsers ${'0'.repeat(16)} ${'0'.repeat(16)}\n`,
      '1700000000001-CreateUsers is in migrations.lock twice',
    ],
  ])('reports: %s', async (_what, spoil, message) => {
    project.migration('1700000000002-AddEmail', ...addEmail);
    await project.locked();
    project.write(lock, spoil(project.read(lock)));
    const { code, steps } = await project.check('files');
    expect([code, said(steps[0]).join('\n')]).toEqual([3, expect.stringContaining(message)]);
    expect(await project.locked()).toMatchObject({ ok: true });
  });

  it('is reported if it cannot be read or written', async () => {
    mkdirSync(join(project.dir, lock));
    expect(await project.step('files')).toMatchObject({
      state: 'failed',
      findings: [{ message: expect.stringMatching(/migrations\.lock could not be read: EISDIR/) }],
    });
    const { code, stderr } = await project.cli('check', '--shadow', serverUrl(), '--write-lock');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/migrations\.lock could not be written: EISDIR/)]);
    const created = await project.cli('create', 'Second', '--sql');
    expect([created.code, created.stderr]).toEqual([1, expect.stringContaining('could not be written')]);
    expect(readdirSync(join(project.dir, 'migrations')).toSorted()).toEqual([
      '1700000000001-CreateUsers.sql',
      'migrations.lock',
    ]);
  });

  itInFull('counts the sources where the data source names compiled files', async () => {
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
    await project.locked();
    expect(project.read(lock)).toContain('1700000000001-CreateUsers ');
    expect(await project.step('files')).toMatchObject({ state: 'ok', findings: [] });
  });

  itInFull('is in order however many are created at once', async () => {
    const all = await Promise.all(['A', 'B', 'C', 'D'].map((name) => project.cli('create', name)));
    expect(all.map(({ stderr }) => stderr).join('')).toBe('');
    expect((await project.step('files')).findings).toEqual([]);
    expect((await project.step('branches')).findings).toEqual([]);
  });
});

describe('two branches', () => {
  /** Each adds migrations to what was there; then they are merged, which conflicts. Both lines are kept. */
  async function merged(ours: () => void, theirs: () => void, order: 'ours' | 'theirs' = 'ours'): Promise<void> {
    await project.locked();
    project.write('.gitignore', 'node_modules\n');
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-qm', 'base');
    git('checkout', '-qb', 'theirs');
    theirs();
    await project.locked();
    git('add', '-A');
    git('commit', '-qm', 'theirs');
    git('checkout', '-q', 'main');
    ours();
    await project.locked();
    git('add', '-A');
    git('commit', '-qm', 'ours');
    const merge = git('merge', 'theirs');
    expect([merge.status, merge.output]).toEqual([
      1,
      expect.stringContaining(`CONFLICT (content): Merge conflict in ${lock}`),
    ]);
    const conflict = await project.check('files');
    expect(conflict.steps[0]?.findings[0]).toMatchObject({
      severity: 'error',
      message: 'git has left conflict markers in migrations.lock: two branches have added migrations.',
      line: 4,
    });
    const [head, mine = '', others = ''] = project.read(lock).split(/<{7}.*\n|={7}\n|>{7}.*\n/);
    project.write(lock, order === 'ours' ? `${head}${mine}${others}` : `${head}${others}${mine}`);
  }
  const email = () => project.migration('1700000000002-AddEmail', ...addEmail);
  const nick = () =>
    project.migration('1700000000003-AddNick', 'ALTER TABLE users ADD nick text', 'ALTER TABLE users DROP COLUMN nick');
  const widen = () =>
    project.migration(
      '1700000000003-Widen',
      'ALTER TABLE users ALTER name TYPE text',
      'ALTER TABLE users ALTER name TYPE varchar',
    );
  const narrow = () =>
    project.migration(
      '1700000000002-Narrow',
      'ALTER TABLE users ALTER name TYPE varchar(50)',
      'ALTER TABLE users ALTER name TYPE varchar',
    );

  it.each(sample(['ours', 'theirs'] as const, 2))(
    'without a conflict are reported as a notice, which --write-lock accepts (%s first)',
    async (order) => {
      await merged(email, nick, order);
      expect(await project.check('files,branches')).toMatchObject({
        ok: true,
        steps: [
          { name: 'files', state: 'ok' },
          {
            state: 'notice',
            findings: [
              {
                message: expect.stringContaining('produce the same schema in every order'),
                file: lock,
                line: 5,
                next: 'To accept this: nest-migrate check --write-lock, and commit the file',
              },
            ],
          },
        ],
      });
      // What is added now was written in the presence of both.
      await project.cli('create', 'After', '--sql');
      const after = readdirSync(join(project.dir, 'migrations')).find((name) => name.includes('After')) ?? '';
      project.write(`migrations/${after}`, sql('CREATE VIEW v AS SELECT email, nick FROM users', 'DROP VIEW v'));
      expect((await project.step('branches')).state).toBe('notice');
      await project.check('files', '--write-lock');
      expect(await project.step('branches')).toEqual({ name: 'branches', state: 'ok', findings: [] });
    },
  );

  it.each(sample(['ours', 'theirs'] as const, 2))(
    'that lead to different schemas are reported with the differences and the next step (%s first)',
    async (order) => {
      await merged(widen, narrow, order);
      const { steps, code } = await project.check('branches');
      const [finding] = steps[0]?.findings ?? [];
      expect(code).toBe(3);
      expect(finding?.message).toContain('their migrations conflict:\n');
      expect(finding?.message).toContain('Narrow1700000000002');
      expect(finding?.message).toMatch(
        /column users\.name is (text|character varying\(50\)) NOT NULL, and was (text|character varying\(50\)) NOT NULL/,
      );
      expect(finding?.next).toContain(
        'rm migrations/1700000000003-Widen.sql && nest-migrate generate && nest-migrate check --write-lock',
      );
      expect(finding?.next).toMatch(/git mv migrations\/1700000000003-Widen\.sql migrations\/\d{13}-Widen\.sql/);
      // Rewriting the lock does not accept the merge.
      const before = project.read(lock);
      expect(await project.check('branches', '--write-lock')).toMatchObject({ ok: false });
      expect(project.read(lock)).toBe(before);
    },
  );

  itInFull('one of which needs what the other takes away: which order fails, and why', async () => {
    await merged(email, () => {
      project.migration(
        '1700000000003-Rename',
        'ALTER TABLE users RENAME name TO nom',
        'ALTER TABLE users RENAME nom TO name',
      );
      project.migration('1700000000004-Index', 'CREATE INDEX i ON users (nom)', 'DROP INDEX i');
    });
    expect((await project.step('branches')).state).toBe('notice');
    project.write('migrations/1700000000002-AddEmail.sql', sql('CREATE INDEX j ON users (name)', 'DROP INDEX j'));
    const { findings } = await project.step('branches');
    expect(findings[0]?.message).toContain(
      'In the order Rename1700000000003, Index1700000000004, AddEmail1700000000002: Migration AddEmail1700000000002 could not be replayed',
    );
  });

  itInFull('are accepted by --write-lock despite conflict markers', async () => {
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
    const created = await project.cli('create', 'More');
    expect([created.code, created.stderr]).toEqual([1, expect.stringContaining('git has left conflict markers')]);
    expect(await project.check('files,branches', '--write-lock')).toMatchObject({ ok: true, written: lock });
    expect(project.read(lock)).not.toContain('<<<');
  });
});
