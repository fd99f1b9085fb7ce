import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
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

jest.setTimeout(240_000);

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
  const { code, stdout } = await cli('drift', '--shadow', serverUrl());
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('') });
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

it('follows the entities, with one draft that is written again until it is committed', async () => {
  expect(await dev('@Column() title!: string;')).toMatchObject({ draft: 'written' });
  await database.query(`INSERT INTO post (title) VALUES ('one'), ('two')`);
  expect(await dev('@Column() title!: string;')).toMatchObject({ draft: 'unchanged', statements: [] });

  // What no tool can know is asked, and nothing is changed meanwhile.
  expect(await refused('@Column() heading!: string;')).toContain('--rename post.title=heading');
  expect(await dev('@Column() heading!: string;', '--rename', 'post.title=heading')).toMatchObject({
    draft: 'amended',
    statements: ['ALTER TABLE "public"."post" RENAME COLUMN "title" TO "heading"'],
  });
  expect(await rows()).toEqual([
    { id: 1, heading: 'one' },
    { id: 2, heading: 'two' },
  ]);
  expect(files()).toHaveLength(1);
  expect(project.read(`migrations/${files()[0]}`)).not.toContain('title');
  commit();

  // Renamed twice in the database; once, from the committed name, in the file.
  await dev('@Column() headline!: string;', '--rename', 'post.heading=headline');
  const again = await dev(
    '@Column() caption!: string; @Column({ nullable: true }) body!: string;',
    '--rename',
    'post.headline=caption',
  );
  expect(again).toMatchObject({ draft: 'amended', files: [expect.stringContaining('Caption')] });
  expect(files()).toHaveLength(2);
  const draft = project.read(again.files[0] ?? '');
  expect(draft).toContain('"heading"');
  expect(draft).not.toContain('headline');
  expect((await rows())[0]).toEqual({ id: 1, caption: 'one', body: null });
  await expectAgreement();

  // An empty column goes without a question, one with values does not.
  await dev('@Column() caption!: string;');
  await dev('@Column() caption!: string; @Column({ nullable: true }) summary!: string;');
  await database.query(`UPDATE post SET summary = 'short'`);
  expect(await refused('@Column() caption!: string;')).toContain('column post.summary');

  // A draft that a person has edited stays.
  const edited = files().find((file) => file.includes('Caption')) ?? '';
  const text = `${project.read(`migrations/${edited}`)}// by hand\n`;
  project.write(`migrations/${edited}`, text);
  const next = await dev(
    '@Column() caption!: string; @Column({ nullable: true }) summary!: string; @Column({ default: 0 }) views!: number;',
  );
  expect(next).toMatchObject({ draft: 'written', files: [expect.stringContaining('AddViews')] });
  expect(project.read(`migrations/${edited}`)).toBe(text);

  // Back to what the migrations before it say: it goes.
  const removed = await dev('@Column() caption!: string; @Column({ nullable: true }) summary!: string;');
  expect(removed).toMatchObject({ draft: 'removed', files: [] });
  expect(files()).toHaveLength(2);
});

it('follows each save, until it is ended', async () => {
  commit();
  const watching = startCli(['dev', '--watch', '--shadow', serverUrl()], where());
  let told = '';
  watching.process.stdout?.on('data', (text: string) => (told += text));
  const until = async (text: string): Promise<void> => {
    for (let waited = 0; !told.includes(text); waited += 50) {
      if (waited > 100_000 || watching.process.exitCode !== null) throw new Error(`not told: ${text}\n${told}`);
      await sleep(50);
    }
  };
  await until('nothing changes');
  const columns = '@Column() caption!: string; @Column({ nullable: true }) summary!: string;';
  project.write('src/post.entity.ts', entity(`${columns} @Column({ nullable: true }) slug!: string;`));
  await until('AddSlugToPost.ts');
  project.write('src/post.entity.ts', entity(columns));
  await until('DROP COLUMN "slug"');
  watching.process.kill('SIGINT');
  expect(await watching.result).toMatchObject({ code: 0 });
  expect(files()).toHaveLength(2);
});

it('takes back a draft whose file is gone, and refuses what it does not know', async () => {
  commit();
  const before = await state();
  const {
    files: [file = ''],
  } = await dev(
    '@Column() caption!: string; @Column({ nullable: true }) summary!: string; @Column({ nullable: true }) editor!: string;',
  );
  await database.query(`UPDATE post SET editor = 'Ann'`);
  git('checkout', '--quiet', '.');
  project.delete(file);
  const here = '@Column() caption!: string; @Column({ nullable: true }) summary!: string;';
  expect(await refused(here)).toContain('the data of column post.editor');
  const back = await dev(here, '--allow-destructive');
  expect(back.takenBack).toEqual([expect.stringContaining('AddEditor')]);
  expect(await state()).toEqual(before);
  await database.query(`INSERT INTO migrations ("timestamp", name) VALUES (1700000000000, 'OfAnother1700000000000')`);
  expect(await refused(here)).toContain('OfAnother1700000000000');
});

itInFull('comes to the same end wherever it is killed', async () => {
  await database.query(`DELETE FROM migrations WHERE name LIKE 'OfAnother%'`);
  const columns = ['@Column() caption!: string;', '@Column({ nullable: true }) summary!: string;'];
  await dev(columns.join(' '), '--allow-destructive');
  commit();
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
