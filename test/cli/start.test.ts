import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runCli, runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';

it('a command that finds nothing to do loads neither fetch nor TypeORM nor a matcher of patterns', async () => {
  const database = await createDatabase();
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'data-source.js': `const { defineDataSource } = require('nest-migrate/data-source');
module.exports = defineDataSource({ url: '${database.url}', entities: ['src/**/*.entity.js'], migrations: ['migrations/*.sql'] });`,
    'migrations/1700000000001-One.sql': 'CREATE TABLE one (id int);',
    // To find out where it runs, pg would create a Response, for which Node loads all of fetch.
    'no-fetch.cjs': `Object.defineProperty(globalThis, 'Response', { get() { throw new Error('fetch is loaded'); } });`,
  });
  const coverage = join(project.dir, 'coverage');
  mkdirSync(coverage);
  try {
    const run = (env: Readonly<Record<string, string>>) =>
      runNode(['-r', './no-fetch.cjs', 'node_modules/nest-migrate/dist/esm/cli/main.js', 'run'], {
        cwd: project.dir,
        env,
      });
    expect(await run({})).toMatchObject({ code: 0 });
    expect(await run({ NODE_V8_COVERAGE: coverage })).toMatchObject({
      code: 0,
      stdout: 'Nothing to do: nothing is pending.\n',
    });
    const urls = readdirSync(coverage).flatMap((file) => {
      const { result } = JSON.parse(readFileSync(join(coverage, file), 'utf8')) as { result: { url: string }[] };
      return result.map(({ url }) => url);
    });
    const own = urls.filter((url) => url.includes('/dist/esm/'));
    expect(own.length).toBeGreaterThan(3);
    // Each takes half a millisecond.
    expect(own.length).toBeLessThan(90);
    expect(urls.filter((url) => /\/(?:tinyglobby|picomatch|typeorm)\//.test(url))).toEqual([]);
  } finally {
    project.remove();
    await database.drop();
  }
});

it('in production, a run that finds no migration at all fails, as the start of an app does', async () => {
  const database = await createDatabase();
  const project = createProject({
    'package.json': '{ "name": "app" }',
    'data-source.js': `const { defineDataSource } = require('nest-migrate/data-source');
module.exports = defineDataSource({ url: '${database.url}', entities: [], migrations: ['dist/migrations/*.js'] });`,
  });
  try {
    const run = (NODE_ENV: string) => runCli(['run'], { cwd: project.dir, env: { NODE_ENV } });
    const { code, stderr } = await run('production');
    expect([code, stderr]).toEqual([2, expect.stringContaining('help MIGRATIONS_NOT_FOUND')]);
    const elsewhere = await run('test');
    expect([elsewhere.code, elsewhere.stderr]).toEqual([0, expect.stringContaining('No migration matches')]);
    // The folder is there: the project has no migrations yet.
    project.write('dist/migrations/.gitkeep', '');
    expect(await run('production')).toMatchObject({ code: 0 });
  } finally {
    project.remove();
    await database.drop();
  }
});
