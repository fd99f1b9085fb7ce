import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import type { TestDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';
import { sample } from '../support/sample.js';

/** The command line of an app, by its users called `my-app`. */
const body = `
class CreateUsers1700000000001 { up(q) { return q.query('CREATE TABLE users (id int)'); } down(q) { return q.query('DROP TABLE users'); } }
class AddName1700000000002 { up(q) { return q.query('ALTER TABLE users ADD name text'); } down(q) { return q.query('ALTER TABLE users DROP name'); } }
const dataSource = defineDataSource({ migrations: [CreateUsers1700000000001, AddName1700000000002] });
class CliModule {}
Module({ imports: [MigrationsModule.forRoot({ dataSource, onBootstrap: 'run' }), MigrationsCommandsModule] })(CliModule);
CommandFactory.run(CliModule);
`;
const esm = `import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { CommandFactory } from 'nest-commander';
import { defineDataSource, MigrationsModule } from 'nest-migrate';
import { MigrationsCommandsModule } from 'nest-migrate/commands';${body}`;
const cjs = `require('reflect-metadata');
const { Module } = require('@nestjs/common');
const { CommandFactory } = require('nest-commander');
const { defineDataSource, MigrationsModule } = require('nest-migrate');
const { MigrationsCommandsModule } = require('nest-migrate/commands');${body}`;

let database: TestDatabase;
let project: TestProject;
beforeEach(async () => {
  database = await createDatabase();
  project = createProject({ 'package.json': '{ "name": "app" }', 'my-app.mjs': esm, 'my-app.cjs': cjs });
});
afterEach(async () => {
  project.remove();
  await database.drop();
});

const run = (file: string, ...args: string[]) =>
  runNode([file, ...args], { cwd: project.dir, env: { DATABASE_URL: database.url } });
const tables = async (): Promise<unknown[]> =>
  database.query("SELECT column_name FROM information_schema.columns WHERE table_name = 'users' ORDER BY 1");

describe.each(sample(['my-app.mjs', 'my-app.cjs'], 2))('the commands in %s', (file) => {
  it('use the data source of the app, which does not migrate by itself in the meantime', async () => {
    const status = await run(file, 'migrations:status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ applied: [], pending: [{}, {}] });
    const first = await run(file, 'migrations:run', '--count', '1');
    expect([first.stdout.replace(/[\d.]+ m?s\./, '0 ms.'), first.code]).toEqual(['1 migration applied in 0 ms.\n', 0]);
    expect(await tables()).toEqual([{ column_name: 'id' }]);
    expect((await run(file, 'migrations:status', '--check')).code).toBe(3);
    expect((await run(file, 'migrations:run')).stderr).toMatch(/✔ AddName1700000000002 applied/);
    expect((await run(file, 'migrations:revert', '--count', '2')).stdout).toContain('2 migrations reverted');
    expect(await tables()).toEqual([]);
  });
});

describe('errors', () => {
  it.each([
    ['a flag that does not exist', ['migrations:run', '--cuont', '1'], /Did you mean --count\?/],
    ['a missing argument', ['migrations:create'], /missing required argument 'name'/],
    ['an unknown connection', ['migrations:run', '--connection', 'other'], /no TypeORM connection "other"/],
  ])('%s: exit code 2 and the reason', async (_what, args, message) => {
    const { code, stderr } = await run('my-app.mjs', ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('--help shows the help of the command', async () => {
    const { code, stdout } = await run('my-app.mjs', 'migrations:run', '--help');
    expect(stdout).toContain('--dry-run');
    expect(code).toBe(0);
  });
});
