import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { rules } from '../../src/rules/all-rules.js';
import { itInFull } from '../support/sample.js';

const root = resolve(import.meta.dirname, '../..');

itInFull('docs/rules.md and docs/rules/ match the rules', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/rules-doc.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

it('the pages contain every rule and the checks of lint itself; the contents link to each', () => {
  const read = (name: string) => readFileSync(resolve(root, 'docs', name), 'utf8');
  const pages = readdirSync(resolve(root, 'docs/rules')).map((name) => `rules/${name}`);
  const found = pages.flatMap((page) => [...read(page).matchAll(/^## (.+)$/gm)].map(([, name]) => `${page}#${name}`));
  const names = found.map((link) => link.slice(link.indexOf('#') + 1)).sort();
  expect(names).toEqual([...rules.map(({ name }) => name), 'cannot-be-judged', 'ignore-comment'].sort());
  expect([...read('rules.md').matchAll(/\((rules\/[^)]*#[^)]*)\)/g)].map(([, link]) => link).sort()).toEqual(
    found.sort(),
  );
});
