import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { full, itInFull, sample } from '../support/sample.js';

const entity = (table: string): string => `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('${table}') export class One { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }
`;
const tsconfig = (more = ''): string =>
  `{ "compilerOptions": { "module": "commonjs", "target": "es2022", "experimentalDecorators": true, "emitDecoratorMetadata": true${more} } }`;
const dataSource = (options: string, settings = ''): string => `import { DataSource } from 'typeorm';
import { defineDataSource } from 'nest-migrate/data-source';
import * as path from 'node:path';
void [DataSource, path];
export default defineDataSource({ url: process.env.DATABASE_URL, entities: ['src/*.entity.ts'], ${options} }${settings});
`;
/** TypeORM's own class: without our default for \`migrations\`. */
const plain = (options: string): string =>
  dataSource('')
    .replace(/defineDataSource\(\{/, "new DataSource({ type: 'postgres',")
    .replace('void [DataSource, path];', 'void [defineDataSource, path];')
    .replace(', }', `, ${options} }`);

let project: TestProject;
let database: TestDatabase;
let cache: string;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'nest-migrate-placement-'));
});
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(async () => {
  project.remove();
  await database.drop();
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

const projectWith = (text: string, more: Readonly<Record<string, string>> = {}, table = 'ones'): TestProject =>
  createProject({
    'package.json': '{ "name": "app" }',
    'tsconfig.json': tsconfig(),
    'data-source.ts': text,
    'src/one.entity.ts': entity(table),
    ...more,
  });
const cliIn = (where: TestProject, ...args: string[]) =>
  runCli(args, { cwd: where.dir, env: { NEST_MIGRATE_CACHE: cache, DATABASE_URL: database.url } });
const cli = (...args: string[]) => cliIn(project, ...args);
const filesIn = (folder: string): readonly string[] =>
  existsSync(join(project.dir, folder)) ? readdirSync(join(project.dir, folder)).toSorted() : [];
const onServer = ['--shadow', serverUrl()];

interface Refused {
  readonly what: string;
  readonly text: string;
  readonly args?: readonly string[];
  readonly more?: Readonly<Record<string, string>>;
  /** Of both, what is said and what is to be typed. */
  readonly says: readonly string[];
}

const refused: readonly Refused[] = [
  {
    what: 'no `migrations` option',
    text: plain(''),
    says: ['`migrations` of the data source is missing or empty', "migrations: ['migrations/*.{ts,js,sql}']"],
  },
  {
    what: 'an empty list',
    text: dataSource('migrations: []'),
    args: ['--dir', 'src/migrations'],
    says: ['`migrations` of the data source is missing or empty', "migrations: ['src/migrations/*.{ts,js,sql}']"],
  },
  {
    what: '--dir elsewhere',
    text: dataSource("migrations: ['migrations/*.{ts,js}']"),
    args: ['--dir', 'elsewhere'],
    says: ['(migrations/*.{ts,js}) matches elsewhere/', '--dir migrations', "'elsewhere/*.{ts,js,sql}'"],
  },
  {
    what: 'a pattern of another language',
    text: dataSource("migrations: ['migrations/*.js']"),
    says: ['(migrations/*.js) matches migrations/', "'migrations/*.{ts,js,sql}'", '--js'],
  },
  {
    what: 'SQL that no pattern takes',
    text: dataSource("migrations: [path.join(__dirname, 'migrations', '*{.ts,.js}')]"),
    args: ['--sql'],
    says: ['(migrations/*{.ts,.js}) matches migrations/', "'migrations/*.{ts,js,sql}'"],
  },
  {
    what: 'compiled files only',
    text: dataSource("migrations: ['dist/migrations/*.js']"),
    more: {
      'dist/migrations/1600000000000-First.js':
        'exports.First1600000000000 = class First1600000000000 { async up() {} };',
    },
    says: ['compiled files', '--dir src/migrations'],
  },
  {
    what: 'the output of the compiler',
    text: dataSource("migrations: ['dist/migrations/*{.ts,.js}']"),
    more: { 'tsconfig.json': tsconfig(', "outDir": "./dist"') },
    says: ['compiled files', '--dir src/migrations'],
  },
  {
    what: 'files whose names do not fit',
    text: dataSource("migrations: ['migrations/{1,2}*-Shop*.ts']"),
    says: ['(migrations/{1,2}*-Shop*.ts) matches migrations/'],
  },
];

describe('a migration that the data source would not find is not written', () => {
  it.each(sample(refused, 4))('$what', async ({ text, args = [], more, says }) => {
    project = projectWith(text, more);
    const before = filesIn('.');
    for (const command of [
      ['generate', 'AddOnes', ...onServer],
      ['create', 'AddOnes'],
      ['baseline', ...onServer],
    ]) {
      const { code, stderr, stdout } = await cli(...command, ...args);
      for (const part of says) expect(stderr).toContain(part);
      expect(stderr).toContain('Nothing was written');
      expect([stdout, code]).toEqual(['', 2]);
      expect(filesIn('.')).toEqual(before);
    }
    expect(await database.query("SELECT to_regclass('migrations') AS ledger")).toEqual([{ ledger: null }]);
  });

  it.each(
    sample(
      [
        ["migrations: ['old/*.js', 'migrations/*{.ts,.js}']", 'migrations', '--dir', 'migrations'],
        ["migrations: [path.join(__dirname, 'db', '**', '*{.ts,.js}')]", 'db/2025', '--dir', 'db/2025'],
      ],
      2,
    ),
  )('is written, found and not written again: %s', async (options, folder, ...args) => {
    project = projectWith(dataSource(options));
    const { code, stdout } = await cli('generate', ...onServer, ...args);
    expect([code, stdout]).toEqual([0, expect.stringContaining('then: nest-migrate run')]);
    const isMigration = (file: string): boolean => file !== 'migrations.lock';
    expect(filesIn(folder).filter(isMigration)).toEqual([expect.stringMatching(/-Init\.ts$/)]);
    expect((await cli('generate', ...onServer, ...args)).stdout).toContain('Nothing to do');
    expect((await cli('create', 'Second', ...args)).code).toBe(0);
    // Where the migrations in use are JavaScript, so is a new one.
    for (const file of filesIn(folder).filter(isMigration)) project.delete(`${folder}/${file}`);
    project.write(`${folder}/1600000000000-Old.js`, 'export class Old1600000000000 { async up() {} }');
    const { stdout: third } = await cli('create', 'Third', ...args);
    const [, file = ''] =
      /^Written: (.*-Third\.js)\nWritten in JavaScript, like the existing migrations\.\n$/.exec(third) ?? [];
    expect(project.read(file)).toMatch(/^export class Third\d{13} \{$/m);
  });
});

itInFull('an app that is compiled to dist gets the line for its compiled migrations, and it works', async () => {
  const text = (line: string): string => `import { DataSource } from 'typeorm';
export default new DataSource({ type: 'postgres', url: process.env.DATABASE_URL, entities: ['dist/*.entity{.ts,.js}'], ${line} });
`;
  project = createProject({
    'package.json': '{ "name": "app" }',
    'tsconfig.json': tsconfig(', "outDir": "./dist"'),
    'src/data-source.ts': text(''),
    'src/one.entity.ts': entity('ones'),
  });
  const { code, stderr } = await cli('generate', 'AddOnes', ...onServer);
  expect(code).toBe(2);
  expect(stderr).toContain('so a migration in src/migrations would never run');
  project.write('src/data-source.ts', text(/migrations: \['dist\/migrations\/\*\.js'\],/.exec(stderr)?.[0] ?? ''));
  expect((await cli('generate', 'AddOnes', ...onServer)).stdout).toMatch(/^\+ src\/migrations\/\d{13}-AddOnes\.ts$/m);
  expect((await cli('generate', ...onServer)).stdout).toContain('Nothing to do');
});

describe('a list of classes', () => {
  const first = {
    'src/migrations/1600000000000-First.ts':
      'export class First1600000000000 { async up(q: any) { await q.query(`CREATE TABLE x (id int)`); } async down() {} }',
  };
  const withList = (list: string, imports: string): string =>
    dataSource(`migrations: ${list}`).replace('void', `${imports}\nvoid`);

  itInFull('is extended with consent; without it, the missing lines are reported', async () => {
    const imports = "import { First1600000000000 } from './src/migrations/1600000000000-First';";
    const text = withList('[\n  First1600000000000,\n]', imports);
    project = projectWith(text, first);
    const { code, stdout } = await cli('generate', ...onServer);
    const [, init = ''] = filesIn('src/migrations');
    const name = `Init${init.slice(0, 13)}`;
    expect(init).toMatch(/-CreateOnes\.ts$/);
    const lines = [`import { ${name.replace('Init', 'CreateOnes')} } from './src/migrations/${init.slice(0, -3)}';`];
    expect([code, stdout]).toEqual([0, expect.stringContaining('Not in the list yet. Add to data-source.ts')]);
    expect(stdout).toContain(`  + ${lines[0]}\n  +   CreateOnes${init.slice(0, 13)},`);
    expect([project.read('data-source.ts'), stdout]).toEqual([text, expect.stringMatching(/add CreateOnes\d{13} to/)]);
    const checked = await cli('check', '--only', 'files');
    expect([checked.code, checked.stdout]).toEqual([
      3,
      expect.stringMatching(/CreateOnes\.ts is next to .* not in the list in data-source\.ts/),
    ]);
    // Otherwise it would look as if there was nothing to do.
    for (const command of ['status', 'run'])
      expect((await cli(command)).stderr).toMatch(/CreateOnes\.ts is next to .* not in the list in data-source\.ts/);
    project.delete(`src/migrations/${init}`);
    // With consent, it is in the list, and the next command knows it; steps of a change are imported together.
    const added = await cli('generate', ...onServer, '--yes');
    expect([added.code, added.stdout]).toEqual([0, expect.stringMatching(/Added to data-source\.ts:\n {2}\+ import/)]);
    expect(project.read('data-source.ts')).toMatch(
      /First';\nimport \{ CreateOnes\d{13} \} from '.\/src\/migrations\/\d{13}-CreateOnes';\n[^]*First1600000000000,\n\s+CreateOnes\d{13},\n\]/,
    );
    expect((await cli('generate', ...onServer, '--check')).stdout).toContain('Nothing to do');
    expect(await cli('run')).toMatchObject({ code: 0 });
    expect((await cli('create', 'More', '--yes')).stdout).toMatch(
      /^Written: src\/migrations\/\d{13}-More\.ts\nAdded to/,
    );
    expect((await cli('status')).stdout).toMatch(/More\d{13} +pending/);
    expect(await cli('check', '--only', 'files')).toMatchObject({ code: 0 });
    const sql = await cli('create', 'Other', '--sql');
    expect([sql.code, sql.stderr]).toEqual([2, expect.stringContaining('Leave out --sql')]);
  });

  itInFull(
    'is found in another file by the names of its classes; if it is not found, all lines are still shown',
    async () => {
      const before = `import { all } from './migrations';
class Other1600000000000 { async up() {} async down() {} }
const others = [Other1600000000000];
export const lists = [{ migrations: all }, { migrations: others }];
`;
      const make = withList('process.env.OTHER ? others : all', before);
      project = projectWith("import { make } from './src/make';\nexport default make();\n", {
        ...first,
        'src/make.ts': make.replace('export default', 'export const make = () =>'),
        'src/migrations/index.ts':
          "import { First1600000000000 } from './1600000000000-First';\nexport const all = [First1600000000000];\n",
      });
      const { code, stdout } = await cli('create', 'Second');
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('Not in the list yet. Add to src/migrations/index.ts'),
      ]);
      expect(stdout).toMatch(/^Written: src\/migrations\/\d{13}-Second\.ts\n/);
      project.write('src/migrations/index.ts', project.read('src/migrations/index.ts').replace('= [', '= [...[], '));
      const left = await cli('create', 'Third');
      expect([left.code, left.stdout]).toEqual([0, expect.stringContaining('Not in the list of the data source yet.')]);
      expect(left.stdout).toMatch(/\+ import \{ (Third\d{13}) \} from '…\/\d{13}-Third';\n {2}\+ {3}\1,\n/);
    },
  );

  itInFull('is the exports of an index file; one that is made by a program is left alone', async () => {
    project = projectWith(withList('Object.values(all)', "import * as all from './src/migrations';"), {
      ...first,
      'src/migrations/index.ts': "export * from './1600000000000-First';\n",
    });
    const { code, stdout } = await cli('create', 'Second', '--yes');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Added to src/migrations/index.ts')]);
    expect(project.read('src/migrations/index.ts')).toMatch(
      /^export \* from '.\/1600000000000-First';\nexport \* from '.\/\d{13}-Second';\n$/,
    );
    expect((await cli('status')).stdout).toMatch(/2 pending/);
    const text = withList(
      '[...Object.values(all), class Own1700000000000 { up() {} }]',
      "import * as all from './src/migrations';",
    );
    project.write('data-source.ts', text);
    const left = await cli('create', 'Third', '--yes');
    expect([left.code, left.stdout]).toEqual([0, expect.stringMatching(/add Third\d{13} to the `migrations` list/)]);
    expect(project.read('data-source.ts')).toBe(text);
  });

  itInFull('baseline adds to it and records, or does neither', async () => {
    project = projectWith(
      withList('[First1600000000000]', "import { First1600000000000 } from './src/migrations/1600000000000-First';"),
      first,
    );
    const refused = await cli('baseline', ...onServer);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/--yes[^]*run --fake/)]);
    await database.query(
      'CREATE TABLE x (id int); CREATE TABLE "ones" ("id" serial NOT NULL, "name" character varying NOT NULL)',
    );
    const { stdout: differs } = await cli('baseline', ...onServer, '--check');
    const constraint = /CONSTRAINT "(PK_\w+)"/.exec(differs)?.[1] ?? '';
    await database.query(`ALTER TABLE ones ADD CONSTRAINT "${constraint}" PRIMARY KEY (id)`);
    const { code, stdout } = await cli('baseline', ...onServer, '--yes');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/Recorded as applied.*First1600000000000, Baseline\d{13}/),
    ]);
    expect((await cli('status')).stdout).toMatch(/2 migrations applied.*nothing is pending/);
  });
});

describe('a data source that names compiled files, as in most tutorials', () => {
  const compiled = (name: string): string =>
    `exports.${name} = class ${name} { async up(q) { await q.query('CREATE TABLE "gone" (id int)'); } async down(q) { await q.query('DROP TABLE gone'); } }`;
  const ofTutorial = {
    'package.json': '{ "name": "app", "scripts": { "typeorm": "npm run build && typeorm -d dist/data-source.js" } }',
    'nest-cli.json': '{ "sourceRoot": "src", "compilerOptions": { "deleteOutDir": true } }',
    'tsconfig.json': `// With comments, and a comma too many.\n${tsconfig(', "rootDir": "./src", "outDir": "./dist", "skipLibCheck": true,')}`,
    'src/main.ts': '',
    'src/data-source.ts': `import { DataSource } from 'typeorm';
export default new DataSource({
  type: 'postgres',
  url: process.env.DATABASE_URL,
  entities: ['dist/**/*.entity{.ts,.js}'],
  migrations: ['dist/migrations/*{.ts,.js}'],
});
`,
    'src/one.entity.ts': entity('ones'),
  };
  const build = () =>
    runNode(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noCheck'], { cwd: project.dir });
  const json = async (...args: string[]): Promise<Readonly<Record<string, unknown>>> =>
    JSON.parse((await cli(...args, '--json')).stdout) as Readonly<Record<string, unknown>>;

  it('has its sources written, run and judged, before and after the build', async () => {
    project = createProject(ofTutorial);
    // Before the first build: there is no data source in dist, no entity, no migration.
    expect(await cli('generate', ...onServer, 'Init')).toMatchObject({
      code: 0,
      stdout: expect.not.stringMatching(/npm run build/),
    });
    const init = filesIn('src/migrations').find((file) => file.endsWith('.ts')) ?? '';
    const name = `Init${init.slice(0, 13)}`;
    expect([filesIn('dist'), filesIn('src/migrations')]).toEqual([[], [init, 'migrations.lock']]);
    expect(await json('status')).toMatchObject({ pending: [{ name }], problems: [] });
    expect(await cli('run')).toMatchObject({ code: 0 });
    expect(await cli('create', 'Second')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Written: src\/migrations/),
    });
    // After a build, each counts once; an entity is newer than what it was compiled to.
    expect(await build()).toMatchObject({ code: 0 });
    expect(filesIn('dist/migrations')).toContain(init.replace('.ts', '.js'));
    project.write(
      'src/one.entity.ts',
      entity('ones').replace('name!: string;', 'name!: string; @Column({ nullable: true }) more!: string;'),
    );
    expect(await json('status')).toMatchObject({ applied: [{ name }], pending: [{}], problems: [] });
    const changed = await cli('generate', ...onServer, '--check');
    expect([changed.code, changed.stdout]).toEqual([3, expect.stringContaining('ADD COLUMN "more"')]);
    // So it is where patterns begin at the root, and match the sources as well as what is compiled from them.
    const fromRoot = ofTutorial['src/data-source.ts'].replaceAll("'dist/", "'{src,dist}/");
    project.write('src/data-source.ts', fromRoot);
    expect(await json('status')).toMatchObject({ applied: [{ name }], pending: [{}], problems: [] });
    project.write('src/one.entity.ts', entity('ones').replace('@Column() name!: string;', ''));
    expect((await cli('generate', ...onServer, '--check')).stdout).toContain('DROP COLUMN "name"');
    project.write('src/one.entity.ts', entity('ones'));
    project.write('src/data-source.ts', ofTutorial['src/data-source.ts']);
    // What was deleted is still in dist: it must not come back.
    const stale = 'dist/migrations/1500000000000-Gone.js';
    project.write(stale, compiled('Gone1500000000000'));
    expect(await json('status')).toMatchObject({
      problems: [
        {
          code: 'STALE_OUTPUT',
          migration: 'Gone1500000000000',
          message: `${stale} is stale: its source no longer exists.`,
        },
      ],
    });
    const refused = await cli('run');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/1500000000000-Gone\.js is gone[^]*→ .*npm run build/),
    ]);
    expect((await cli('check', '--only', 'files')).stdout).toContain(`${stale} is stale`);
    // In production, only what the pattern matches runs.
    const production = { NEST_MIGRATE_CACHE: cache, DATABASE_URL: database.url, NODE_ENV: 'production' };
    expect(await runCli(['run'], { cwd: project.dir, env: production })).toMatchObject({ code: 0 });
    expect(await json('status')).toMatchObject({
      applied: [{ name }, { name: 'Gone1500000000000' }, {}],
      problems: [{ message: expect.stringContaining('and it is applied') }],
    });
    expect(await cli('revert', '--to', name)).toMatchObject({ code: 0 });
  });

  itInFull(
    'misses what is not compiled, and warns of what is outdated, where compiled files are asked for',
    async () => {
      project = createProject(ofTutorial);
      await cli('generate', 'Init');
      await build();
      await cli('create', 'Third');
      const third = filesIn('src/migrations').find((file) => file.endsWith('-Third.ts'));
      const missed = await cli('run', '--data-source', 'dist/data-source.js');
      expect([missed.code, missed.stderr]).toEqual([
        2,
        expect.stringContaining(`src/migrations/${third} is not compiled yet`),
      ]);
      const told = await cli('status', '--data-source', 'dist/data-source.js');
      expect(told.stdout).toContain(`${third} is not compiled yet: npm run build`);
      await build();
      project.write('src/one.entity.ts', entity('ones'));
      const older = await cli('check', '--only', 'entities', '--data-source', 'dist/data-source.js');
      expect(older.stderr).toContain(
        'src/one.entity.ts is newer than dist/one.entity.js, which was loaded: npm run build',
      );
      project.write(`src/migrations/${third}`, project.read(`src/migrations/${third}`));
      const run = await cli('run', '--data-source', 'dist/data-source.js');
      expect([run.code, run.stderr]).toEqual([
        0,
        expect.stringContaining(
          `src/migrations/${third} is newer than dist/migrations/${third?.replace('.ts', '.js')}`,
        ),
      ]);
    },
  );

  if (full)
    it('finds the sources by the setting `dir`, and its cache is not used by another list of migrations', async () => {
      project = projectWith(dataSource("migrations: ['dist/migrations/*.js']", ", { dir: 'database' }"));
      expect(await cli('generate')).toMatchObject({ code: 0, stderr: '' });
      expect(filesIn('database')).toEqual([expect.stringMatching(/-Init\.ts$/), 'migrations.lock']);
      // Generating the same again would be the second migration for one change.
      expect((await cli('generate')).stdout).toContain('Nothing to do');
      const other = projectWith(dataSource("migrations: ['migrations/*.ts']"), {}, 'others');
      try {
        const theirs = await cliIn(other, 'generate', '--dry-run');
        expect([theirs.code, theirs.stderr]).toEqual([0, '']);
        expect(theirs.stdout).toContain('CREATE TABLE "public"."others"');
        expect(theirs.stdout).not.toContain('DROP TABLE "public"."ones"');
      } finally {
        other.remove();
      }
      // So does the setting `sources`; what it names has to be there.
      const bySources = dataSource("migrations: ['dist/migrations/*.js']", ", { sources: { dist: 'lib' } }");
      project.write('data-source.ts', bySources);
      const missing = await cli('status');
      expect([missing.code, missing.stderr]).toEqual([
        2,
        expect.stringMatching(/`sources` names the folder .*lib, which/),
      ]);
      project.write('lib/main.ts', '');
      expect((await cli('create', 'Two')).stdout).toMatch(/^Written: lib\/migrations/);
      // Without any of that, the files are taken as they are, and what would be lost is not written.
      project.write('data-source.ts', bySources.replace("{ dist: 'lib' }", 'false'));
      expect(await cli('create', 'Three')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('compiled files'),
      });
    });

  itInFull('baseline records what it has written', async () => {
    project = createProject(ofTutorial);
    await database.query(
      'CREATE TABLE "ones" ("id" serial NOT NULL, "name" character varying NOT NULL, CONSTRAINT by_hand PRIMARY KEY (id))',
    );
    const { code, stdout } = await cli('baseline', ...onServer);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/src\/migrations\/.*\nRecorded as applied.*Baseline/)]);
  });
});

describe('entities that the data source does not find', () => {
  const given = {
    'migrations/1700000000000-Ones.sql': '-- up\nCREATE TABLE ones (id int);\n-- down\nDROP TABLE ones;\n',
  };
  const finding = (entities: string): string => dataSource('').replace(`['src/*.entity.ts']`, entities);

  it.each(
    sample<readonly [string, string, string, string, Readonly<Record<string, string>>]>(
      [
        ['not compiled', `['dist/**/*.entity.js']`, 'dist, which does not exist', 'npm run build', {}],
        ['another ending', `['src/**/*.entity.js']`, 'src.', `'src/**/*.entity.ts'`, {}],
        [
          'another folder',
          `['source/*.ts', 'src/*.model.ts']`,
          'source, which does not exist, and src',
          'one.entity.ts',
          {},
        ],
        ['no entity in it', `['lib/*.ts']`, 'lib', '@Entity()', { 'lib/constants.ts': 'export const one = 1;' }],
      ],
      2,
    ),
  )('%s', async (_, entities, message, next, more) => {
    project = projectWith(finding(entities), { ...given, ...more });
    const { code, stdout, stderr } = await cli('generate', 'Change', ...onServer);
    expect([code, stdout, filesIn('migrations')]).toEqual([2, '', ['1700000000000-Ones.sql']]);
    expect(stderr).toContain('No entity');
    expect(stderr).toContain(message);
    expect(stderr).toContain(next);
  });

  itInFull('are reported by drift, check and baseline as well; run and lint need none', async () => {
    project = projectWith(finding(`['dist/**/*.entity.js']`), given);
    const drift = await cli('drift', ...onServer);
    const check = await cli('check', ...onServer, '--only', 'entities', '--json');
    const baseline = await cli('baseline', ...onServer);
    for (const { code, stdout, stderr } of [drift, check, baseline]) {
      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain('No entity matches');
    }
    expect(filesIn('migrations')).toEqual(['1700000000000-Ones.sql']);
    expect((await cli('run')).code).toBe(0);
    expect((await cli('lint', '--all', ...onServer)).code).toBe(0);
  });

  if (full)
    it('do not exist: a project with migrations only can run, check and compare, and generate reports what is missing', async () => {
      project = projectWith(finding('[]'), given);
      const { code, stderr } = await cli('generate', 'Change', ...onServer);
      expect([code, filesIn('migrations')]).toEqual([2, ['1700000000000-Ones.sql']]);
      expect(stderr).toContain('The data source lists no entities');
      expect(stderr).toContain('nest-migrate create');
      project.write('data-source.ts', finding('[], autoLoadEntities: true'));
      expect((await cli('generate', 'Change', ...onServer)).stderr).toContain(
        'only the app knows these entities. Use the app: --app src/app.module.ts.',
      );
      expect((await cli('run')).code).toBe(0);
      expect((await cli('drift', ...onServer)).code).toBe(0);
      const check = await cli('check', ...onServer);
      expect([check.code, check.stdout]).toEqual([0, expect.stringContaining('lists no entities')]);
      // Nor by the pattern that goes without saying, where there is no entity anywhere.
      project.write('data-source.ts', finding('').replace('entities: ,', ''));
      project.delete('src/one.entity.ts');
      const unsaid = await cli('check', ...onServer, '--only', 'entities');
      expect([unsaid.code, unsaid.stdout]).toEqual([0, expect.stringContaining('lists no entities')]);
      expect((await cli('generate', 'Change', ...onServer)).stderr).toContain('The data source lists no entities');
    });
});

describe('entities that cannot be loaded', () => {
  const columns = "import { Column, Entity, ManyToOne, OneToMany, PrimaryGeneratedColumn } from 'typeorm';\n";
  const user = (more = ''): string =>
    `${columns}import { Post } from './post.entity';\nexport enum Role { A = 'a' }\n${more}
@Entity() export class User { @PrimaryGeneratedColumn() id!: number; @Column('enum', { enum: Role }) role!: Role; @OneToMany(() => Post, (one) => one.author) posts!: Post[]; }`;
  const post = (property: string): string =>
    `${columns}import { Role, User } from './user.entity';\nvoid [Column, ManyToOne, Role, User];\n@Entity() export class Post {\n  @PrimaryGeneratedColumn() id!: number;\n${property}\n}`;
  const author = '  @ManyToOne(() => User, (one) => one.posts) author!: User;';

  itInFull('are loaded in the same order each time: that of their paths', async () => {
    // The one that its base class imports back must come first. It lies deeper, where TypeORM takes longer to find its package.json.
    const entity = (text: string): string => `${columns}${text}\nvoid [Column, ManyToOne, OneToMany];\n`;
    project = projectWith(dataSource('migrations: []').replace('src/*', 'src/**/*'), {
      'src/a/far/below/it/child.entity.ts': entity(
        "import { Base } from '../../../../z.entity';\n@Entity() export class Child extends Base {}",
      ),
      'src/z.entity.ts': entity(
        "import { Child } from './a/far/below/it/child.entity';\nexport const children = (): unknown => Child;\nexport class Base { @PrimaryGeneratedColumn() id!: number; }",
      ),
    });
    const { code, stdout, stderr } = await cli('generate', '--check');
    expect([code, stderr, stdout]).toEqual([
      3,
      expect.not.stringContaining('✖'),
      expect.stringContaining('CREATE TABLE "public"."child"'),
    ]);
  });

  const cycle = /src\/(?:user|post)\.entity\.ts → src\/(?:user|post)\.entity\.ts → src\/(?:user|post)\.entity\.ts/;

  it.each<readonly [string, Readonly<Record<string, string>>, RegExp]>([
    [
      'one that throws, with its place',
      { 'src/throws.entity.ts': `${columns}\nconst limit = (process.env.NONE as any).trim();\nexport { limit };\n` },
      /✖ src\/throws\.entity\.ts:3:41 failed while it was loaded: Cannot read properties of undefined/,
    ],
    [
      'a helper of one that throws',
      {
        'src/deep/limit.ts': 'export const limit = JSON.parse(String(process.env.NONE));\n',
        'src/throws.entity.ts': "import './deep/limit';\n",
      },
      /✖ src\/deep\/limit\.ts:1:\d+ failed while it was loaded: /,
    ],
    [
      'an enum that is undefined in a circle',
      {
        'src/user.entity.ts': user(),
        'src/post.entity.ts': post(`  @Column('enum', { enum: Role }) role!: Role;\n${author}`),
      },
      /Column "role" of Entity "Post"[^]*import each other/,
    ],
    [
      'a mistyped type in files that import each other, which is not the reason',
      {
        'src/user.entity.ts': user(),
        'src/post.entity.ts': post(`  @Column('varchr') title!: string;\n${author}`),
      },
      /Data type "varchr" in "Post\.title" is not supported[^\n]*\n→ Correct the entities/,
    ],
    [
      'a column whose type TypeScript does not tell',
      {
        'src/post.entity.ts':
          "import { Column, Entity, PrimaryColumn } from 'typeorm';\n@Entity() export class Post { @PrimaryColumn() id!: number; @Column() title!: string | number }",
      },
      /Data type "Object" in "Post\.title" is not supported[^\n]*\n→ Name the type in the decorator/,
    ],
    [
      'a class that is undefined in a circle, as the type of a column',
      { 'src/user.entity.ts': user(), 'src/post.entity.ts': post(`  @Column() owner!: User;\n${author}`) },
      /Post#owner[^]*import each other/,
    ],
    [
      'a class that is undefined in a list, because of a circle',
      {
        'src/user.entity.ts': `import { entities } from '../entities';\nvoid entities;\n${user()}`,
        'src/post.entity.ts': post(author),
        'entities.ts':
          "import { Post } from './src/post.entity';\nimport { User } from './src/user.entity';\nexport const entities = [Post, User];\n",
      },
      /Entity metadata for Post#author was not found[^]*Entry 2 of `entities` was undefined[^]*import each other[^]*→ Import the class where/,
    ],
  ])('%s', async (_what, files, message) => {
    // In the order in which an app may load them.
    const first = 'src/user.entity.ts' in files ? "import './src/user.entity';\n" : '';
    const list = 'entities.ts' in files ? "import { entities } from './entities';\n" : '';
    const text = dataSource('migrations: []');
    project = projectWith(
      first + list + (list === '' ? text : text.replace(/entities: \[[^\]]*\]/, 'entities')),
      files,
    );
    const { code, stderr } = await cli('generate', '--check');
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    if (/circle/.test(_what)) expect(stderr).toMatch(cycle);
  });

  it('are not reported as a missing server by run, even if they fail in other words the second time', async () => {
    const missing = "Object.assign(new Error(`${Math.random()}: cannot find module`), { code: 'MODULE_NOT_FOUND' })";
    project = projectWith(dataSource("migrations: ['migrations/*.sql']"), {
      'src/throws.entity.ts': `export const first = 1;\nthrow ${missing};\n`,
      'migrations/1700000000000-First.sql': '-- up\nSELECT 1;\n',
    });
    const { code, stderr } = await cli('run', '--connect-timeout', '1s');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/src\/throws\.entity\.ts could not be loaded: [^\n]+\n +at .+throws\.entity\.ts:2:/),
    ]);
    expect(stderr).not.toContain('No connection');
  });

  itInFull('in ES modules, a class that is used before it is there', async () => {
    project = createProject({
      'package.json': '{ "name": "app", "type": "module" }',
      'tsconfig.json': tsconfig().replace('commonjs', 'nodenext'),
      'data-source.ts': dataSource('migrations: []').replace('src/*.entity.ts', 'src/a.entity.ts'),
      'src/user.entity.ts': user().replace('./post.entity', './post.entity.js'),
      'src/post.entity.ts': post(author).replace('./user.entity', './user.entity.js'),
      // The app imports this one first.
      'src/a.entity.ts': "export { User } from './user.entity.js';\n",
    });
    const { code, stderr } = await cli('generate', '--check');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /src\/post\.entity\.ts:\d+:\d+ failed while it was loaded: Cannot access 'User' before initialization[^]*→ .*Relation<User>/,
      ),
    ]);
    expect(stderr).toMatch(cycle);
    // In the order of the command, nothing fails; in that of an app, it would.
    project.write('data-source.ts', `import './src/post.entity.js';\n${dataSource('migrations: []')}`);
    const told = await cli('generate', '--check');
    expect([told.code, told.stderr]).toEqual([
      3,
      expect.stringMatching(/the type of author is the class User[^]*Write Relation<User>/),
    ]);
    expect(told.stderr).toMatch(cycle);
    const relation = `import type { Relation } from 'typeorm';\n${post(author.replace('author!: User', 'author!: Relation<User>'))}`;
    project.write('src/post.entity.ts', relation.replace('./user.entity', './user.entity.js'));
    expect(await cli('generate', '--check')).toMatchObject({ code: 3, stderr: '' });
  });
});
