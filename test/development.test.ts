import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { installLine } from '../src/package-manager.js';
import { buildId, packageVersion } from '../src/version.js';
import { runNode } from './support/cli.js';
import type { CliResult } from './support/cli.js';
import { serverUrl } from './support/database.js';
import { createProject } from './support/project.js';
import type { TestProject } from './support/project.js';
import { itInFull } from './support/sample.js';

const dataSource = `const { defineDataSource } = require('nest-migrate/data-source');
const { EntitySchema } = require('typeorm');
const users = new EntitySchema({ name: 'users', columns: { id: { type: 'int', primary: true } } });
module.exports = defineDataSource({ baseDir: __dirname, entities: [users], migrations: ['migrations/*.js'] });`;
const name = `nest-migrate-dev@${packageVersion}`;

let project: TestProject;
const inProject = (path: string): string => join(project.dir, path);
/** The command as it is installed in the project, which does not find what this repository has. */
const cli = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
  runNode(['node_modules/nest-migrate/dist/esm/cli/main.js', ...args], {
    cwd: project.dir,
    env: { NEST_MIGRATE_EMBEDDED: inProject('pg'), ...env },
  });

beforeEach(() => {
  const files = { 'package.json': '{ "workspaces": ["apps/*"] }', 'pnpm-lock.yaml': '', 'data-source.js': dataSource };
  project = createProject(files, 'typeorm-1-0');
  rmSync(inProject('node_modules/nest-migrate-dev'));
});
afterEach(() => project.remove());

it('a build is identified by its content, so that caches of another build are not used', () => {
  const files = readdirSync('dist', { recursive: true })
    .map((file) => String(file))
    .filter((file) => file !== '.built' && statSync(join('dist', file)).isFile());
  const texts = files.toSorted().map((file) => [file, readFileSync(join('dist', file), 'utf8')] as const);
  const [, id = ''] = /buildId = "(\w+)"/.exec(texts.map(([, text]) => text).join('')) ?? [];
  const hash = createHash('sha256');
  for (const [file, text] of texts) hash.update(`${file}\0`).update(text.replaceAll(id, buildId)).update('\0');
  expect(hash.digest('hex').slice(0, 16)).toBe(id);
});

describe('nest-migrate-dev', () => {
  it('is missing for check: that is no finding about the migrations, and an image has no migrations.lock', async () => {
    project.write(
      'dist/data-source.js',
      dataSource
        .replace("require('", "require('")
        .replace('baseDir: __dirname', 'baseDir: __dirname, url: "postgres://a:b@127.0.0.1:1/x"'),
    );
    rmSync(inProject('data-source.js'));
    project.write(
      'dist/migrations/1700000000001-A.js',
      'exports.A1700000000001 = class A1700000000001 { up() {} down() {} };',
    );
    const { code, stdout } = await cli(['check', '--skip', 'lint'], { NODE_ENV: 'production' });
    expect(stdout).toMatch(/✓ files .*\n✓ branches [^]*✗ replay\n.*needs the package nest-migrate-dev/);
    expect([code, stdout]).toEqual([2, expect.not.stringContaining('--write-lock')]);
  });

  it('is requested where it is needed, with the package manager of the project', async () => {
    const generate = await cli(['generate', '--check'], { NODE_ENV: 'production' });
    expect(generate).toMatchObject({ code: 2, stderr: expect.stringContaining('needs the package nest-migrate-dev') });
    expect(generate.stderr).toContain(
      `Install it for development: pnpm add -D ${name}. A production image does not need it`,
    );
    const status = await cli(['status']);
    expect(status).toMatchObject({ code: 2, stderr: expect.stringContaining('Neither DATABASE_URL nor PGHOST') });
    expect(status.stderr).toContain('the embedded database, which would be used instead, is not installed');
    rmSync(inProject('pnpm-lock.yaml'));
    for (const [file, line] of Object.entries({
      'yarn.lock': 'yarn add -D',
      'bun.lock': 'bun add -d',
      x: 'npm install -D',
    })) {
      project.write(file, '');
      expect(installLine(name, inProject('apps/api'))).toBe(`${line} ${name}`);
      rmSync(inProject(file));
    }
  });

  it('must have the same version', async () => {
    project.write('node_modules/nest-migrate-dev/package.json', '{ "name": "nest-migrate-dev", "version": "0.0.1" }');
    const { code, stderr } = await cli(['generate', '--check']);
    expect(stderr).toContain(`nest-migrate-dev is 0.0.1 (in ${inProject('node_modules/nest-migrate-dev')})`);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`pnpm add -D ${name}`)]);
  });

  itInFull('is found beside the data source, at the root of its workspace, and beside nest-migrate', async () => {
    const installIn = (place: string): void => {
      mkdirSync(inProject(place), { recursive: true });
      symlinkSync(resolve('packages/dev'), inProject(join(place, 'nest-migrate-dev')));
    };
    const check = (...args: readonly string[]): Promise<CliResult> =>
      cli(['generate', '--check', '--shadow', serverUrl(), ...args]);
    const done = { code: 3, stderr: expect.not.stringContaining('PACKAGE') };
    // Of another version, which is not taken.
    project.write('node_modules/nest-migrate-dev/package.json', '{ "name": "nest-migrate-dev", "version": "0.0.1" }');
    project.write('apps/api/data-source.js', dataSource);
    installIn('apps/api/node_modules');
    expect(await check('-d', 'apps/api/data-source.js')).toMatchObject(done);
    rmSync(inProject('node_modules/nest-migrate-dev'), { recursive: true });
    rmSync(inProject('apps'), { recursive: true });
    // As pnpm has it: a link, and what it leads to has packages beside it that the project has not.
    mkdirSync(inProject('store'));
    renameSync(inProject('node_modules/nest-migrate'), inProject('store/nest-migrate'));
    symlinkSync(inProject('store/nest-migrate'), inProject('node_modules/nest-migrate'));
    installIn('store/nest-migrate/node_modules');
    for (const other of ['dotenv', 'tinyglobby', 'pg', 'typeorm'])
      symlinkSync(inProject(`node_modules/${other}`), inProject(`store/nest-migrate/node_modules/${other}`));
    expect(await check()).toMatchObject(done);
  });
});
