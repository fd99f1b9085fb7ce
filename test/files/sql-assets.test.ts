import { afterEach, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { missingAsset } from '../../src/files/sql-assets.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
afterEach(() => project.remove());

it.each([
  ['src/migrations/1-A.sql', '{}', '"compilerOptions": { "assets": ["migrations/*.sql"] }'],
  ['lib/db/migrations/1-A.sql', '{ "sourceRoot": "lib" }', '"compilerOptions": { "assets": ["db/migrations/*.sql"] }'],
  ['src/1-A.sql', '{}', '"compilerOptions": { "assets": ["*.sql"] }'],
  ['src/migrations/1-A.ts', '{}', undefined],
  // Read where it is.
  ['migrations/1-A.sql', '{}', undefined],
  ['src/migrations/1-A.sql', '{ "compilerOptions": { "assets": ["**/*.sql"] } }', undefined],
  ['src/migrations/1-A.sql', '{ "compilerOptions": { "assets": ["**/*"] } }', undefined],
  // Not built by Nest.
  ['src/migrations/1-A.sql', undefined, undefined],
])('%s with nest-cli.json %s', (file, nest, missing) => {
  project = createProject({ ...(nest !== undefined && { 'nest-cli.json': nest }), [file]: '' });
  expect(missingAsset(join(project.dir, file), project.dir)).toBe(missing);
});
