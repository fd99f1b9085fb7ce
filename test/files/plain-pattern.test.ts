import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { glob } from 'tinyglobby';
import { filesOfPlainPattern } from '../../src/files/plain-pattern.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'nest-migrate-pattern-'));
  for (const name of [
    'a.ts',
    'b.js',
    'c.sql',
    '.hidden.ts',
    '.ts',
    'd.d.ts',
    'ü n-1.ts',
    'UP.TS',
    'ts',
    'e.mts',
    'f.tsx',
  ])
    writeFileSync(join(dir, name), '');
  for (const folder of ['folder.ts', 'sub', 'with space']) {
    mkdirSync(join(dir, folder));
    writeFileSync(join(dir, folder, 'g.ts'), '');
  }
  symlinkSync(join(dir, 'a.ts'), join(dir, 'linked.ts'));
  symlinkSync(join(dir, 'nowhere'), join(dir, 'dangling.ts'));
  symlinkSync(join(dir, 'sub'), join(dir, 'linked-folder.ts'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('a pattern of a folder and extensions', () => {
  it.each([
    '*.ts',
    '*.{ts,js,sql}',
    '*{.ts,.js}',
    '*.sql',
    'sub/*.ts',
    'with space/*.ts',
    'none/*.ts',
    'a.ts/*.ts',
    'sub/../*.js',
  ])('%s finds the same files as the matcher', async (pattern) => {
    const options = { absolute: true, onlyFiles: true, expandDirectories: false, dot: false };
    const expected = (await glob(`${dir}/${pattern}`, options)).map((file) => join(file));
    const found = filesOfPlainPattern(`${dir}/${pattern}`);
    expect(found?.map((file) => join(file)).toSorted()).toEqual(expected.toSorted());
  });

  it.each([
    '**/*.ts',
    '*',
    'a*.ts',
    '{a,b}/*.ts',
    '*.[jt]s',
    '*.ts*',
    '!a/*.ts',
    '*.{ts,d.ts}',
    '*.ts',
    'a/?.ts',
    '+(a)/*.ts',
  ])('%s is left to the matcher', (pattern) => expect(filesOfPlainPattern(pattern)).toBeUndefined());
});
