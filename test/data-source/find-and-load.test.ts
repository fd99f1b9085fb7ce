import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findDataSourceFile } from '../../src/data-source/find.js';
import { loadDataSource } from '../../src/data-source/load.js';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
const nodeEnv = process.env['NODE_ENV'];
beforeEach(() => {
  project = createProject({ 'package.json': '{ "name": "app" }' });
});
afterEach(() => {
  project.remove();
  process.env['NODE_ENV'] = nodeEnv;
  delete (globalThis as Record<symbol, unknown>)[Symbol.for('nest-migrate.migrating')];
});

const find = (): ReturnType<typeof findDataSourceFile> =>
  findDataSourceFile(project.dir, JSON.parse(project.read('package.json')) as Readonly<Record<string, unknown>>);
const found = (): string => relative(project.dir, find().file);

describe('finding the data source', () => {
  const places = ['', 'src/', 'dist/', 'dist/src/'].flatMap((folder) =>
    ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((extension) => `${folder}data-source.${extension}`),
  );

  it.each(places)('finds %s', (place) => {
    project.write(place, '');
    expect(found()).toBe(place);
  });

  it('prefers the source unless TypeScript cannot be loaded', () => {
    project.write('dist/data-source.js', '');
    project.write('src/data-source.ts', '');
    expect(found()).toBe('src/data-source.ts');
    process.env['NODE_ENV'] = 'production';
    expect(found()).toBe('dist/data-source.js');
  });

  it('prefers the compiled file if typescript is not installed', () => {
    rmSync(join(project.dir, 'node_modules', 'typescript'));
    project.write('data-source.ts', '');
    project.write('dist/data-source.js', '');
    expect(found()).toBe('dist/data-source.js');
  });

  it('uses the source if there is nothing else, so that the error is about TypeScript', () => {
    project.write('data-source.ts', '');
    process.env['NODE_ENV'] = 'production';
    expect(found()).toBe('data-source.ts');
  });

  it('ignores folders and declaration files', () => {
    mkdirSync(join(project.dir, 'data-source.ts'));
    project.write('dist/data-source.d.ts', '');
    expect(found).toThrow('There is no data-source.ts');
  });

  it('reports where it searched, and how to create one', () => {
    expect(found).toThrow(
      expect.objectContaining({
        code: 'DATA_SOURCE_NOT_FOUND',
        exitCode: 2,
        next: expect.stringContaining('npx nest-migrate init') as unknown,
      }),
    );
    expect(found).toThrow(/src, dist, dist\/src/);
  });

  const scripts = (...commands: readonly string[]): void => {
    const named = Object.fromEntries(
      commands.map((command, index) => [index === 0 ? 'typeorm' : `m${index}`, command]),
    );
    project.write('package.json', JSON.stringify({ name: 'app', scripts: named }));
  };
  const cli = 'ts-node -r tsconfig-paths/register ./node_modules/typeorm/cli.js';

  it.each<readonly [what: string, commands: readonly string[], envFiles: readonly string[]]>([
    ['-d', [`${cli} -d src/db/source.ts migration:run`], []],
    ['--dataSource', ['typeorm-ts-node-commonjs --dataSource ./src/db/source.ts migration:run'], []],
    [
      'npm run, with env-cmd',
      [`env-cmd -- ${cli}`, 'npm run typeorm -- --dataSource=src/db/source.ts migration:run'],
      ['.env'],
    ],
    [
      'yarn, with a file for env-cmd',
      [`env-cmd -f config/dev.env ${cli}`, 'yarn typeorm -d "src/db/source.ts" x'],
      ['config/dev.env'],
    ],
    [
      'pnpm, with dotenv-cli',
      [`dotenv -e .env.local -- ${cli}`, 'pnpm run typeorm -d src/db/source.ts x'],
      ['.env.local'],
    ],
    ['dotenv itself', [`node -r dotenv/config ./node_modules/typeorm/cli.js -d src/db/source.ts x`], ['.env']],
    [
      'the same in several scripts',
      [cli, 'npm run typeorm -- -d src/db/source.ts a', 'npm run typeorm -- -d ./src/db/source.ts b'],
      [],
    ],
  ])('uses the file that the scripts pass to TypeORM: %s', (_what, commands, envFiles) => {
    project.write('src/db/source.ts', '');
    scripts(...commands);
    expect(found()).toBe('src/db/source.ts');
    expect(find().envFiles).toEqual(envFiles.map((file) => join(project.dir, file)));
  });

  it.each<readonly [what: string, commands: readonly string[], variables: Readonly<Record<string, string>>]>([
    [
      'before the command',
      [`NODE_CONFIG_DIR=apps/config A='x' ${cli} -d src/db/source.ts`],
      { NODE_CONFIG_DIR: 'apps/config', A: 'x' },
    ],
    ['cross-env', ['npm run build && cross-env STAGE=local typeorm -d src/db/source.ts x'], { STAGE: 'local' }],
    [
      'not what only one script sets',
      [`STAGE=local A=1 ${cli} -d src/db/source.ts`, `A=1 STAGE=test ${cli} -d src/db/source.ts`],
      { A: '1' },
    ],
    [
      'not what a shell computes, or what is for production',
      [`A=$B NODE_ENV=production ${cli} -d src/db/source.ts`],
      {},
    ],
  ])('sets the variables that the scripts set: %s', (_what, commands, variables) => {
    project.write('src/db/source.ts', '');
    scripts(...commands);
    expect(find().variables).toEqual(variables);
  });

  it('says which variables of .env a data source lacks', async () => {
    const source = `const { DataSource } = require('typeorm');
      module.exports = new DataSource({ type: 'postgres', host: process.env.DB_HOST || '127.0.0.1', port: Number(process.env['DB_PORT'] || 9) });`;
    project.write('data-source.js', source);
    project.write('.env', 'DB_HOST=db\nDB_PORT=1\nOTHER=1\n');
    const status = () => runCli(['status', '--connect-timeout', '1ms'], { cwd: project.dir });
    const warning = '! data-source.js reads DB_HOST, DB_PORT, which .env sets, but nothing has loaded .env';
    expect((await status()).stderr).toContain(warning);
    project.write('data-source.js', `require('dotenv').config();\n${source}`);
    expect((await status()).stderr).not.toContain('nothing has loaded .env');
  });

  it('refuses to choose between two', () => {
    for (const file of ['src/one.ts', 'src/two.ts']) project.write(file, '');
    scripts(`${cli} -d src/one.ts`, `${cli} -d src/two.ts`);
    expect(found).toThrow(
      expect.objectContaining({
        code: 'DATA_SOURCE_INVALID',
        message: expect.stringContaining('src/one.ts and src/two.ts') as unknown,
        next: expect.stringMatching(/"nest-migrate": \{ "dataSource": "src\/one.ts" \}[^]*"dataSources"/) as unknown,
      }),
    );
    project.write('src/data-source.ts', '');
    expect(found).toThrow('src/data-source.ts and src/one.ts');
  });

  it('ignores other scripts and missing files', () => {
    for (const file of ['src/data-source.ts', 'src/main.ts']) project.write(file, '');
    scripts(
      `${cli} -d dist/data-source.js`,
      `${cli} -d src/gone.ts`,
      'node -d src/main.ts',
      `psql -d src/main.ts -c "CREATE DATABASE a;" && ${cli} migration:run; psql -d src/main.ts || echo`,
      'npm run m4',
      'npm run m3',
    );
    expect(found()).toBe('src/data-source.ts');
    project.write('dist/data-source.js', '');
    expect(found()).toBe('src/data-source.ts');
  });

  it('reads package.json once for settings, scripts and their environment', async () => {
    scripts(`env-cmd -f config/dev.env ${cli} -d src/db/source.js`);
    project.write('config/dev.env', 'HOST_IN_FILE=from-the-file\n');
    project.write(
      'src/db/source.js',
      "exports.default = new (require('typeorm').DataSource)({ type: 'postgres', host: process.env.HOST_IN_FILE, migrations: [] });\nconsole.error(`to ${process.env.HOST_IN_FILE}`);\n",
    );
    project.write(
      'count.cjs',
      `const fs = require('node:fs');
const { readFileSync } = fs;
const file = ${JSON.stringify(join(project.dir, 'package.json'))};
fs.readFileSync = (path, ...rest) => {
  // How Node treats a file is another question, asked below the command.
  if (String(path) === file && !/kindOfFilesIn|isModuleProject/.test(new Error().stack)) console.error('read package.json');
  return readFileSync(path, ...rest);
};
require('node:module').syncBuiltinESMExports();
`,
    );
    const { stderr } = await runNode(
      ['--require', './count.cjs', join(process.cwd(), 'dist/esm/cli/main.js'), 'create', 'One', '--js'],
      { cwd: project.dir },
    );
    expect(stderr).toContain('to from-the-file');
    expect(stderr.match(/read package\.json/g)).toHaveLength(1);
  });

  const exported = "export const source = new DataSource({ type: 'postgres' });";
  const module = '@Module({ imports: [TypeOrmModule.forRoot({})] }) export class AppModule {}';

  it.each<readonly [place: string, text: string, flag: '--data-source' | '--app', setting: string]>([
    ['src/database/data-source.ts', '', '--data-source', 'dataSource'],
    ['typeorm.config.ts', '', '--data-source', 'dataSource'],
    ['ormconfig.js', '', '--data-source', 'dataSource'],
    ['libs/db/src/connection.ts', exported, '--data-source', 'dataSource'],
    ['apps/api/src/app.module.ts', module, '--app', 'app'],
  ])('suggests %s with the options to type', (place, text, flag, setting) => {
    project.write(place, text);
    project.write('test/other.ts', exported);
    project.write('node_modules/x/source.ts', exported);
    expect(found).toThrow(
      expect.objectContaining({
        next: `Found ${place}. To use it: ${flag} ${place}; or for all commands, in package.json: "nest-migrate": { "${setting}": "${place}" }, which npx nest-migrate init writes.`,
      }),
    );
  });

  it('suggests the folder of another package of the workspace, whose patterns and .env belong to it', () => {
    project.write('apps/api/package.json', '{}');
    project.write('apps/api/src/data-source.ts', exported);
    const next = 'Found apps/api/src/data-source.ts, which belongs to another package: run the command there.';
    expect(found).toThrow(expect.objectContaining({ next: `${next} cd apps/api` }));
    project.write('apps/worker/package.json', '{}');
    project.write('apps/worker/src/data-source.ts', exported);
    expect(found).toThrow(
      expect.objectContaining({ next: expect.stringContaining('cd apps/api, or cd apps/worker') as unknown }),
    );
    project.write('src/own.ts', exported);
    expect(found).toThrow(
      expect.objectContaining({ next: expect.stringMatching(/^Found src\/own\.ts\. To use it/) as unknown }),
    );
  });

  it('suggests compiled files if there are no sources, and reports missing files in scripts', () => {
    process.env['NODE_ENV'] = 'production';
    scripts(`${cli} -d dist/db/gone.js`);
    project.write('dist/db/one.js', 'exports.AppDataSource = new typeorm_1.DataSource({});');
    project.write('dist/db/two.js', 'exports.default = (0, data_source_1.defineDataSource)({});');
    expect(found).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(
          'The scripts of package.json name dist/db/gone.js, which does not exist: perhaps it has to be built.',
        ) as unknown,
        next: expect.stringMatching(
          /^Found dist\/db\/one\.js, dist\/db\/two\.js\. To use one: --data-source dist/,
        ) as unknown,
      }),
    );
  });

  it('never suggests a bundle that contains the data source, because loading it would start the app', () => {
    process.env['NODE_ENV'] = 'production';
    const bundle = `const AppDataSource = new typeorm_1.DataSource({});\nexports["default"] = AppDataSource;\n`;
    project.write(
      'dist/api/main.js',
      `${bundle}async function bootstrap() { await core_1.NestFactory.create(AppModule); }\nbootstrap();\nimports: [typeorm_1.TypeOrmModule.forRoot(AppDataSource.options)]\n`,
    );
    expect(found).toThrow(
      expect.objectContaining({
        next: 'dist/api/main.js contains a data source, but also starts the app. Build the data source as a file of its own, too (another entry of the bundle), and name it: --data-source dist/data-source.js; or let the app migrate when it starts.',
      }),
    );
    // A data source may use the modules of the app for its configuration.
    project.write('dist/source.js', `NestFactory.createApplicationContext(ConfigModule);\n${bundle}`);
    expect(found).toThrow(
      expect.objectContaining({ next: expect.stringMatching(/^Found dist\/source\.js\. To use it/) as unknown }),
    );
  });

  it.each(['dist/db/source.js', 'dist/src/db/source.js'])(
    'uses %s in an image that contains no sources, whether scripts or settings name the source',
    async (compiled) => {
      const config = "module.exports = { type: 'postgres', host: 'nowhere.invalid', migrations: [] };";
      project.write(compiled, config);
      scripts(`${cli} -d src/db/source.ts`);
      for (const env of ['production', 'development']) {
        process.env['NODE_ENV'] = env;
        expect(found()).toBe(compiled);
      }
      const manifest = { 'nest-migrate': { dataSource: 'src/db/source.ts' } };
      project.write('package.json', JSON.stringify(manifest));
      const main = join(process.cwd(), 'dist/esm/cli/main.js');
      const status = () => runNode([main, 'status', '--connect-timeout', '0'], { cwd: project.dir });
      expect((await status()).stderr).toContain('No connection to postgres://nowhere.invalid');
      // Which of the two belongs to the source is not clear.
      project.write('build/db/source.js', config);
      expect((await status()).stderr).toContain(`There is no file ${join(project.dir, 'src/db/source.ts')}`);
    },
  );

  it('uses a named source that cannot be compiled only if nothing was compiled from it', () => {
    scripts(`${cli} -d src/db/source.ts`);
    project.write('src/db/source.ts', '');
    rmSync(join(project.dir, 'node_modules', 'typescript'));
    process.env['NODE_ENV'] = 'production';
    expect(found()).toBe('src/db/source.ts');
    project.write('dist/db/source.js', '');
    expect(found()).toBe('dist/db/source.js');
  });

  it('reports which file it uses if only the scripts name it', async () => {
    scripts(`${cli} -d src/db/source.js`);
    project.write(
      'src/db/source.js',
      "exports.default = { type: 'postgres', host: 'nowhere.invalid', migrations: [] };",
    );
    const status = (...args: string[]) =>
      runNode([join(process.cwd(), 'dist/esm/cli/main.js'), 'status', '--connect-timeout', '0', ...args], {
        cwd: project.dir,
      });
    expect((await status()).stderr).toMatch(
      /^Data source: src\/db\/source\.js, as the scripts of package\.json name it\.\n[^]*✖ No connection to/,
    );
  });
});

describe('loading the data source', () => {
  const plain =
    "const { DataSource } = require('typeorm');\nconst make = (database) => new DataSource({ type: 'postgres', host: 'h', database });\n";
  const load = async (text: string, file = 'data-source.js'): Promise<unknown> =>
    (await loadDataSource(project.write(file, text))).options.database;

  it.each([
    ['a default export', "exports.default = make('a');"],
    ['a named export', "exports.AppDataSource = make('a');"],
    ['the module itself', "module.exports = make('a');"],
    ['one under two names', "exports.default = exports.AppDataSource = make('a');"],
    [
      'one beside other things',
      "exports.dataSourceOptions = { type: 'postgres', database: 'other' }; exports.default = make('a'); exports.boot = () => { throw 1 };",
    ],
    ['a promise', "exports.default = Promise.resolve(make('a'));"],
    ['a function', "exports.default = () => make('a');"],
    ['an async function', "exports.default = async function () { return make('a'); };"],
    ['a function that returns options', "exports.default = () => ({ type: 'postgres', database: 'a' });"],
    ['options as default', "exports.default = { type: 'postgres', database: 'a' };"],
    ['options as a named export', "exports.options = { type: 'postgres', database: 'a' };"],
    ['options as the module itself', "module.exports = { type: 'postgres', database: 'a' };"],
    ['a default inside the default', "exports.default = { default: make('a') };"],
  ])('accepts %s', async (_what, text) => {
    expect(await load(plain + text)).toBe('a');
  });

  it('does not call a function beside a data source', async () => {
    expect(
      await load(`${plain}exports.default = () => { throw new TypeError('called'); }; exports.ds = make('a');`),
    ).toBe('a');
  });

  it.each([
    ['nothing', '', 'exports no data source (it exports nothing)'],
    ['other things', 'exports.a = 1; exports.b = class B {};', 'exports no data source (it exports a, b)'],
    ['a class as default', 'exports.default = class App {};', 'exports no data source (it exports default)'],
    ['two data sources', "exports.a = make('a'); exports.b = make('b');", 'exports 2 data sources'],
    [
      'two options',
      "exports.a = { type: 'postgres' }; exports.b = { type: 'postgres' };",
      'exports no data source (it exports a, b)',
    ],
    [
      'a promise that fails',
      "exports.default = Promise.reject(new TypeError('at postgres://u:secret@h'));",
      'could not create its data source: at postgres://u:***@h',
    ],
    [
      'a function that fails',
      "exports.default = () => { throw new TypeError('no vault'); };",
      'could not create its data source: no vault',
    ],
    [
      'another database',
      "exports.default = { '@instanceof': Symbol.for('DataSource'), options: { type: 'cockroachdb' } };",
      'connects to cockroachdb',
    ],
  ])('explains %s', async (_what, text, message) => {
    await expect(load(plain + text)).rejects.toMatchObject({
      code: 'DATA_SOURCE_INVALID',
      exitCode: 2,
      message: expect.stringContaining(message) as unknown,
    });
  });

  it.each([
    ['in passing', "exports.default = make('a'); exports.default.initialize();"],
    ['and exports the promise', "exports.default = make('a').initialize();"],
    ['in a function', "exports.default = async () => make('a').initialize();"],
    [
      'a data source of this package',
      "exports.default = require('nest-migrate/data-source').defineDataSource({ host: 'h', database: 'a' }).initialize();",
    ],
  ])('does not let the file connect what it exports %s', async (_how, text) => {
    expect(await load(plain + text)).toBe('a');
  });

  it('shows the status and changes nothing if the file connects with migrationsRun', async () => {
    const database = await createDatabase();
    try {
      project.write(
        'src/migrations/1700000000000-a.js',
        "exports.A = class A1700000000000 { async up(runner) { await runner.query('CREATE TABLE a ()'); } async down() {} };",
      );
      project.write(
        'data-source.ts',
        `import { DataSource } from 'typeorm';
const dataSource = new DataSource({
  type: 'postgres', url: process.env.DATABASE_URL, migrations: ['src/migrations/*.js'], migrationsRun: true, cache: true,
});
dataSource.initialize().then((connected) => connected.query('SELECT 1'));
export default dataSource;
`,
      );
      const where = { cwd: project.dir, env: { DATABASE_URL: database.url } };
      const status = await runCli(['status', '--json'], where);
      expect(JSON.parse(status.stdout)).toMatchObject({ applied: [], pending: [{ name: 'A1700000000000' }] });
      const tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'";
      expect(await database.query(tables)).toEqual([]);
      expect(await runCli(['run'], where)).toMatchObject({ code: 0 });
    } finally {
      await database.drop();
    }
  });

  it('refuses TypeORM 0.2, which has no DataSource', async () => {
    rmSync(join(project.dir, 'node_modules/typeorm'));
    project.write('node_modules/typeorm/package.json', '{ "name": "typeorm", "version": "0.2.45" }');
    project.write('node_modules/typeorm/index.js', 'exports.createConnection = () => undefined;\n');
    project.write('ormconfig.js', "module.exports = { type: 'postgres', url: 'postgres://localhost/a' };\n");
    project.write('package.json', '{ "name": "app", "dependencies": { "@nestjs/core": "7" } }');
    for (const args of [['init'], ['status', '-d', 'ormconfig.js']]) {
      const { code, stderr } = await runCli(args, { cwd: project.dir });
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining('The project has TypeORM 0.2.45, and nest-migrate needs'),
      ]);
    }
    expect(project.has('.gitignore')).toBe(false);
  });

  it('reports a missing file', async () => {
    await expect(loadDataSource(join(project.dir, 'none.ts'))).rejects.toMatchObject({ code: 'DATA_SOURCE_NOT_FOUND' });
  });

  it('passes on the errors of defineDataSource', async () => {
    const text =
      "const { defineDataSource } = require('nest-migrate/data-source');\nexports.default = defineDataSource({ synchronize: true });";
    await expect(load(text)).rejects.toMatchObject({ code: 'SYNCHRONIZE_ON' });
  });

  it('recognises any copy or version of TypeORM by its brand, and works in ES modules', async () => {
    project.write(
      'load.mjs',
      `import { loadDataSource } from ${JSON.stringify(join(process.cwd(), 'build/esm/data-source/load.js'))};
const { options } = await loadDataSource(process.argv[2]);
console.log(options.database);
`,
    );
    const old = JSON.stringify(join(process.cwd(), 'node_modules/typeorm-0-3/index.mjs'));
    const file = project.write(
      'data-source.mjs',
      `import { DataSource } from ${old};
export const AppDataSource = new DataSource({ type: 'postgres', database: 'old' });
export default AppDataSource;
`,
    );
    expect(await runNode([join(project.dir, 'load.mjs'), file], { cwd: project.dir })).toMatchObject({
      code: 0,
      stdout: 'old\n',
      stderr: '',
    });
  });

  it.each([
    ['an address', 'url: process.env.DATABASE_URL'],
    [
      'parts of the address',
      `host: at.hostname, port: Number(at.port), username: at.username, password: at.password, database: at.pathname.slice(1)`,
    ],
  ])('a plain data source with %s uses the address for migrations in place of DATABASE_URL', async (_what, options) => {
    const database = await createDatabase();
    try {
      const plain = `const { DataSource } = require('typeorm');
const at = new URL(process.env.DATABASE_URL);
exports.default = new DataSource({ type: 'postgres', ${options}, migrations: ['migrations/*.js'] });`;
      project.write('data-source.js', plain);
      // One migration that TypeORM has to connect for.
      project.write(
        'migrations/1700000000001-First.js',
        `exports.First1700000000001 = class First1700000000001 { async up({ manager, connection }) { await manager.query('CREATE TABLE first ()'); await connection.query('CREATE TABLE second ()'); } async down() {} };`,
      );
      const env = { DATABASE_URL: 'postgres://app:x@127.0.0.1:1/pooled', NEST_MIGRATE_DATABASE_URL: database.url };
      const run = await runCli(['run'], { cwd: project.dir, env });
      expect([run.code, run.stderr]).toEqual([0, expect.stringContaining('First1700000000001 applied')]);
      const found = await database.query(
        `SELECT to_regclass('first') IS NULL AS first, to_regclass('second') IS NULL AS second`,
      );
      expect(found).toEqual([{ first: false, second: false }]);
      // Of another database.
      project.write('data-source.js', plain.replaceAll('process.env.DATABASE_URL', 'process.env.BILLING_URL'));
      const other = { ...env, BILLING_URL: 'postgres://app:x@127.0.0.1:1/billing' };
      const status = await runCli(['status', '--connect-timeout', '0'], { cwd: project.dir, env: other });
      expect(status.stderr).toMatch(
        /^! NEST_MIGRATE_DATABASE_URL is not used, because .*\n[^]*127\.0\.0\.1:1\/billing/,
      );
    } finally {
      await database.drop();
    }
  });

  it('uses the address for migrations', async () => {
    project.write('.env', 'DATABASE_URL=postgres://pooler/a\nNEST_MIGRATE_DATABASE_URL=postgres://direct/a\n');
    project.write(
      'data-source.mjs',
      "import { defineDataSource } from 'nest-migrate/data-source';\nexport default defineDataSource();\n",
    );
    const script = (loading: string): string => `const { options } = await (${loading});\nconsole.log(options.url);\n`;
    const load = JSON.stringify(join(process.cwd(), 'build/esm/data-source/load.js'));
    const run = (loading: string) => runNode(['--input-type=module', '--eval', script(loading)], { cwd: project.dir });
    expect((await run(`import('./data-source.mjs').then((module) => module.default)`)).stdout).toBe(
      'postgres://pooler/a\n',
    );
    expect(
      (await run(`import(${load}).then(({ loadDataSource }) => loadDataSource(process.cwd() + '/data-source.mjs'))`))
        .stdout,
    ).toBe('postgres://direct/a\n');
  });
});
