import { expect, it } from '@jest/globals';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../support/cli.js';
import { createProject } from '../support/project.js';

it.each([
  ['require', '{ "name": "app" }', "const { load } = require('not-there/load');\nload();\n"],
  ['import', '{ "name": "app", "type": "module" }', "import { load } from 'not-there/load';\nload();\n"],
])('a data source that imports a package that is not installed says how to add it: %s', async (_, manifest, text) => {
  const project = createProject({ 'package.json': manifest, 'pnpm-lock.yaml': '', 'data-source.js': text });
  const { code, stderr } = await runCli(['status'], { cwd: project.dir });
  expect(stderr).toContain('If not-there is a package that the project lacks: pnpm add not-there\n');
  expect(code).toBe(1);
  project.remove();
});

it.each(['check', 'lint --all'])(
  '%s says that nest-migrate-dev was installed without what it depends on',
  async (command) => {
    const project = createProject({
      'package.json': '{ "name": "app" }',
      'data-source.js':
        "const { defineDataSource } = require('nest-migrate');\nexports.default = defineDataSource({ baseDir: __dirname, url: 'postgres://localhost/app' });\n",
      'migrations/1700000000000-CreateA.sql': 'CREATE TABLE a (id integer PRIMARY KEY);\n',
    });
    const installed = join(project.dir, 'node_modules/nest-migrate-dev');
    rmSync(installed);
    cpSync('packages/dev', installed, { recursive: true, filter: (file) => !file.endsWith('node_modules') });
    const { code, stdout, stderr } = await runCli(command.split(' '), { cwd: project.dir });
    expect(stdout + stderr).toContain('The installation of nest-migrate-dev is incomplete: Cannot find package');
    expect(stdout + stderr).toContain('→ Install it again: npm install -D nest-migrate-dev@');
    expect(code).toBe(2);
    project.remove();
  },
);
