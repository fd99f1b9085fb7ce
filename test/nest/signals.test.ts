import { expect, it } from '@jest/globals';
import { startNode } from '../support/cli.js';
import { perTest } from '../support/per-test.js';
import { createProject } from '../support/project.js';

const own = perTest();

const main = `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { MigrationsModule } from 'nest-migrate';
class First1700000000001 {
  async up(queryRunner) { await queryRunner.query('CREATE TABLE first (id int)'); }
  async down() {}
}
class Slow1700000000002 {
  async up(queryRunner) { await queryRunner.query('SELECT pg_sleep(60)'); }
  async down() {}
}
const dataSource = new DataSource({ type: 'postgres', url: process.env.URL, migrations: [First1700000000001, Slow1700000000002] });
class AppModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource })] })(AppModule);
await NestFactory.create(AppModule, { logger: ['log', 'error', 'warn'] });`;

it('SIGTERM while an app starts: the log says what became of the migrations, also in a replica that only waits', async () => {
  own.project = createProject({ 'package.json': '{ "type": "module" }', 'main.js': main });
  const env = { URL: own.database.url, NO_COLOR: '1' };
  const start = () => {
    const app = startNode(['main.js'], { cwd: own.project.dir, env });
    const says = (text: string): Promise<void> =>
      new Promise((resolve) => {
        let log = '';
        app.process.stdout?.on('data', (more: string) => (log += more).includes(text) && resolve());
      });
    return { ...app, says };
  };
  const migrating = start();
  await migrating.says('Applying Slow1700000000002');
  const waiting = start();
  await waiting.says('Another process is migrating');
  waiting.process.kill('SIGTERM');
  const waited = await waiting.result;
  expect([waited.signal, waited.stdout + waited.stderr]).toEqual([
    'SIGTERM',
    expect.stringMatching(
      /SIGTERM: stopping\n.*WARN.* Stopped by SIGTERM\. It was still waiting for the lock: nothing was changed\./,
    ),
  ]);
  migrating.process.kill('SIGTERM');
  const { signal, stdout, stderr } = await migrating.result;
  expect([signal, stdout + stderr]).toEqual([
    'SIGTERM',
    expect.stringMatching(
      /SIGTERM: stopping\n.*WARN.* Stopped by SIGTERM\. The database is as it was before this migration: .*\nFinished before it, and kept: First1700000000001\./,
    ),
  ]);
});
