import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runNode } from '../support/cli.js';
import { createProject } from '../support/project.js';
import type { TestProject } from '../support/project.js';

let project: TestProject;
let tmp: string;
beforeAll(() => {
  tmp = mkdtempSync(join(tmpdir(), 'nest-migrate-image-'));
  project = createProject({
    'package.json': '{ "type": "module" }',
    'query.js': `
import { defineDataSource } from 'nest-migrate/data-source';
const [folder, ...statements] = process.argv.slice(2);
const dataSource = defineDataSource({ embedded: folder, entities: [], migrations: [] });
await dataSource.initialize();
for (const sql of statements) console.log(JSON.stringify(await dataSource.query(sql)));
await dataSource.destroy();
`,
  });
});
afterAll(() => {
  project.remove();
  rmSync(tmp, { recursive: true, force: true });
});

/** What a process answers that opens the database in a folder, which it creates if needed. */
async function query(name: string, ...statements: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runNode(['query.js', join(project.dir, 'data', name), ...statements], {
    cwd: project.dir,
    env: { TMPDIR: tmp },
  });
  return stdout.trim() || stderr;
}

describe('a new embedded database', () => {
  it('comes from the package: processes that create one at the same moment leave nothing else behind', async () => {
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => query(name, 'SELECT datname FROM pg_database')));
    expect(answers).toEqual(Array<string>(3).fill('[{"datname":"postgres"}]'));
    expect(readdirSync(tmp)).toEqual([]);
    expect(readdirSync(join(project.dir, 'data/a/base'))).toHaveLength(1);
  });

  it('is created from nothing if what the package brings is damaged', async () => {
    const installed = join(project.dir, 'node_modules/nest-migrate-dev');
    rmSync(installed);
    cpSync('packages/dev', installed, { recursive: true });
    symlinkSync(resolve('node_modules'), join(installed, 'node_modules'));
    truncateSync(join(installed, 'postgres.br'), 100_000);
    expect(await query('d', 'CREATE TABLE t (a int)', 'SELECT * FROM t', 'SHOW max_connections')).toBe(
      '[]\n[]\n[{"max_connections":"10"}]',
    );
    expect(readdirSync(join(project.dir, 'data/d/base')).length).toBeGreaterThan(1);
  });
});
