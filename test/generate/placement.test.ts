import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../support/cli.js';
import { createDatabase, serverUrl } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

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
beforeEach(async () => {
  database = await createDatabase();
  cache = mkdtempSync(join(tmpdir(), 'nest-migrate-placement-'));
});
afterEach(async () => {
  project.remove();
  rmSync(cache, { recursive: true, force: true });
  await database.drop();
});

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
    says: ['has no `migrations` option', "migrations: ['migrations/*.{ts,js,sql}']"],
  },
  {
    what: 'an empty list',
    text: dataSource('migrations: []'),
    args: ['--dir', 'src/migrations'],
    says: ['has no `migrations` option', "migrations: ['src/migrations/*.{ts,js,sql}']"],
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
  it.each(refused)('$what', async ({ text, args = [], more, says }) => {
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

  it.each([
    ["migrations: ['old/*.js', 'migrations/*{.ts,.js}']", 'migrations', '--dir', 'migrations'],
    ["migrations: [path.join(__dirname, 'db', '**', '*{.ts,.js}')]", 'db/2025', '--dir', 'db/2025'],
  ])(
    'written, found and not written again: %s',
    async (options, folder, ...args) => {
      project = projectWith(dataSource(options));
      const { code, stdout } = await cli('generate', ...args);
      expect([code, stdout]).toEqual([0, expect.stringContaining('then: nest-migrate run')]);
      const isMigration = (file: string): boolean => file !== 'migrations.lock';
      expect(filesIn(folder).filter(isMigration)).toEqual([expect.stringMatching(/-Init\.ts$/)]);
      expect((await cli('generate', ...args)).stdout).toContain('Nothing to do');
      expect((await cli('create', 'Second', ...args)).code).toBe(0);
    },
    180_000,
  );
});

describe('a list of classes', () => {
  it('is told to be added to, and until then the change is generated again', async () => {
    project = projectWith(
      dataSource('migrations: [First1600000000000]').replace(
        'void',
        `import { First1600000000000 } from './migrations/1600000000000-First';\nvoid`,
      ),
      {
        'migrations/1600000000000-First.ts':
          'export class First1600000000000 { async up(q: any) { await q.query(`CREATE TABLE x (id int)`); } async down() {} }',
      },
    );
    const { code, stdout } = await cli('generate');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/add CreateOnes\d{13} to the `migrations` list/)]);
    const again = await cli('generate', '--dry-run');
    expect(again.stdout).toContain('CREATE TABLE "public"."ones"');
    const created = await cli('create', 'Second');
    expect([created.code, created.stdout]).toEqual([
      0,
      expect.stringMatching(/add Second\d{13} to the `migrations` list/i),
    ]);
    const baseline = await cli('baseline', ...onServer);
    expect([baseline.code, baseline.stderr]).toEqual([2, expect.stringContaining('run --fake')]);
  }, 180_000);
});

describe('sources that are compiled to what the pattern matches', () => {
  const compiled = (name: string): string =>
    `exports.${name} = class ${name} { async up(q) { await q.query('CREATE TABLE "ones" ("id" serial NOT NULL, "name" character varying NOT NULL, CONSTRAINT "PK_8dc2ff1b0e1b02a9b2e5b1a0b61" PRIMARY KEY (id))'); } async down(q) { await q.query('DROP TABLE ones'); } }`;

  it('are written; what is kept of them is nothing that another list of migrations finds', async () => {
    project = projectWith(dataSource("migrations: ['dist/migrations/*.js']", ", { dir: 'src/migrations' }"));
    const { code, stdout } = await cli('generate');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/npm run build.*\n?.*nest-migrate run/)]);
    const [file = ''] = filesIn('src/migrations');
    // The list of the data source is as empty as before: what it leads to must not have been kept as the list's.
    const other = projectWith(dataSource("migrations: ['migrations/*.ts']"), {}, 'others');
    try {
      const theirs = await cliIn(other, 'generate', '--dry-run');
      expect([theirs.code, theirs.stderr]).toEqual([0, '']);
      expect(theirs.stdout).toContain('CREATE TABLE "public"."others"');
      expect(theirs.stdout).not.toContain('DROP TABLE "public"."ones"');
    } finally {
      other.remove();
    }
    // Generating the same again would be the second migration for one change.
    const again = await cli('generate');
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringContaining(`src/migrations/${file} is not compiled yet`),
    ]);
    project.write(`dist/migrations/${file.replace('.ts', '.js')}`, compiled(`Init${file.slice(0, 13)}`));
    expect((await cli('generate', '--dry-run')).stderr).not.toContain('not compiled');
  }, 180_000);

  it('baseline does not say that it has recorded what it cannot record', async () => {
    project = projectWith(dataSource("migrations: ['dist/migrations/*.js']", ", { dir: 'src/migrations' }"));
    const { code, stderr } = await cli('baseline', ...onServer);
    expect([code, stderr]).toEqual([2, expect.stringContaining('nest-migrate run --fake')]);
    expect(filesIn('src')).toEqual(['one.entity.ts']);
  });
});

describe('entities that the data source does not find', () => {
  const given = {
    'migrations/1700000000000-Ones.sql': '-- up\nCREATE TABLE ones (id int);\n-- down\nDROP TABLE ones;\n',
  };
  const finding = (entities: string): string => dataSource('').replace(`['src/*.entity.ts']`, entities);

  it.each<readonly [string, string, string, string, Readonly<Record<string, string>>]>([
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
  ])('%s', async (_, entities, message, next, more) => {
    project = projectWith(finding(entities), { ...given, ...more });
    const { code, stdout, stderr } = await cli('generate', 'Change', ...onServer);
    expect([code, stdout, filesIn('migrations')]).toEqual([2, '', ['1700000000000-Ones.sql']]);
    expect(stderr).toContain('No entity');
    expect(stderr).toContain(message);
    expect(stderr).toContain(next);
  });

  it('drift, check and baseline say so as well, run and lint need none', async () => {
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

  it('none listed: a project with migrations only runs, checks and compares, and generate says what is missing', async () => {
    project = projectWith(finding('[]'), given);
    const { code, stderr } = await cli('generate', 'Change', ...onServer);
    expect([code, filesIn('migrations')]).toEqual([2, ['1700000000000-Ones.sql']]);
    expect(stderr).toContain('The data source lists no entities');
    expect(stderr).toContain('nest-migrate create');
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
