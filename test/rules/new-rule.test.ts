import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { format, resolveConfig } from 'prettier';

const root = resolve(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'nest-migrate-new-rule-'));
const list = join(copy, 'src/rules/indexes/index-rules.ts');
const made = join(copy, 'src/rules/indexes/index-never-used.ts');

beforeEach(() => {
  rmSync(join(copy, 'src'), { recursive: true, force: true });
  cpSync(join(root, 'src/rules'), join(copy, 'src/rules'), { recursive: true });
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

function newRule(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const env = { ...process.env, NEW_RULE_ROOT: copy };
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/new-rule.mjs'), ...args], {
    env,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

it('writes a rule to fill in, and adds it to the list', async () => {
  const before = readFileSync(list, 'utf8');
  const { status, output } = newRule('indexes/index-never-used');
  expect(output).toContain('npm test -- test/rules -t index-never-used');
  expect(status).toBe(0);
  const rule = readFileSync(made, 'utf8');
  expect(rule).toContain("export const indexNeverUsed: Rule = {\n  name: 'index-never-used',");
  expect(rule).toMatch(/^ {2}bad: \[\{ given: users, sql: '.+' \}\],$/m);
  expect(rule).toMatch(/^ {2}good: \[\{ sql: `.+` \}\],$/m);
  const options = { ...(await resolveConfig(join(root, 'src/rules/rule.ts'))), parser: 'typescript' };
  expect(await format(rule, options)).toBe(rule);
  const after = readFileSync(list, 'utf8');
  expect(after).toBe(
    before
      .replace(
        /^(import .*index-on-partitioned\.js';)$/m,
        "import { indexNeverUsed } from './index-never-used.js';\n$1",
      )
      .replace(/^( {2}indexOnPartitioned,)$/m, '  indexNeverUsed,\n$1'),
  );
});

it.each([
  [
    '',
    /^Say where it belongs and what it is called: npm run new:rule <columns\|constraints\|indexes\|objects\|process>/,
  ],
  ['index-never-used', /^Say where it belongs/],
  ['tables/index-never-used', /^There is no folder "tables" for rules\. There are: columns,/],
  [
    'indexes/IndexNeverUsed',
    /^"IndexNeverUsed" is not a valid name for a rule: use two or more lowercase words with hyphens/,
  ],
  ['indexes/../evil-rule', /^Say where it belongs/],
  ['indexes/drop-column', /^There is a rule drop-column already: src\/rules\/columns\/drop-column\.ts/],
])('refuses "%s"', (argument, says) => {
  const { status, output } = newRule(argument);
  expect(output).toMatch(says);
  expect(status).toBe(2);
});
