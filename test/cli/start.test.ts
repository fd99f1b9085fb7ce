import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { createProject } from '../support/project.js';

it('a command loads few files, and neither fetch nor a matcher of patterns, if it finds nothing to do', async () => {
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
    expect(own.length).toBeLessThan(13);
    expect(urls.filter((url) => /\/(?:tinyglobby|picomatch|typeorm)\//.test(url))).toEqual([]);
  } finally {
    project.remove();
    await database.drop();
  }
});
