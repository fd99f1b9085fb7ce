import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { rules } from '../../src/rules/all-rules.js';

const root = resolve(import.meta.dirname, '../..');

it('docs/rules.md is what the rules give', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/rules-doc.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
}, 120_000);

it('docs/rules.md has every rule, and what lint says by itself', () => {
  const headings = new Set(readFileSync(resolve(root, 'docs/rules.md'), 'utf8').match(/^### .+$/gm));
  const expected = [...rules.map(({ name }) => name), 'cannot-be-judged', 'ignore-comment'];
  expect(headings).toEqual(new Set(expected.map((name) => `### ${name}`)));
});
