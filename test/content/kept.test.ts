import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../support/cli.js';
import type { CliResult } from '../support/cli.js';
import { createProject } from '../support/project.js';
import { sample } from '../support/sample.js';
import type { TestProject } from '../support/project.js';

const migration = (
  name: string,
  sql: string,
  imports = '',
): string => `import { MigrationInterface, QueryRunner } from 'typeorm';
${imports}
export class ${name} implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> { await queryRunner.query(${sql}); }
  async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.query('DROP TABLE ${name.slice(0, 1)}'); }
}
`;
const files: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "app" }',
  'tsconfig.json':
    '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "baseUrl": ".", "paths": { "@app/*": ["src/*"] }, "experimentalDecorators": true, "emitDecoratorMetadata": true } }',
  'data-source.ts': `import { defineDataSource } from 'nest-migrate/data-source';
export default defineDataSource({ baseDir: __dirname, entities: [], migrations: ['src/migrations/*.ts'] });
`,
  'src/migrations/1700000000001-A.ts': migration(
    'A1700000000001',
    "`CREATE TABLE a (id int, ${columns.join()}${process.env.MORE ?? ''})`",
    "import { columns } from '../columns';\nimport { Status } from '@app/order.entity';\nvoid Status.Paid;",
  ),
  'src/columns.ts': "export const columns = ['x int'];\n",
  'src/order.entity.ts': `import { Column, Entity, PrimaryColumn } from 'typeorm';
export enum Status { Paid = 'paid' }
@Entity() export class Order { @PrimaryColumn() id!: number; @Column() paidAt?: Date; }
`,
  'src/migrations/1700000000002-B.ts': migration(
    'B1700000000002',
    "sqlOf('b.sql')",
    "import { sqlOf } from '../sql/load';",
  ),
  'src/sql/load.ts': `import { readFileSync } from 'node:fs';
import { join } from 'node:path';
export const sqlOf = (name: string): string => readFileSync(join(__dirname, name), 'utf8');
`,
  'src/sql/b.sql': 'CREATE TABLE b (id int)',
  'src/other.ts': '',
  'without-postgres.cjs': `const hooks = \`export function resolve(name, context, next) {
  if (name === '@electric-sql/pglite') throw new Error('PostgreSQL is loaded.');
  return next(name, context);
}\`;
require('node:module').register('data:text/javascript,' + encodeURIComponent(hooks));`,
};

let cache: string;
let project: TestProject;
let first: CliResult;
beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), 'nest-migrate-kept-'));
  project = createProject(files);
  first = await checked(project);
});
afterAll(() => {
  project.remove();
  rmSync(cache, { recursive: true, force: true });
});

const checked = (where: TestProject, env: Readonly<Record<string, string>> = {}) =>
  runCli(['check', '--only', 'replay'], { cwd: where.dir, env: { NEST_MIGRATE_CACHE: cache, ...env } });
/** Whether the migrations have to be executed: where they have not, PostgreSQL is not even loaded. */
async function isExecuted(where: TestProject, env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const { code, stdout } = await checked(where, { NODE_OPTIONS: '--require ./without-postgres.cjs', ...env });
  if (code === 0) return false;
  expect(stdout).toContain('PostgreSQL is loaded.');
  return true;
}

describe('migrations that depend on imports, files and variables', () => {
  it('are executed the first time', () => expect(first).toMatchObject({ code: 0, stderr: '' }));

  it.each<{
    readonly when: string;
    readonly executed: boolean;
    readonly changes?: Readonly<Record<string, string>>;
    readonly env?: Readonly<Record<string, string>>;
  }>(
    sample(
      [
        { executed: false, when: 'in another checkout' },
        {
          executed: false,
          when: 'with another file that none of them needs',
          changes: { 'src/other.ts': 'export const x = 1;' },
        },
        {
          executed: true,
          when: 'with another constant',
          changes: { 'src/columns.ts': "export const columns = ['y int'];\n" },
        },
        {
          executed: true,
          when: 'with another entity',
          changes: { 'src/order.entity.ts': `${files['src/order.entity.ts']}// more\n` },
        },
        {
          executed: true,
          when: 'with another file that is read',
          changes: { 'src/sql/b.sql': 'CREATE TABLE b (n int)' },
        },
        { executed: true, when: 'with another value of a variable', env: { MORE: ', z int' } },
      ],
      3,
    ),
  )('$when: executed: $executed', async ({ executed, changes = {}, env = {} }) => {
    const other = createProject({ ...files, ...changes });
    try {
      expect(await isExecuted(other, env)).toBe(executed);
    } finally {
      other.remove();
    }
  });

  it('are executed each time if they read a file that cannot be predicted', async () => {
    const other = createProject({
      ...files,
      'src/sql/load.ts': (files['src/sql/load.ts'] ?? '').replace('name), ', "name.replace('b', 'b-2')), "),
      'src/sql/b-2.sql': 'CREATE TABLE b (id int)',
    });
    try {
      expect(await checked(other)).toMatchObject({ code: 0 });
      expect(await isExecuted(other)).toBe(true);
    } finally {
      other.remove();
    }
  }, 300_000);
});
