import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli, runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { screenOf } from '../support/screen.js';
import { itInFull } from '../support/sample.js';

const commands = [
  ...[
    'dev',
    'run',
    'plan',
    'status',
    'revert',
    'redo',
    'wait',
    'drift',
    'baseline',
    'resolve',
    'database',
    'fresh',
    'seed',
  ],
  ...['init', 'generate', 'create', 'check', 'lint', 'help'],
];
const tooLong = (text: string): readonly string[] => text.split('\n').filter((line) => line.length > 80);

it('--help of the program and of each command', async () => {
  const asked = [['--help'], ...commands.map((command) => [command, '--help'])];
  const helps: string[] = [];
  for (const args of asked) {
    const { code, stdout, stderr } = await runCli(args, { cwd: process.cwd() });
    expect([args, code, stderr]).toEqual([args, 0, '']);
    expect(tooLong(stdout)).toEqual([]);
    helps.push(`$ nest-migrate ${args.join(' ')}\n${stdout}`);
  }
  const [root = ''] = helps;
  const listed = [...root.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, name]) => name);
  expect(listed).toEqual(commands);
  expect(helps.join('\n')).toMatchSnapshot();
});

const user = (columns: string): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('users')
export class User {
  @PrimaryGeneratedColumn() id: number;
  ${columns}
}
`;

describe('human output', () => {
  let database: TestDatabase;
  let project: TestProject;
  beforeAll(async () => {
    database = await createDatabase();
    project = createProject({
      'package.json': '{ "name": "app" }',
      '.env': `DATABASE_URL=${database.url}\n`,
      'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
      'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['src/*.entity.ts'], migrations: ['migrations/*.{ts,sql}'] });
`,
      'src/user.entity.ts': user('@Column() name: string;'),
    });
  });
  afterAll(async () => {
    project.remove();
    await database.drop();
  });
  const shadow = ['--shadow', serverUrl()];
  const cli = (...args: readonly string[]): Promise<CliResult> => runCli(args, { cwd: project.dir });
  /** Without what is different each time. */
  const shown = (args: readonly string[], { code, stdout, stderr }: CliResult): string =>
    `$ nest-migrate ${args.filter((arg) => !shadow.includes(arg)).join(' ')}\n${stdout}${stderr}(exit code ${code})\n`
      .replaceAll(project.dir, '…')
      .replace(/(?<!\d)1[6-8]\d{11}(?!\d)/g, (timestamp) =>
        timestamp.startsWith('1799') ? timestamp : '1790000000000',
      )
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, '2026-01-01 12:00:00 UTC')
      .replace(/\b[\d.]+ m?s\b/g, '1 ms')
      .replace(/PostgreSQL \d+\.\d+/g, 'PostgreSQL 15.0');

  it('of the main commands and of an error', async () => {
    const said: string[] = [];
    const say = async (...args: readonly string[]): Promise<void> => void said.push(shown(args, await cli(...args)));
    await say('generate', ...shadow);
    await say('run');
    project.write('src/user.entity.ts', user(`@Column() name: string; @Column({ default: '' }) email: string;`));
    await say('generate', ...shadow);
    await say('generate', ...shadow, '--check');
    const index = '-- up\nCREATE INDEX by_email ON users (email);\n-- down\nDROP INDEX by_email;\n';
    project.write('migrations/1799000000000-index-email.sql', index);
    await say('status');
    await say('check', ...shadow, '--skip', 'lint');
    await say('lint', ...shadow, 'index-email');
    await say('plan', ...shadow);
    await say('run');
    await say('status', '--check');
    await say('revert');
    project.write('migrations/1799000000000-index-email.sql', index.replace('(email)', '(emial)'));
    await say('run');
    expect(said.join('\n')).toMatchSnapshot();
  });

  itInFull(
    'a spinner shows what generate does, at a terminal only, and leaves no trace, nor does a question',
    async () => {
      const terminal = ['--import', resolve('test/support/terminal.mjs'), resolve('dist/esm/cli/main.js')];
      const command = ['generate', '--check', '--no-cache', ...shadow];
      const watched = (
        args: readonly string[],
        env: Readonly<Record<string, string>>,
        input = '',
      ): Promise<CliResult> => runNode([...terminal, ...args], { cwd: project.dir, env, input });
      project.delete('migrations/1799000000000-index-email.sql');
      const { stderr, stdout, code } = await watched(command, { TERM: 'xterm' });
      for (const stage of ['loading the data source', 'reading the entities', 'replaying the migrations'])
        expect(stderr).toContain(` ${stage}`);
      expect([screenOf(stderr), stdout, code]).toEqual(['', expect.stringContaining('Nothing to do'), 0]);
      expect(stderr.lastIndexOf('\u001B[?25h')).toBeGreaterThan(stderr.lastIndexOf('\u001B[?25l'));
      project.write('src/user.entity.ts', user(`@Column() fullName: string; @Column({ default: '' }) email: string;`));
      // Ctrl-C, which is a key there and no signal, at the question.
      const left = await watched(['generate', ...shadow], { TERM: 'xterm' }, '\u0003');
      expect([stripVTControlCharacters(left.stderr), left.stdout, left.code]).toEqual([
        expect.stringMatching(/users\.name is no longer[^]*✖ Stopped\. Nothing was written\.\n/),
        '',
        130,
      ]);
      // One down, and Enter: it was removed. Then it asks for what is lost, and how the rows get the new column.
      const removed = await watched(['generate', ...shadow], { TERM: 'xterm' }, '\u001B[B\r');
      expect(stripVTControlCharacters(removed.stderr)).toMatch(
        /What happened to it\?[^]*● it was removed: it is dropped with its data/,
      );
      project.write('migrations/1799000000000-index-email.sql', '-- up\nCREATE INDEX by_email ON users (emial);\n');
      const failed = await watched(command, { TERM: 'xterm' });
      expect(screenOf(failed.stderr)).toMatch(/^✖ Migration IndexEmail1799000000000 could not be replayed/);
      expect(failed.code).toBe(1);
      for (const [flags, env] of [
        [['--quiet'], { TERM: 'xterm' }],
        [[], { TERM: 'xterm', CI: 'true' }],
        [[], { TERM: 'dumb' }],
      ] as const) {
        const silent = await watched([...command, ...flags], env);
        expect(silent.stderr).not.toContain('replaying the migrations');
        expect(silent.stderr).not.toContain('\u001B[?25l');
      }
    },
  );
});
