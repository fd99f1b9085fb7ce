import { execFileSync } from 'node:child_process';
import { afterEach, expect, it } from '@jest/globals';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
afterEach(() => project.remove());

it('in Vitest, a pattern of TypeScript files that TypeORM cannot load leads to defineDataSource', () => {
  project = createProject({
    'package.json': '{ "name": "app" }',
    '1700000000000-First.sql': '-- up\nSELECT 1;\n',
    'a.entity.ts': "import { Entity } from 'typeorm';\n@Entity() export class A {}\n",
    'test.cjs': `const { DataSource } = require('typeorm');
      require('nest-migrate/testing')
        .createTestDatabase(new DataSource({ type: 'postgres', entities: ['*.entity.ts'], migrations: ['*.sql'] }))
        .catch((error) => console.log(error.message));`,
  });
  const told = execFileSync(process.execPath, ['test.cjs'], {
    cwd: project.dir,
    env: { ...process.env, VITEST: 'true' },
    encoding: 'utf8',
  });
  expect(told).toMatch(
    /could not set up the data source[^]*→ Let Vitest load it.*defineDataSource.*import: \(file\) => import\(file\)/,
  );
});
