import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { npm, packInto, writeFiles } from '../support/packed.js';
import type { Tarballs } from '../support/packed.js';

/**
 * The e2e tests that Nest's starters come with, of apps that migrate when they boot, and with databases of their own: five files at once, each of which boots the app. Part
 * of `npm run acceptance`: it needs the network.
 */
interface Runner {
  readonly title: string;
  readonly kind: 'module' | 'commonjs';
  readonly nest: string;
  readonly development: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

const runners: readonly Runner[] = [
  {
    title: 'Nest 12, ES modules, Vitest',
    kind: 'module',
    nest: '^12.0.0',
    development: { typescript: '^6.0.2', vitest: '^4.1.2', 'vite-tsconfig-paths': '^5.1.4' },
    files: {
      'vitest.config.e2e.ts': `import { defineConfig } from 'vitest/config';
import tsconfigPaths from 'vite-tsconfig-paths';
export default defineConfig({ plugins: [tsconfigPaths()], test: { globals: true, root: './', include: ['**/*.e2e-spec.ts'], hookTimeout: 60_000 } });`,
    },
    command: ['node_modules/vitest/vitest.mjs', 'run', '--config', './vitest.config.e2e.ts', '--maxWorkers=2'],
  },
  {
    title: 'Nest 11, CommonJS, Jest without flags',
    kind: 'commonjs',
    nest: '^11.0.0',
    development: { typescript: '~5.9.0', jest: '^30.0.0', 'ts-jest': '^29.4.0', '@types/jest': '^30.0.0' },
    files: {
      'test/jest-e2e.json': JSON.stringify({
        moduleFileExtensions: ['js', 'json', 'ts'],
        rootDir: '.',
        testEnvironment: 'node',
        testTimeout: 60_000,
        testRegex: '.e2e-spec.ts$',
        transform: { '^.+\\.(t|j)s$': 'ts-jest' },
      }),
    },
    command: ['node_modules/jest/bin/jest.js', '--config', 'test/jest-e2e.json', '--maxWorkers=2'],
  },
];

function filesOf({ kind, nest, development, files }: Runner, tarballs: Tarballs): Readonly<Record<string, string>> {
  const isModule = kind === 'module';
  const js = isModule ? '.js' : '';
  const spec = `import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { AppModule } from './../src/app.module${js}';
describe('AppController (e2e)', () => {
  let app: INestApplication;
  beforeEach(async () => {
    const moduleFixture = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = moduleFixture.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  it('/ (GET)', async () => {
    expect(await (await fetch(await app.getUrl())).text()).toBe('Ada is a User: true');
  });
  afterEach(() => app.close());
});`;
  const own = `import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { createTestDatabase, overrideDataSource } from 'nest-migrate/testing';
import type { TestDatabase } from 'nest-migrate/testing';
import { AppModule } from './../src/app.module${js}';
import dataSource from './../src/data-source${js}';
import { User } from './../src/user.entity${js}';
describe('AppController (e2e), with a database of its own', () => {
  let database: TestDatabase;
  let app: INestApplication;
  beforeAll(async () => {
    database = await createTestDatabase(dataSource, process.env.DATABASE_URL ? { server: true } : {});
    const builder = Test.createTestingModule({ imports: [AppModule] });
    app = (await overrideDataSource(builder, database).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
  });
  it.each(['Bo', 'Cy'])('/ (GET) with %s', async (name) => {
    await database.dataSource.getRepository(User).save({ name });
    expect(await (await fetch(await app.getUrl())).text()).toBe('Ada is a User: true,' + name + ' is a User: true');
    await database.reset();
  });
  afterAll(async () => {
    await app.close();
    await database.close();
  });
});`;
  const dependencies = {
    ...Object.fromEntries(['common', 'core', 'platform-express', 'typeorm'].map((name) => [`@nestjs/${name}`, nest])),
    ...{ typeorm: '^1.1.0', pg: '^8.11.0', 'reflect-metadata': '^0.2.0', rxjs: '^7.8.0' },
    // For examples/blog.
    ...(isModule && { '@nestjs/config': '^12.0.0', '@nestjs/terminus': nest }),
    'nest-migrate': `file:${tarballs.production}`,
  };
  const devDependencies = {
    ...development,
    '@nestjs/testing': nest,
    '@types/node': '^22.0.0',
    'nest-migrate-dev': `file:${tarballs.development}`,
  };
  return {
    ...files,
    'package.json': JSON.stringify({ name: 'app', private: true, type: kind, dependencies, devDependencies }),
    '.npmrc': 'package-lock=false\n',
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        ...(isModule ? { module: 'nodenext', moduleResolution: 'nodenext' } : { module: 'commonjs' }),
        target: 'es2022',
        esModuleInterop: true,
        isolatedModules: true,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
        strict: true,
        skipLibCheck: true,
        types: ['node', isModule ? 'vitest/globals' : 'jest'],
      },
    }),
    'src/user.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
@Entity('users') export class User { @PrimaryGeneratedColumn() id!: number; @Column() name!: string; }`,
    'src/data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({
  baseDir: ${isModule ? 'import.meta.dirname' : '__dirname'},
  import: (file) => import(file),
  entities: ['**/*.entity.{ts,js}'],
  migrations: ['migrations/*.{ts,js,sql}'],
});`,
    'src/migrations/1700000000001-CreateUsers.ts': `import type { MigrationInterface, QueryRunner } from 'typeorm';
export class CreateUsers1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL)'); }
  async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('DROP TABLE users'); }
}`,
    // It uses an entity class, which is the one that the app has: a second copy would be unknown to the data source.
    'src/migrations/1700000000002-AddAda.ts': `import type { MigrationInterface, QueryRunner } from 'typeorm';
import { User } from '../user.entity${js}';
export class AddAda1700000000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.manager.getRepository(User).save({ name: 'Ada' }); }
  async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.manager.getRepository(User).delete({ name: 'Ada' }); }
}`,
    'src/app.module.ts': `import { Controller, Get, Module } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { MigrationsModule } from 'nest-migrate';
import { Repository } from 'typeorm';
import dataSource from './data-source${js}';
import { User } from './user.entity${js}';
@Controller() export class AppController {
  constructor(@InjectRepository(User) private readonly users: Repository<User>) {}
  @Get() async names(): Promise<string> { return (await this.users.find()).map((user) => user.name + ' is a User: ' + (user instanceof User)).join(); }
}
@Module({ imports: [MigrationsModule.forRoot({ dataSource }), TypeOrmModule.forFeature([User])], controllers: [AppController] }) export class AppModule {}`,
    ...Object.fromEntries(['one', 'two', 'three'].map((name) => [`test/${name}.e2e-spec.ts`, spec])),
    ...Object.fromEntries(['four', 'five'].map((name) => [`test/${name}.e2e-spec.ts`, own])),
  };
}

let home: string;
let tarballs: Tarballs;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'nest-migrate-runners-'));
  tarballs = packInto(home);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.each(runners)('$title', (runner) => {
  it('starts an app that migrates, in five files at once, on the embedded database and on a server', async () => {
    const dir = join(home, runner.kind);
    writeFiles(dir, filesOf(runner, tarballs));
    npm(dir, 'install');
    const database = await createDatabase();
    const test = (env: Readonly<Record<string, string>>): Promise<CliResult> =>
      runNode(runner.command, { cwd: dir, env: { CI: 'true', NO_COLOR: '1', ...env } });
    for (const env of [{}, { DATABASE_URL: database.url }]) {
      const { code, stdout, stderr } = await test(env);
      expect([code, stdout + stderr]).toEqual([0, expect.stringMatching(/Tests: +7 passed|Tests {2}7 passed/)]);
    }
    await database.drop();
  }, 300_000);
});

/** With the data source and the migrations of the repository's root, where `npm test` runs the same tests under Jest. */
it('the tests of examples/blog pass under Vitest', async () => {
  const dir = join(home, 'module', 'blog');
  for (const part of ['data-source.ts', 'migrations', 'examples/blog'])
    cpSync(part, join(dir, part), { recursive: true });
  writeFiles(dir, { 'package.json': '{ "type": "module" }', 'tsconfig.json': '{ "extends": "../tsconfig.json" }' });
  const command = ['../node_modules/vitest/vitest.mjs', 'run', '--config', 'examples/blog/vitest.config.mjs'];
  const { code, stdout, stderr } = await runNode(command, { cwd: dir, env: { CI: 'true', NO_COLOR: '1' } });
  expect([code, stdout + stderr]).toEqual([0, expect.stringContaining('Tests  5 passed')]);
});
