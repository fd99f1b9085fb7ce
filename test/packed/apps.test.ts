import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { npm, packInto, writeFiles } from '../support/packed.js';

/**
 * The packed package in new Nest apps, installed from the registry, compiled by their own TypeScript and run by plain Node: what a user has.
 * Part of `npm run acceptance`, because it takes minutes and the network.
 */
interface App {
  readonly title: string;
  readonly type: 'module' | 'commonjs';
  readonly dependencies: Readonly<Record<string, string>>;
  readonly typescript: string;
  readonly compilerOptions: object;
}

const strict = {
  target: 'es2022',
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  strict: true,
  skipLibCheck: true,
  outDir: 'dist',
  rootDir: '.',
};
const nest = (major: number, typeorm: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(
    ['common', 'core', 'typeorm', 'platform-express'].map((name) => [`@nestjs/${name}`, `^${major}.0.0`]),
  ),
  typeorm,
  pg: '^8.11.0',
  'reflect-metadata': '^0.2.0',
  rxjs: '^7.8.0',
});

const apps: readonly App[] = [
  {
    title: 'Nest 12, ES modules, TypeORM 1',
    type: 'module',
    dependencies: nest(12, '^1.1.0'),
    typescript: '6.0.3',
    compilerOptions: { ...strict, module: 'nodenext' },
  },
  {
    title: 'Nest 11, CommonJS, TypeORM 1',
    type: 'commonjs',
    dependencies: nest(11, '^1.1.0'),
    typescript: '5.9.3',
    compilerOptions: { ...strict, module: 'commonjs', esModuleInterop: true },
  },
  {
    title: 'Nest 11, CommonJS, TypeORM 0.3',
    type: 'commonjs',
    dependencies: nest(11, '^0.3.20'),
    typescript: '5.9.3',
    compilerOptions: { ...strict, module: 'nodenext' },
  },
  {
    title: 'Nest 10, CommonJS, TypeORM 0.3',
    type: 'commonjs',
    dependencies: nest(10, '^0.3.20'),
    typescript: '5.9.3',
    compilerOptions: { ...strict, module: 'commonjs', esModuleInterop: true },
  },
];

const filesOf = (app: App): Readonly<Record<string, string>> => {
  const here = app.type === 'module' ? 'import.meta.dirname' : '__dirname';
  return {
    'package.json': JSON.stringify(
      {
        name: 'app',
        private: true,
        type: app.type,
        dependencies: app.dependencies,
        devDependencies: { typescript: app.typescript, '@types/node': '20' },
      },
      null,
      2,
    ),
    'tsconfig.json': JSON.stringify({
      compilerOptions: { ...app.compilerOptions, types: ['node'], ignoreDeprecations: undefined },
      include: ['src', 'migrations', 'data-source.ts'],
    }),
    '.npmrc': 'package-lock=false\n',
    'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: ${here}, entities: ['src/**/*.entity.{ts,js}'], migrations: ['migrations/*.{ts,js}'] });\n`,
    'migrations/1700000000001-CreateUsers.ts': `import type { MigrationInterface, QueryRunner } from 'typeorm';
export class CreateUsers1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.query("CREATE TABLE users (id int PRIMARY KEY, name text); INSERT INTO users VALUES (1, 'Ada')"); }
  async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('DROP TABLE users'); }
}\n`,
    'src/user.entity.ts': `import { Column, Entity, PrimaryColumn } from 'typeorm';
@Entity('users') export class User { @PrimaryColumn('int') id!: number; @Column('text') name!: string; }\n`,
    'src/app.module.ts': `import { Injectable, Module } from '@nestjs/common';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { MigrationsModule } from 'nest-migrate';
import { Repository } from 'typeorm';
import dataSource from '../data-source.js';
import { User } from './user.entity.js';
@Injectable() export class Users { readonly names: Promise<string[]>; constructor(@InjectRepository(User) users: Repository<User>) { this.names = users.find().then((all) => all.map((user) => user.name)); } }
@Module({ imports: [TypeOrmModule.forFeature([User])], providers: [Users], exports: [Users] }) class UsersModule {}
@Module({ imports: [UsersModule, MigrationsModule.forRoot({ dataSource })] }) export class AppModule {}\n`,
    'src/main.ts': `import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { MigrationsService } from 'nest-migrate';
import { AppModule, Users } from './app.module.js';
async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  await app.init();
  const status = await app.get(MigrationsService).status();
  console.log(JSON.stringify({ names: await app.get(Users).names, applied: status.applied.map((one) => one.name) }));
  await app.close();
}
void main();\n`,
  };
};

let packed: string;
let tarball: string;
beforeAll(() => {
  packed = mkdtempSync(join(tmpdir(), 'nest-migrate-packed-'));
  tarball = packInto(packed).production;
});
afterAll(() => rmSync(packed, { recursive: true, force: true }));

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase();
});
afterEach(() => database.drop());

describe.each(apps)('$title', (app) => {
  it('migrates at start, injects repositories, and has the command, from sources and compiled', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-app-'));
    writeFiles(dir, filesOf(app));
    npm(dir, 'install', tarball);
    const env = { DATABASE_URL: database.url };
    const bin = join(dir, 'node_modules/nest-migrate/dist/esm/cli/main.js');
    const status = async (...args: string[]): Promise<unknown> => {
      const { stdout, stderr } = await runNode([bin, 'status', '--json', ...args], {
        cwd: dir,
        env: { ...env, ...(args.length > 0 && { NODE_ENV: 'production' }) },
      });
      return JSON.parse(stdout || JSON.stringify({ stderr })) as unknown;
    };
    // From the TypeScript sources.
    expect(await status()).toMatchObject({
      applied: [],
      pending: [{ name: 'CreateUsers1700000000001' }],
      problems: [],
    });
    expect(
      execFileSync(process.execPath, [join(dir, 'node_modules/typescript/bin/tsc'), '-p', dir], {
        cwd: dir,
        encoding: 'utf8',
      }),
    ).toBe('');
    const booted = await runNode([join(dir, 'dist/src/main.js')], { cwd: dir, env });
    expect([booted.stderr, booted.code]).toEqual(['', 0]);
    expect(JSON.parse(booted.stdout)).toEqual({ names: ['Ada'], applied: ['CreateUsers1700000000001'] });
    expect(await status()).toMatchObject({ applied: [{ name: 'CreateUsers1700000000001' }], pending: [] });
    expect(await runNode([bin, 'status', '--app', 'src/app.module.ts'], { cwd: dir, env })).toMatchObject({
      code: 0,
      stderr: '',
    });
    // As in production: compiled, and nothing installed for development.
    npm(dir, 'prune', '--omit=dev');
    expect(await status('--data-source', 'dist/data-source.js')).toMatchObject({
      applied: [{ name: 'CreateUsers1700000000001' }],
      pending: [],
    });
    const reverted = await runNode([bin, 'revert', '--json', '-d', 'dist/data-source.js'], {
      cwd: dir,
      env: { ...env, NODE_ENV: 'production' },
    });
    expect(JSON.parse(reverted.stdout)).toMatchObject({ reverted: [{ name: 'CreateUsers1700000000001' }] });
    rmSync(dir, { recursive: true, force: true });
  }, 300_000);
});
