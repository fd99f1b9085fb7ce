import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runCli, startCli } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import { Random } from '../support/random.js';
import { itInFull } from '../support/sample.js';
import type { TestProject } from '../support/project.js';

const entity = (columns: string): string =>
  `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('post')
export class Post {
  @PrimaryGeneratedColumn() id!: number;
  ${columns}
}
`;

let project: TestProject;
let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  project = createProject({
    'package.json': '{ "name": "blog" }',
    '.gitignore': 'node_modules',
    'tsconfig.json':
      '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true, "esModuleInterop": true, "skipLibCheck": true } }',
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['src/*.entity.ts'], migrations: ['migrations/*.{ts,js,sql}'] });
`,
  });
  git('init', '--quiet', '--initial-branch=main');
});
afterAll(async () => {
  project.remove();
  await database.drop();
});

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
    cwd: project.dir,
    encoding: 'utf8',
  });
const commit = (): void => {
  git('add', '--all');
  git('commit', '--quiet', '--allow-empty', '--message', 'change');
};
const where = (): { cwd: string; env: { DATABASE_URL: string } } => ({
  cwd: project.dir,
  env: { DATABASE_URL: database.url },
});
const cli = (...args: string[]): Promise<CliResult> => runCli(args, where());

interface Told {
  readonly draft: string;
  readonly files: readonly string[];
  readonly statements: readonly string[];
  readonly takenBack: readonly string[];
  readonly losses: readonly string[];
}

/** The entity as it is saved, and what `dev` makes of it. */
async function dev(columns: string, ...args: string[]): Promise<Told> {
  project.write('src/post.entity.ts', entity(columns));
  // Throwaway databases on the test server are quicker than PostgreSQL in each process.
  const { code, stdout, stderr } = await cli('dev', '--json', '--shadow', serverUrl(), ...args);
  if (code !== 0) throw new Error(`exit ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Told;
}

async function refused(columns: string, ...args: string[]): Promise<string> {
  const before = await state();
  project.write('src/post.entity.ts', entity(columns));
  const { code, stderr } = await cli('dev', '--shadow', serverUrl(), ...args);
  expect(code).toBe(3);
  expect(await state()).toEqual(before);
  return stderr;
}

const files = (): readonly string[] =>
  readdirSync(join(project.dir, 'migrations')).filter((file) => file.endsWith('.ts'));
const ledger = async (): Promise<readonly unknown[]> =>
  (await database.query('SELECT name FROM migrations ORDER BY "timestamp"')).map(({ name }) => name);
const rows = (): Promise<readonly object[]> => database.query('SELECT * FROM post ORDER BY id');
const state = async (): Promise<object> => ({
  files: files().map((file) => [file, project.read(`migrations/${file}`)]),
  lock: project.read('migrations/migrations.lock'),
  ledger: await ledger(),
  rows: await rows(),
});

/** Files, ledger and database say the same. */
async function expectAgreement(): Promise<void> {
  const generated = await cli('generate', '--check', '--shadow', serverUrl());
  expect(generated.stdout).toContain('Nothing to do');
  expect(await cli('drift', '--shadow', serverUrl())).toMatchObject({ code: 0 });
  const status = JSON.parse((await cli('status', '--json')).stdout) as { pending: object[]; problems: object[] };
  expect(status.pending).toEqual([]);
  expect(status.problems).toEqual([]);
  const locked = project
    .read('migrations/migrations.lock')
    .split('\n')
    .flatMap((line) => /^(\d\S+)/.exec(line)?.[1] ?? []);
  expect(locked.toSorted()).toEqual(
    files()
      .map((file) => file.replace('.ts', ''))
      .toSorted(),
  );
}

const columns = '@Column() caption!: string; @Column({ nullable: true }) summary!: string;';

it('writes what has changed, and names the flags where it cannot ask', async () => {
  expect(await dev(columns)).toMatchObject({
    draft: 'written',
    removed: [],
    files: [expect.stringMatching(/^migrations.\d+-Init\.ts$/)],
  });
  expect(await refused(columns.replace('summary', 'abstract'))).toContain('--rename post.summary=abstract');
  project.write('src/post.entity.ts', entity(columns));
  await expectAgreement();
});

itInFull('comes to the same end wherever it is killed', async () => {
  const columns = ['@Column() caption!: string;', '@Column({ nullable: true }) summary!: string;'];
  await dev(columns.join(' '));
  commit();
  // A draft is one also after all has been made again.
  await dev([...columns, '@Column({ nullable: true }) footer!: string;'].join(' '));
  expect(await cli('fresh', '--yes-drop', database.name)).toMatchObject({ code: 0 });
  expect(await dev(columns.join(' '))).toMatchObject({ draft: 'removed' });
  const random = new Random(1);
  const before = files().length;
  for (let kill = 0; kill < 20; kill += 1) {
    // A column that comes, one that goes, one that is there again.
    if (random.chance(0.3) && columns.length > 2) columns.pop();
    else columns.push(`@Column({ nullable: true }) extra${columns.length}!: string;`);
    project.write('src/post.entity.ts', entity(columns.join(' ')));
    const started = startCli(['dev', '--shadow', serverUrl()], where());
    await sleep(300 + 1500 * random.next());
    started.process.kill('SIGKILL');
    await started.result;
    await dev(columns.join(' '));
    await expectAgreement();
    expect(files().length).toBeLessThanOrEqual(before + 1);
  }
});
