import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { npm, packInto, writeFiles } from '../support/packed.js';
import type { Tarballs } from '../support/packed.js';

/**
 * Both packages, installed by each package manager in a Nest 11 project that has another PGlite and another libpg-query of its own. Part
 * of `npm run acceptance`: it needs the network.
 */
let home: string;
let tarballs: Tarballs;
/** The package managers, and another Node. */
let tools: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'nest-migrate-installing-'));
  tarballs = packInto(home);
  tools = join(home, 'tools');
  writeFiles(tools, { 'package.json': '{ "private": true }' });
  npm(tools, 'install', 'pnpm@10', '@yarnpkg/cli-dist@4', 'node@24');
}, 300_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const tool = (path: string): string => join(tools, 'node_modules', path);
const nest11 = {
  '@nestjs/common': '^11.0.0',
  '@nestjs/core': '^11.0.0',
  '@nestjs/typeorm': '^11.0.0',
  typeorm: '^0.3.20',
  pg: '^8.11.0',
  'reflect-metadata': '^0.2.0',
  rxjs: '^7.8.0',
};
const ownOnes = { '@electric-sql/pglite': '^0.3.0', 'libpg-query': '^17.0.0' };

function manifest(dependencies: object, devDependencies: object): string {
  return JSON.stringify({ name: 'app', version: '1.0.0', private: true, dependencies, devDependencies });
}

const sources = {
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022',
      module: 'commonjs',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      strict: true,
      skipLibCheck: true,
    },
  }),
  'src/user.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('users') export class User { @PrimaryGeneratedColumn('uuid') id!: string; @Column() name!: string; }`,
  'src/data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: ['*.entity.{ts,js}'], migrations: ['migrations/*.{ts,js}'] });`,
};

function makeApp(name: string, more: Readonly<Record<string, string>> = {}): string {
  const dir = join(home, name);
  const dependencies = { ...nest11, ...ownOnes, 'nest-migrate': `file:${tarballs.production}` };
  const development = { typescript: '~5.9.0', '@types/node': '20', 'nest-migrate-dev': `file:${tarballs.development}` };
  writeFiles(dir, { ...sources, 'package.json': manifest(dependencies, development), ...more });
  return dir;
}

interface Way {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  install(dir: string): void;
  /** What is given to Node before the arguments of the command. */
  command(dir: string): readonly string[];
  readonly line: string;
}

const run = (dir: string, ...args: readonly string[]): void =>
  void execFileSync(process.execPath, args, { cwd: dir, stdio: 'pipe' });
const yarn = (): string => tool('@yarnpkg/cli-dist/bin/yarn.js');
const yarnFiles = (linker: string): Readonly<Record<string, string>> => ({
  'yarn.lock': '',
  '.yarnrc.yml': `nodeLinker: ${linker}\nenableTelemetry: false\nenableImmutableInstalls: false\n`,
});
const inModules = (): readonly string[] => ['node_modules/nest-migrate/dist/esm/cli/main.js'];
const ways: readonly Way[] = [
  { title: 'npm', files: {}, install: (dir) => npm(dir, 'install'), command: inModules, line: 'npm install -D' },
  {
    title: 'pnpm',
    files: { 'pnpm-workspace.yaml': 'packages: []\n' },
    install: (dir) => run(dir, tool('pnpm/bin/pnpm.cjs'), 'install'),
    command: inModules,
    line: 'pnpm add -D',
  },
  {
    title: 'yarn with node_modules',
    files: yarnFiles('node-modules'),
    install: (dir) => run(dir, yarn(), 'install'),
    command: inModules,
    line: 'yarn add -D',
  },
  {
    title: "yarn with Plug'n'Play",
    files: yarnFiles('pnp'),
    install: (dir) => run(dir, yarn(), 'install'),
    command: () => [yarn(), 'nest-migrate'],
    line: 'yarn add -D',
  },
];

describe.each(ways)('installed by $title', (way) => {
  it('generates, migrates the embedded database, lints, and then has nothing to do', async () => {
    const dir = makeApp(way.title.replace(/\W+/g, '-'), way.files);
    way.install(dir);
    const command = (...args: string[]): Promise<CliResult> => runNode([...way.command(dir), ...args], { cwd: dir });
    const generated = await command('generate', 'Init', '--json');
    expect([generated.code, generated.stderr]).toEqual([0, '']);
    expect((JSON.parse(generated.stdout) as { files: string[] }).files).toEqual([
      expect.stringMatching(/^src\/migrations\/\d+-Init\.ts$/),
    ]);
    expect(await command('run')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 migration applied') });
    expect(await command('lint', '--all')).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing found') });
    expect(await command('generate', '--check')).toMatchObject({ code: 0 });
    const manifestFile = join(dir, 'package.json');
    const { dependencies } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { dependencies: object };
    writeFileSync(manifestFile, manifest(dependencies, { typescript: '~5.9.0' }));
    way.install(dir);
    const missing = await command('generate', '--check');
    expect(missing.stderr).toContain(`Install it for development: ${way.line} nest-migrate-dev@`);
    expect(missing.code).toBe(2);
  }, 300_000);
});

function megabytes(dir: string): number {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / 1024 ** 2;
}

describe('in production', () => {
  it('node_modules grows by at most 4 MB, without the development packages', () => {
    const dir = makeApp('production', { 'package.json': manifest({ ...nest11 }, {}) });
    npm(dir, 'install');
    const before = megabytes(join(dir, 'node_modules'));
    const development = { typescript: '~5.9.0', 'nest-migrate-dev': `file:${tarballs.development}` };
    writeFiles(dir, {
      'package.json': manifest({ ...nest11, 'nest-migrate': `file:${tarballs.production}` }, development),
    });
    npm(dir, 'install');
    npm(dir, 'install', '--omit=dev');
    expect(megabytes(join(dir, 'node_modules')) - before).toBeLessThan(4);
    const there = readdirSync(join(dir, 'node_modules'));
    expect(there).toContain('nest-migrate');
    for (const name of ['nest-migrate-dev', 'typescript', 'libpg-query']) expect(there).not.toContain(name);
  }, 300_000);
});

describe('a project without its own TypeScript', () => {
  it('loads a data source through Node 24, which strips types, and is told what to install for decorators', async () => {
    const dir = join(home, 'without-typescript');
    const { typeorm, ...others } = nest11;
    const dependencies = {
      ...others,
      typeorm: typeorm.replace('0.3.20', '1.0.0'),
      'nest-migrate': `file:${tarballs.production}`,
    };
    const files = {
      'package.json': manifest(dependencies, { 'nest-migrate-dev': `file:${tarballs.development}` }).replace(
        '{',
        '{ "type": "module",',
      ),
      'src/name.ts': 'export const name: string = "users";',
      'src/data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
import { EntitySchema } from 'typeorm';
import { name } from './name.js';
interface User { id: number }
const users = new EntitySchema<User>({ name, columns: { id: { type: 'int', primary: true } } });
export default defineDataSource({ baseDir: import.meta.dirname, entities: [users] });`,
    };
    writeFiles(dir, files);
    npm(dir, 'install');
    // TypeORM or Nest may bring one.
    rmSync(join(dir, 'node_modules/typescript'), { recursive: true, force: true });
    const node24 = tool('.bin/node');
    const check = (): string => {
      try {
        return execFileSync(node24, [...inModules(), 'generate', '--check'], {
          cwd: dir,
          stdio: 'pipe',
          encoding: 'utf8',
        });
      } catch (error) {
        const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return `${status}: ${stdout}${stderr}`;
      }
    };
    expect(check()).toMatch(/^3: [^]*CREATE TABLE "public"."users"/);
    writeFiles(dir, {
      'src/data-source.ts': sources['src/data-source.ts'].replace('__dirname', 'import.meta.dirname'),
    });
    writeFiles(dir, { 'src/user.entity.ts': sources['src/user.entity.ts'] });
    expect(check()).toContain('npm install -D typescript');
  }, 300_000);
});
