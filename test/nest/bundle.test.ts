import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { perTest } from '../support/per-test.js';
import { createProject } from '../support/project.js';

const own = perTest();

const main = `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { migrated } from 'nest-migrate';
class CreateUsers1700000000001 {
  name = 'CreateUsers1700000000001';
  async up(queryRunner) {
    await queryRunner.query(process.env.SQL);
  }
  async down() {}
}
const useFactory = () => ({ type: 'postgres', url: process.env.URL, migrations: [CreateUsers1700000000001] });
class AppModule {}
Module({ imports: [TypeOrmModule.forRootAsync(migrated({ useFactory }))] })(AppModule);
const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
await app.close();`;

/** In a process of its own: Jest's own copies of RegExp and Array are none for rolldown. */
const bundling = `import { rolldown } from ${JSON.stringify(pathToFileURL(resolve('node_modules/rolldown/dist/index.mjs')).href)};
const external = /^(?:@nestjs\\/|typeorm|pg$|rxjs|reflect-metadata)/;
const bundle = await rolldown({ input: 'main.js', platform: 'node', external, onLog: () => undefined });
await bundle.write({ dir: 'bundle', format: 'esm', minify: true });
await bundle.close();`;

// Names are shortened there, and the file of a frame in a call stack tells nothing.
it('migrated() migrates in a minified bundle, and a failure ends the start at once', async () => {
  own.project = createProject({ 'package.json': '{ "type": "module" }', 'main.js': main, 'bundling.mjs': bundling });
  expect(await runNode(['bundling.mjs'], { cwd: own.project.dir })).toMatchObject({ code: 0 });
  const boot = (sql: string) =>
    runNode(['bundle/main.js'], { cwd: own.project.dir, env: { URL: own.database.url, SQL: sql, NO_COLOR: '1' } });
  const failed = await boot('nonsense');
  expect(failed.code).not.toBe(0);
  expect(failed.stderr).toContain('Migration CreateUsers1700000000001 failed at its statement 1');
  expect(failed.stdout + failed.stderr).not.toMatch(/Retrying|Unable to connect/);
  expect(await boot('CREATE TABLE users (id int)')).toMatchObject({ code: 0, stderr: '' });
  expect(await own.database.query('SELECT name FROM migrations')).toEqual([{ name: 'CreateUsers1700000000001' }]);
});
