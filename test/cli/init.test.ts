import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { yamlList } from '../../src/cli/init/yaml-list.js';
import { packageVersion } from '../../src/version.js';
import { runCli } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
afterEach(() => project.remove());

const nestProject = (files: Readonly<Record<string, string>> = {}): TestProject => {
  project = createProject({
    'package.json': '{\n    "name": "app",\n    "dependencies": { "@nestjs/core": "^11.2.0" }\n}\n',
    ...files,
  });
  return project;
};
const cli = (...args: string[]) => runCli(args, { cwd: project.dir });

describe('init', () => {
  it('sets up a project in which the commands work at once', async () => {
    nestProject({ '.gitignore': 'dist', 'src/main.ts': '' });
    const { code, stdout } = await cli('init');
    expect(code).toBe(0);
    // It is installed already.
    expect(stdout).not.toContain('nest-migrate-dev');
    expect(stdout).toContain(
      '+ src/data-source.ts\n+ .env.example\n+ .gitignore\n+ package.json\n+ src/migrations/.gitkeep\n\nNext:\n  1. npm install @nestjs/typeorm@11 typeorm pg, which',
    );
    expect(project.read('.env.example')).toBe(readFileSync('.env.example', 'utf8'));
    expect(project.read('.gitignore')).toBe('dist\n.env\n.nest-migrate/\n');
    expect(project.read('package.json')).toMatch(/^\{\n {4}"name": "app",[^]*"migration:run": "nest-migrate run"/);
    await cli('create', 'First', '--sql');
    const status = await cli('status');
    expect(status.stderr).toContain('this is the embedded database in .nest-migrate/postgres');
    expect(status.stdout).toMatch(/First\d{13}.*pending/);
  });

  it('writes instructions for nest build with create --sql', async () => {
    nestProject({ 'nest-cli.json': '{}', 'src/main.ts': '' });
    await cli('init');
    expect((await cli('create', 'A', '--sql')).stderr).toContain('"assets": ["migrations/*.sql"]');
    project.write('nest-cli.json', '{ "compilerOptions": { "assets": ["migrations/*.sql"] } }');
    expect((await cli('create', 'B', '--sql')).stderr).toBe('');
  });

  it('changes nothing the second time', async () => {
    nestProject();
    await cli('init');
    const before = project.read('package.json');
    expect((await cli('init')).stdout).toBe('Nothing to do: the project is set up.\n');
    expect(project.read('package.json')).toBe(before);
  });

  it('refuses to choose between two data sources, and says how to use both', async () => {
    const text = "export default new DataSource({ type: 'postgres' });";
    nestProject({ 'libs/db/one.source.ts': text, 'libs/db/two.source.ts': text });
    const { code, stderr } = await cli('init');
    expect(code).toBe(2);
    expect(stderr).toContain('There are 2 data sources, and it is not clear which one to use: libs/db/one.source.ts,');
    expect(stderr).toMatch(/→ Name one: [^]* --data-source <file>; [^]*"dataSources" in package.json/);
  });

  it.each([
    ['.env*\n/.nest-migrate/\n', ''],
    ['**/.env\n.nest-migrate\n', ''],
    ['.env*\n!.env.example\n', '.nest-migrate/\n'],
    ['.env*\n!.env\n', '.env\n.nest-migrate/\n'],
    ['.envrc\n[\n# .env\n', '.env\n.nest-migrate/\n'],
  ])('adds to %j only what it does not ignore yet', async (before, added) => {
    nestProject({ '.gitignore': before, 'src/main.ts': '' });
    expect((await cli('init')).code).toBe(0);
    expect(project.read('.gitignore')).toBe(before + added);
  });

  it('keeps the line ends of a project from Windows', async () => {
    nestProject({
      'package.json': '{\r\n  "name": "app",\r\n  "dependencies": { "@nestjs/core": "^11.2.0" }\r\n}\r\n',
      '.gitignore': 'dist\r\n',
    });
    await cli('init');
    for (const file of ['package.json', '.gitignore']) expect(project.read(file)).not.toMatch(/[^\r]\n/);
    expect(JSON.parse(project.read('package.json'))).toHaveProperty('scripts');
  });

  it('never overwrites a file, but shows the missing lines', async () => {
    nestProject({
      'package.json':
        '{ "dependencies": { "@nestjs/core": "12" }, "scripts": { "migration:run": "typeorm migration:run" } }',
      'data-source.ts': 'mine',
      '.env.example': 'DATABASE_URL=mine\n',
    });
    const { stdout } = await cli('init');
    expect(stdout).toContain('! package.json has its own lines, which were kept.');
    expect(stdout).toContain('- "migration:run": "typeorm migration:run"\n    + "migration:run": "nest-migrate run"');
    expect(stdout).toMatch(/! \.env\.example already exists[^]*\+ # PGHOST=localhost/);
    expect(project.read('data-source.ts')).toBe('mine');
    expect(project.read('.env.example')).toBe('DATABASE_URL=mine\n');
    expect(JSON.parse(project.read('package.json'))).toMatchObject({
      scripts: { 'migration:run': 'typeorm migration:run', 'migration:revert': 'nest-migrate revert' },
    });
  });

  it.each([
    ["entities: ['src/**/*.entity.ts'], migrations: ['src/migrations/*.ts']", 'src/**/*.entity.ts'],
    ["migrations: [__dirname + '/migrations/*.ts']", '/migrations/*.ts'],
    [
      "entities: [__dirname + '/**/*.entity{.ts,.js}'], migrations: ['src/migrations/*.{js,ts}', 'dist/*.js']",
      undefined,
    ],
    ["entities: isSource ? [__dirname + '/*.entity.ts'] : [__dirname + '/*.entity.js']", undefined],
  ])('warns of patterns that a compiled app cannot use: %s', async (patterns, named) => {
    nestProject({ 'src/data-source.ts': `export default new DataSource({ type: 'postgres', ${patterns} });` });
    const { stdout } = await cli('init', '--dry-run');
    const said = `! src/data-source.ts names only TypeScript files (${named}). If the app migrates when it starts, or`;
    if (named === undefined) expect(stdout).not.toContain('names only TypeScript');
    else expect(stdout).toContain(said);
  });

  it('keeps the data source, migrations and environment that TypeORM uses', async () => {
    const typeorm = 'env-cmd -- ts-node ./node_modules/typeorm/cli.js';
    nestProject({
      'package.json': JSON.stringify({
        name: 'app',
        dependencies: { '@nestjs/core': '12' },
        scripts: { typeorm, 'migration:run': 'npm run typeorm -- -d src/database/source.js migration:run' },
      }),
      'src/database/source.js': `const { DataSource } = require('typeorm');
        module.exports = new DataSource({ type: 'postgres', host: process.env.DB_HOST, port: 1, migrations: [__dirname + '/migrations/*.js'] });`,
      'src/app.module.ts': 'TypeOrmModule.forRoot({})',
      '.env': 'DB_HOST=from-the-file.invalid',
    });
    const { code, stdout } = await cli('init');
    expect([code, stdout]).toEqual([0, expect.stringContaining('2. All commands read src/database/source.js,')]);
    expect(stdout).toMatch(/^\+ \.gitignore\n\+ package\.json\n/);
    expect(['src/data-source.ts', 'src/migrations', '.env.example'].filter((file) => project.has(file))).toEqual([]);
    expect(JSON.parse(project.read('package.json'))).not.toHaveProperty('nest-migrate');
    expect((await cli('status', '--connect-timeout', '0')).stderr).toContain('from-the-file.invalid');
  });

  it('suggests the app itself if its modules contain the connection, and warns of synchronize', async () => {
    nestProject({
      'src/app.module.ts':
        "@Module({ imports: [TypeOrmModule.forRoot({\n  type: 'postgres',\n  autoLoadEntities: true,\n  synchronize: true,\n})] })\nexport class AppModule {}\n",
    });
    const { stdout } = await cli('init');
    expect(project.has('data-source.ts')).toBe(false);
    expect(JSON.parse(project.read('package.json'))).toMatchObject({ 'nest-migrate': { app: 'src/app.module.ts' } });
    expect(stdout).toContain('! src/app.module.ts:4 sets synchronize: true.');
    expect(stdout).toContain('MigrationsModule.forRoot()');
  });

  it.each([
    ["synchronize: ['development', 'test'].includes(", 'sets synchronize to a value that may be true.'],
    ['synchronize:', 'sets synchronize to a value that may be true.'],
    ["dropSchema: config.get('DROP'),", 'sets dropSchema to a value that may be true.'],
    ['synchronize: false,', undefined],
    ['// synchronize: isDevelopment,', undefined],
    ['synchronize: boolean;', undefined],
  ])('warns of a value that may switch synchronize on: %s', async (line, warning) => {
    nestProject({
      'src/data-source.ts': 'export default 1;',
      'src/app.module.ts': `export const options = {\n  ${line}\n`,
    });
    project.write('built/app.module.js', project.read('src/app.module.ts'));
    const { stdout } = await cli('init', '--dry-run');
    expect(stdout).not.toContain('built/');
    if (warning)
      expect(stdout).toContain(
        `! src/app.module.ts:2 ${warning} An app with MigrationsModule refuses to start with it. Set it to false: nest-migrate help leaving-synchronize`,
      );
    else expect(stdout).not.toContain('app.module.ts:2');
  });

  const exported =
    "export const AppDataSource = new DataSource({ type: 'postgres', host: 'elsewhere.invalid', migrations: [] });";
  const connects = (options: string): string =>
    `@Module({ imports: [TypeOrmModule.${options}] })\nexport class AppModule {}\n`;
  const byService = connects('forRootAsync({ useClass: Options })');

  it.each<readonly [what: string, files: Readonly<Record<string, string>>, setting: object | undefined]>([
    [
      'a data source anywhere',
      {
        'libs/db/src/connection.ts': `import { DataSource } from 'typeorm';\n${exported}`,
        'src/app.module.ts': byService,
      },
      { dataSource: 'libs/db/src/connection.ts' },
    ],
    [
      'one that is exported later, rather than one created in a provider or a test',
      {
        'src/db/source.ts': "const ds: DataSource = new DataSource({ type: 'postgres' });\nexport default ds;",
        'src/db/providers.ts': 'export const providers = [{ useFactory: () => new DataSource({}).initialize() }];',
        'test/source.ts': exported,
        'src/db/source.spec.ts': exported,
      },
      { dataSource: 'src/db/source.ts' },
    ],
    [
      'ormconfig.json',
      { 'ormconfig.json': '{ "type": "postgres" }', 'src/main.ts': '' },
      { dataSource: 'ormconfig.json' },
    ],
    [
      'plain options in a module',
      { 'src/app.module.ts': connects("forRoot({ type: 'postgres' })") },
      { app: 'src/app.module.ts' },
    ],
    [
      'a module of its own, in a Nest workspace',
      {
        'nest-cli.json':
          '{ "projects": { "api": { "sourceRoot": "apps/api/src" }, "jobs": { "sourceRoot": "apps/jobs/src" } } }',
        'apps/api/src/app.module.ts': '@Module({ imports: [DatabaseModule] }) export class AppModule {}',
        'apps/api/src/db/database.module.ts': byService,
        'apps/jobs/src/app.module.ts': '@Module({}) export class AppModule {}',
      },
      { app: 'apps/api/src/app.module.ts' },
    ],
    ['none', { 'src/main.ts': '', 'src/db/migrations/1600000000000-A.ts': '' }, undefined],
  ])('keeps an existing data source instead of adding a second one: %s', async (_what, files, setting) => {
    nestProject(files);
    const { code, stdout } = await cli('init', '--json');
    const { reads } = JSON.parse(stdout) as { readonly reads: string };
    const manifest = JSON.parse(project.read('package.json')) as Readonly<Record<string, unknown>>;
    expect([code, manifest['nest-migrate']]).toEqual([0, setting]);
    expect(reads).toBe(Object.values(setting ?? { file: 'src/data-source.ts' })[0]);
    const made = ['src/data-source.ts', 'data-source.ts', '.env.example', 'src/migrations', 'migrations'];
    const expected = setting === undefined ? ['src/data-source.ts', '.env.example'] : [];
    expect(made.filter((file) => project.has(file))).toEqual(expected);
    if (setting === undefined)
      expect(project.read('src/data-source.ts')).toContain("migrations: ['db/migrations/*.{ts,js,sql}']");
    expect((await cli('init', '--json')).stdout).toContain('"written": []');
  });

  it('of the apps of a Nest workspace that connect, uses the one in whose folder the command is run', async () => {
    const of = (root: string) => ({ type: 'application', root, sourceRoot: `${root}/src` });
    nestProject({
      'nest-cli.json': JSON.stringify({ projects: { auth: of('apps/auth'), users: of('apps/users') } }),
      'typeorm.config.ts': 'export const getConfig = () => ({});',
      'apps/users/src/modules/app.module.ts': `import { Module } from '@nestjs/common';\n${byService}`,
      'apps/auth/src/modules/auth.module.ts': `import { Module } from '@nestjs/common';\n${byService.replace('AppModule', 'AuthModule')}`,
    });
    const [users, auth] = ['apps/users/src/modules/app.module.ts', 'apps/auth/src/modules/auth.module.ts'];
    const both = `${auth}, ${users}`;
    expect((await cli('init')).stderr).toContain(`There are 2 apps that connect to a database, and it is not clear`);
    expect((await cli('init')).stderr).toContain(both);
    // A file that is only named like a data source is not proposed.
    expect((await cli('status')).stderr).toContain(`Found ${both}. To use one: --app ${auth}`);
    const init = async (app: string) =>
      JSON.parse((await runCli(['init', '--json'], { cwd: `${project.dir}/apps/${app}` })).stdout);
    expect(await init('users')).toMatchObject({ reads: users });
    const second = await init('auth');
    expect(second).toMatchObject({ reads: auth, written: [] });
    expect(second.warnings).toEqual([
      `Run all commands in ${project.dir}. They read ${users} as before; for this app: --app ${auth}`,
    ]);
    expect(project.has('apps/auth/src/data-source.ts')).toBe(false);
    expect(JSON.parse(project.read('package.json'))['nest-migrate']).toEqual({ app: users });
  });

  it('reports two candidates, and uses the one that is named', async () => {
    const source = `import { DataSource } from 'typeorm';\n${exported}`;
    nestProject({ 'src/a.ts': source, 'lib/b.ts': source, 'src/app.module.ts': byService });
    const { code, stderr } = await cli('init');
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/lib\/b\.ts, src\/a\.ts\. Nothing was written[^]*init --data-source lib/),
    ]);
    expect(project.has('.gitignore')).toBe(false);
    expect((await cli('init', '--data-source', 'none.ts')).code).toBe(2);
    const chosen = await cli('init', '--data-source', 'src/a.ts');
    // package.json names it from now on, so that no command needs the flag.
    expect(chosen.stdout).toContain(
      'All commands read src/a.ts, as package.json says now: nest-migrate status shows what is applied.',
    );
    expect(JSON.parse((await cli('init', '--data-source', 'src/a.ts', '--json')).stdout).written).toEqual([]);
    expect((await cli('status', '--connect-timeout', '0')).stderr).toContain('elsewhere.invalid');
  });

  it('considers options with migrations if the data source has none, unless it imports them', async () => {
    const options = "export const options = { type: 'postgres', migrations: ['apps/migrations/*.ts'] };";
    const alone = "import { entities } from './entities';\nexport default new DataSource({ entities });";
    nestProject({ 'libs/db/src/source.ts': alone, 'apps/migrations/config.ts': options });
    expect((await cli('init')).stderr).toContain(
      'libs/db/src/source.ts, apps/migrations/config.ts. Nothing was written',
    );
    project.write(
      'libs/db/src/source.ts',
      "import { options } from '../config';\nexport default new DataSource(options);",
    );
    expect((await cli('init')).stdout).toContain('All commands read libs/db/src/source.ts');
  });

  it('gives a new service of a workspace its own ledger, and does not touch the others', async () => {
    const dependencies = { typeorm: '1' };
    nestProject({
      'package.json':
        '{ "name": "all", "workspaces": ["apps/*"], "dependencies": { "@nestjs/typeorm": "12", "@nestjs/core": "12" } }',
      'apps/billing/package.json': JSON.stringify({ name: '@acme/billing-api', dependencies }),
      'apps/billing/src/main.ts': '',
      'apps/shop/package.json': JSON.stringify({ name: '@acme/shop', dependencies }),
      'apps/shop/src/data-source.ts': exported,
      'apps/web/package.json': '{ "name": "@acme/web", "dependencies": { "react": "19" } }',
    });
    const init = async (app: string) =>
      JSON.parse((await runCli(['init', '--json'], { cwd: `${project.dir}/apps/${app}` })).stdout);
    const billing = await init('billing');
    // The root of the workspace lists the others.
    expect(billing.next[0]).toBe('npm install pg, which package.json does not list.');
    expect(billing.warnings).toEqual([
      'src/data-source.ts uses its own ledger, billing_api_migrations, because @acme/shop also uses TypeORM, perhaps on the same database. See: nest-migrate help deploying',
    ]);
    expect(project.read('apps/billing/src/data-source.ts')).toContain(
      "  migrationsTableName: 'billing_api_migrations', // its own ledger, because other services may use the same database\n",
    );
    // What has been applied is recorded in the ledger that it has.
    expect(await init('shop')).toMatchObject({ reads: 'src/data-source.ts', warnings: [] });
  });

  describe('in a workspace whose apps have no package.json', () => {
    const app = (folder: string, more = '') => ({
      [`${folder}/app.module.ts`]: `import { Module } from '@nestjs/common';${more}\n@Module({}) export class AppModule {}`,
    });
    const user =
      'import { Column, Entity, PrimaryGeneratedColumn } from "typeorm"; @Entity() export class User { @PrimaryGeneratedColumn() id!: number; }';
    const nx = (name: string, projectType: string, sourceRoot: string) =>
      JSON.stringify({ name, projectType, sourceRoot });
    const init = async (folder: string) => runCli(['init', '--json'], { cwd: `${project.dir}/${folder}` });

    it('Nx: writes the data source into the only Nest app, with the entities of the libraries', async () => {
      nestProject({
        'nx.json': '{}',
        'tsconfig.base.json': '{ "compilerOptions": { "experimentalDecorators": true, "module": "commonjs" } }',
        'apps/api/project.json': nx('api', 'application', 'apps/api/src'),
        ...app('apps/api/src/app'),
        'apps/api-e2e/project.json': nx('api-e2e', 'application', 'apps/api-e2e/src'),
        'apps/web/project.json': nx('web', 'application', 'apps/web/src'),
        'apps/web/src/main.ts': 'import "react";',
        'libs/users/project.json': nx('users', 'library', 'libs/users/src'),
        'libs/users/src/lib/user.entity.ts': user,
      });
      const made = JSON.parse((await init('.')).stdout);
      expect(made).toMatchObject({
        reads: 'apps/api/src/data-source.ts',
        written: [
          'apps/api/src/data-source.ts',
          '.env.example',
          '.gitignore',
          'package.json',
          'apps/api/src/migrations/.gitkeep',
        ],
        warnings: [],
      });
      expect(project.read('apps/api/src/data-source.ts')).toContain(
        "  entities: ['**/*.entity.{ts,js}', '../../../libs/users/src/**/*.entity.{ts,js}'],\n  migrations: ['migrations/*.{ts,js,sql}'],\n});",
      );
      expect((await cli('status')).stdout).toBe('0 migrations applied; nothing is pending.\n');
      expect((await cli('create', 'One')).stdout).toMatch(/^Written: apps\/api\/src\/migrations\/\d+-One\.ts\n$/);
      expect(JSON.parse((await init('apps/api')).stdout)).toMatchObject({
        written: [],
        reads: 'apps/api/src/data-source.ts',
      });
    });

    it('Nest: of several apps, uses the one in whose folder the command is run', async () => {
      const of = (root: string) => ({ type: 'application', root, sourceRoot: `${root}/src` });
      nestProject({
        'nest-cli.json': JSON.stringify({ projects: { api: of('apps/api'), jobs: of('apps/jobs') } }),
        ...app('apps/api/src'),
        ...app('apps/jobs/src', "import 'typeorm';"),
      });
      const refused = JSON.parse((await init('.')).stdout).error;
      expect(refused.message).toContain('apps/api, apps/jobs');
      expect(refused.next).toBe('Run it in the folder of one of them: cd apps/api && npx nest-migrate init');
      expect(project.has('data-source.ts')).toBe(false);
      const { next, warnings } = JSON.parse((await init('apps/api')).stdout);
      expect(warnings).toEqual([
        expect.stringContaining('its own ledger, api_migrations, because jobs also uses TypeORM'),
      ]);
      expect(next[1]).toContain(`Run all commands in ${project.dir}. They read apps/api/src/data-source.ts`);
      // The other app gets its own, beside the first one.
      const second = JSON.parse((await init('apps/jobs')).stdout);
      expect(second).toMatchObject({ reads: 'apps/jobs/src/data-source.ts' });
      expect(second.written).toContain('apps/jobs/src/data-source.ts');
      expect(second.next[1]).toContain('for this app: --data-source apps/jobs/src/data-source.ts');
      expect(project.read('apps/jobs/src/data-source.ts')).toContain('jobs_migrations');
      expect(JSON.parse(project.read('package.json'))['nest-migrate']).toEqual({
        dataSource: 'apps/api/src/data-source.ts',
        dataSources: { 'apps/api/src/data-source.ts': {}, 'apps/jobs/src/data-source.ts': {} },
      });
      expect(JSON.parse((await init('apps/jobs')).stdout).written).toEqual([]);
      const elsewhere = await runCli(['status'], { cwd: `${project.dir}/apps/jobs` });
      expect(elsewhere.stderr).toContain(`There is no package.json here: run the command in ${project.dir}`);
      expect(elsewhere.stderr).toContain('is a folder inside a project, whose package.json and .env commands read.');
    });
  });

  it.each(['--yes', '-y'])('accepts %s, as scripts and CI pass it, and asks nothing', async (flag) => {
    nestProject();
    const { code, stdout } = await cli('init', flag);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^\+ data-source\.ts\n/)]);
  });

  it('writes nothing with --dry-run', async () => {
    nestProject();
    const { stdout } = await cli('init', '--dry-run');
    expect(stdout).toMatch(
      /^Nothing was written\. Without --dry-run, init would write or add lines to:\n(?:\+ .*\n)*\+ data-source\.ts\n/,
    );
    expect(stdout).not.toContain('Next:');
    expect(['data-source.ts', '.env.example', 'migrations'].map((file) => project.has(file))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('sets up a project with TypeORM and without Nest, whose commands work as well', async () => {
    project = createProject({
      'package.json': '{ "name": "x", "dependencies": { "typeorm": "^1.1.1", "pg": "^8.0.0" } }',
      'db/source.ts': "export default new DataSource({ type: 'postgres' });",
    });
    const { code, stdout } = await cli('init');
    expect(code).toBe(0);
    expect(stdout).toContain('All commands read db/source.ts');
    expect(stdout).not.toMatch(/nestjs|MigrationsModule/);
    expect(JSON.parse(project.read('package.json'))['nest-migrate']).toEqual({ dataSource: 'db/source.ts' });
  });

  it.each([
    ['no package.json', 'other/package.json', '{}', 'There is no package.json'],
    ['a broken package.json', 'package.json', '{ "name": ', 'cannot be read as JSON'],
    ['not a Nest project', 'package.json', '{ "name": "x" }', 'depends neither on @nestjs/core nor on typeorm'],
  ])('refuses: %s', async (_what, file, text, message) => {
    project = createProject({ [file]: text });
    const { code, stderr } = await cli('init');
    expect(stderr).toContain(message);
    expect(stderr).toContain('Nothing was written.');
    expect(code).toBe(2);
  });
});

interface Manifest {
  readonly version: string;
}

it('finds the packages of pnpm-workspace.yaml in any notation', () => {
  nestProject();
  const cases: readonly (readonly [string, readonly string[] | undefined])[] = [
    [`packages:\n  - "apps/*"\n  - libs/**\n  - '!**/test'\n`, ['apps/*', 'libs/**', '!**/test']],
    [`catalog:\n  a: 1\npackages:\n- apps/*\n\n# it's more\n- 'it''s' # here\nother: 1\n`, ['apps/*', "it's"]],
    [`packages: ["apps/*", libs/*, 'x'] # all\n`, ['apps/*', 'libs/*', 'x']],
    [`packages: [\n  a/*, # one\n  "b, c",\n]\nother: [1]\n`, ['a/*', 'b, c']],
    [`---\r\n"packages":\r\n  - a#b\r\n  - c\\u002Fd # d\r\n  - "e\\u002Ff"\r\n`, ['a#b', 'c\\u002Fd', 'e/f']],
    ['packages:\n', []],
    ['packages: []\n', []],
    ['# packages:\n#  - x\nonlyBuiltDependencies:\n  - pg\n', []],
    ['packages:\n  - &app apps/*\n  - *app\n', undefined],
    ['packages: *list\n', undefined],
    ['packages:\n  - name: x\n', undefined],
  ];
  expect(cases.map(([text]) => [text, yamlList(text, 'packages')])).toEqual(cases);
});

it('the version is that of package.json, here and of nest-migrate-dev', async () => {
  nestProject();
  const manifests = ['package.json', 'packages/dev/package.json'].map((file) => readFileSync(file, 'utf8'));
  const [{ version }, dev] = manifests.map((text) => JSON.parse(text)) as [Manifest, Manifest];
  // They are released together, and each is refused beside another version of the other one.
  expect(dev.version).toBe(version);
  expect(packageVersion).toBe(version);
  expect((await cli('--version')).stdout).toBe(`${version}\n`);
});
