import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { runCli } from '../support/cli.js';
import { createProject } from '../support/project.js';

it.each([
  ['require', '{ "name": "app" }', "const { options } = require('@shop/core');\nmodule.exports = options;\n"],
  ['import', '{ "name": "app", "type": "module" }', "import { options } from '@shop/core';\nexport default options;\n"],
])('a data source that needs a package of the workspace says that it is not built: %s', async (_, manifest, text) => {
  const project = createProject({
    'package.json': manifest,
    'data-source.js': text,
    'packages/core/package.json': '{ "name": "@shop/core", "main": "./dist/index.js", "exports": "./dist/index.js" }',
  });
  mkdirSync(join(project.dir, 'node_modules/@shop'));
  symlinkSync(join(project.dir, 'packages/core'), join(project.dir, 'node_modules/@shop/core'));
  const { code, stderr } = await runCli(['status'], { cwd: project.dir });
  expect(stderr).toContain('@shop/core is a package of this workspace, and has not been built yet.');
  expect(code).toBe(1);
  project.remove();
});
