import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Block } from './blocks.js';
import { root } from './blocks.js';

/** What the blocks import, and what they use without an import because the page says where it comes from. */
const project = {
  'src/data-source.ts': `import type { DataSource } from 'typeorm'; declare const dataSource: DataSource; export default dataSource;`,
  'src/app.module.ts': 'export class AppModule {}',
  'src/app.controller.ts': 'export class AppController {}',
  'src/app.service.ts': 'export class AppService {}',
  'src/users/users.module.ts': 'export class UsersModule {}',
  'src/users/user.entity.ts': 'export class User { name!: string }',
  'globals.d.ts': `
import * as nest from '@nestjs/common';
import * as config from '@nestjs/config';
import * as nestTypeorm from '@nestjs/typeorm';
import * as terminus from '@nestjs/terminus';
import * as commander from 'nest-commander';
import * as jest from '@jest/globals';
import * as orm from 'typeorm';
import * as ours from 'nest-migrate';
import * as sources from 'nest-migrate/data-source';
import * as testing from 'nest-migrate/testing';
declare global {
  const { Injectable, Module, Get }: typeof nest;
  const { HealthCheck }: typeof terminus;
  const { InjectRepository, TypeOrmModule }: typeof nestTypeorm;
  const { CommandFactory }: typeof commander;
  const { it, expect, beforeAll, afterEach, afterAll }: typeof jest;
  const { MigrationsModule }: typeof ours;
  const { defineDataSource, migrated }: typeof sources;
  const { createTestDatabase }: typeof testing;
  type MigrationInterface = orm.MigrationInterface;
  type QueryRunner = orm.QueryRunner;
  type Repository<T extends orm.ObjectLiteral> = orm.Repository<T>;
  type MigrationsService = ours.MigrationsService;
  type HealthCheckService = terminus.HealthCheckService;
  type MigrationsHealthIndicator = ours.MigrationsHealthIndicator;
  class ConfigService extends config.ConfigService {}
  const dataSource: orm.DataSource;
  const users: orm.DataSource;
  const billing: orm.DataSource;
  const options: orm.DataSourceOptions;
  const database: testing.TestDatabase;
  const posts: { publish(title: string): Promise<void>; count(): Promise<number> };
  class User { name: string }
  class Plan { name: string }
  class FakeMailer {}
  class AppModule {}
}`,
};

/** Parts of something larger, by how they begin. */
const parts: readonly (readonly [begin: RegExp, before: string, after: string])[] = [
  [/^constructor\(/, 'export class Part {', '}'],
  [/^@Get\(/, 'export class Part { health!: HealthCheckService; migrations!: MigrationsHealthIndicator;', '}'],
  [/^(?:\w+\.)+forRoot\w*\([\s\S]*\),[^;]*$/, 'export const part = [', ']'],
];

function completed(text: string): string {
  const [, before = '', after = ''] = parts.find(([begin]) => begin.test(text)) ?? [];
  return `${before}\n${text}\n${after}\nexport {};`;
}

/** What the compiler says of the blocks, each a module of a project of its own; of one page that is written in pieces, one for all. */
export function compilerErrors(blocks: readonly Block[], inOnePiece: readonly string[]): readonly string[] {
  mkdirSync(join(root, 'build'), { recursive: true });
  const dir = mkdtempSync(join(root, 'build/docs-'));
  try {
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), text);
    };
    for (const [path, text] of Object.entries(project)) write(`shared/${path}`, text);
    const whole = inOnePiece.map((page) => ({
      place: page,
      page,
      language: 'ts',
      text: blocks
        .filter((block) => block.page === page)
        .map(({ text }) => text)
        .join('\n'),
    }));
    const modules = [...blocks.filter(({ page }) => !inOnePiece.includes(page)), ...whole];
    for (const { place, language, text } of modules) {
      const path = /^\/\/ (\S+)\.ts$/m.exec(text)?.[1] ?? 'src/block';
      write(`${folderOf(place)}/${path}.${language}`, completed(text));
    }
    write('tsconfig.json', JSON.stringify(configFor(modules)));
    const compiler = join(root, 'node_modules/typescript-7/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [compiler, '-p', dir, '--pretty', 'false'], {
      cwd: dir,
      encoding: 'utf8',
    });
    return stdout.split('\n').filter((line) => line.includes('error TS'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Legible in what the compiler says. */
function folderOf(place: string): string {
  return place.replace('.md:', '.md-').replaceAll('/', '-');
}

function configFor(modules: readonly Block[]): object {
  return {
    compilerOptions: {
      ...{ target: 'es2022', module: 'esnext', moduleResolution: 'bundler', types: ['node'] },
      ...{ strict: true, noEmit: true, skipLibCheck: true, allowJs: true, esModuleInterop: true },
      ...{ experimentalDecorators: true, emitDecoratorMetadata: true },
      // A block imports the files of the project as if they were beside it.
      rootDirs: ['shared', ...modules.map(({ place }) => folderOf(place))],
    },
    include: ['**/*'],
  };
}
