import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Contents } from '../../src/content/content.js';
import type { Content } from '../../src/content/content.js';
import { asUsersCode, watchReads } from '../../src/files/users-code.js';

const before = process.cwd();
const root = resolve(before, 'node_modules');
let dir: string;
beforeEach(() => enter());
afterEach(() => {
  process.chdir(before);
  rmSync(dir, { recursive: true, force: true });
});

/** A project of its own, which the process is in. */
function enter(): void {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'nest-migrate-content-')));
  process.chdir(dir);
  mkdirSync(join(dir, 'node_modules'));
  for (const name of ['typeorm', 'uuid']) symlinkSync(join(root, name), join(dir, 'node_modules', name));
  for (const [path, text] of Object.entries(project)) write(path, text);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), text);
}

const migration = 'src/migrations/1700000000000-A.ts';
const project: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "app" }',
  [migration]: `import { MigrationInterface, QueryRunner } from 'typeorm';
import { roles } from '../roles';
import type { User } from '../user';
import { sqlOf } from '../sql/load.js';
export class A1700000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner) { await queryRunner.query(sqlOf('users/create-users.sql') + roles + process.env.SUFFIX); }
  async down() {}
}`,
  'src/roles.ts': "import settings from './settings.json';\nexport const roles = settings.roles.join();",
  'src/settings.json': '{ "roles": ["admin"] }',
  'src/user.ts': 'export const now = Date.now();',
  'src/sql/load.ts': `import * as fs from 'fs';
import { join } from 'path';
export const sqlOf = (name: string) => fs.readFileSync(join(__dirname, name), 'utf8');`,
  'src/sql/users/create-users.sql': 'CREATE TABLE users ()',
  'src/sql/other.sql': 'CREATE TABLE other ()',
};

const contentOf = (file = migration): Content => new Contents('default').of({ file });

describe('the content of a migration', () => {
  it('is equal in another folder', () => {
    const { digest, doubt } = contentOf();
    expect([digest, doubt]).toEqual([expect.any(String), undefined]);
    process.chdir(before);
    rmSync(dir, { recursive: true });
    enter();
    expect(contentOf().digest).toBe(digest);
  });

  it.each([
    ['its text', migration, `${project[migration]}\n`],
    ['what it imports', 'src/roles.ts', "export const roles = '';"],
    ['what that imports', 'src/settings.json', '{ "roles": [] }'],
    ['a file that is read', 'src/sql/users/create-users.sql', 'CREATE TABLE users (id int)'],
    ['a file of the same name, which may be the one that is read', 'src/sql/create-users.sql', ''],
    ['another file that an import may refer to', 'src/roles.js', 'exports.roles = 1;'],
  ])('changes with %s', (_what, path, text) => {
    const { digest } = contentOf();
    write(path, text);
    expect(contentOf().digest).not.toBe(digest);
  });

  it.each([
    ['type that it imports', 'src/user.ts', 'export interface User {}'],
    ['a file that nothing names', 'src/sql/other.sql', ''],
    ['another migration', 'src/migrations/1700000000001-B.ts', ''],
  ])('does not change with another %s', (_what, path, text) => {
    const { digest } = contentOf();
    write(path, text);
    expect(contentOf().digest).toBe(digest);
  });

  it('changes with the value of an environment variable', () => {
    const digests = [undefined, '', 'a', 'b'].map((value) => {
      if (value === undefined) delete process.env['SUFFIX'];
      else process.env['SUFFIX'] = value;
      return contentOf().digest;
    });
    delete process.env['SUFFIX'];
    expect(new Set(digests).size).toBe(4);
  });

  it.each([
    ['a missing file', 'src/roles.ts', undefined, 'it uses ../roles'],
    ['the clock in what it imports', 'src/roles.ts', 'export const roles = Date.now();', 'it uses Date'],
    ['a package that may do anything', 'src/roles.ts', "export { v4 as roles } from 'uuid';", 'it uses uuid'],
    ['a module that may do anything', 'src/roles.ts', "export * from 'node:os';", 'it uses node:os'],
    ['the moment in a file that is read', 'src/sql/users/create-users.sql', "SELECT 'today'::date", 'the moment'],
    ['code that is not plain source', 'src/roles.ts', "export * from './x.tsx';", 'no plain source'],
  ])('is unknown with %s', (_what, path, text, doubt) => {
    write('src/x.tsx', '');
    if (text === undefined) unlinkSync(join(dir, path));
    else write(path, text);
    expect(contentOf()).toEqual({ digest: undefined, doubt: expect.stringContaining(doubt) });
  });

  it('is unknown if a naming strategy of the project names objects', () => {
    write(migration, 'export class A { async up(q) { await q.createTable(1); } }');
    expect(contentOf().digest).toBeDefined();
    expect(new Contents('own').of({ file: migration }).doubt).toContain('naming strategy');
  });

  it('handles files that import each other', () => {
    write('src/roles.ts', "import './other';\nexport const roles = 1;");
    write('src/other.ts', "import { roles } from './roles';\nexport const other = roles;");
    const { digest } = contentOf();
    write('src/other.ts', "import { roles } from './roles';\nexport const other = [roles];");
    expect([digest, contentOf().digest]).toEqual([expect.any(String), expect.not.stringMatching(digest ?? '-')]);
  });
});

it('reads of users’ code are recorded only while it is watched', async () => {
  const fs = await import('node:fs');
  const [own, others] = ['src/sql/other.sql', 'src/settings.json'].map((path) => join(dir, path));
  const read = async (path: string | undefined): Promise<void> => {
    await fs.promises.readFile(path ?? '');
    fs.default.readFileSync(path ?? '');
  };
  const { reads } = await watchReads(async () => {
    await asUsersCode(() => read(own));
    await read(others);
  });
  await asUsersCode(() => read(others));
  expect([...reads]).toEqual([own]);
});
