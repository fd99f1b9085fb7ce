import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { lockFiles, lockInstead } from '../../src/files/lock-place.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nest-migrate-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('migrations.lock is removed with its last line, and only then', async () => {
  const [one = '', two = ''] = ['1700000000000-one.sql', '1700000000001-two.sql'].map((name) => join(folder, name));
  for (const file of [one, two]) writeFileSync(file, 'SELECT 1;\n');
  const file = join(folder, 'migrations.lock');
  const lines = (): readonly string[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^\d/.test(line));
  await lockFiles([two], { file, files: [one, two] });
  expect(lines()).toHaveLength(2);
  await lockInstead(['1700000000001-two.sql'], [], { file, files: [one] });
  expect(lines()).toEqual([expect.stringMatching(/^1700000000000-one /)]);
  await lockInstead(['1700000000000-one.sql'], [], { file, files: [] });
  expect([existsSync(file), readdirSync(folder)]).toEqual([false, ['1700000000000-one.sql', '1700000000001-two.sql']]);
  await lockInstead([], [one], { file, files: [one] });
  expect(lines()).toHaveLength(1);
});
