import { expect, it } from '@jest/globals';
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
