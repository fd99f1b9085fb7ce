import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { rules } from '../../src/rules/all-rules.js';
import { judgeExample } from '../support/judge.js';
import { sample } from '../support/sample.js';

const folder = join(import.meta.dirname, '../../src/rules');

it('every rule has the name of its file, and every file is in the list', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('-') && !file.endsWith('-rules.ts'))
    .map((file) => basename(file, '.ts'));
  expect(rules.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
});

describe.each(rules.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  it('has examples of both kinds', () => {
    expect(rule.bad.length).toBeGreaterThan(0);
    expect(rule.good.length).toBeGreaterThan(0);
  });

  it.each(sample(rule.bad, 4))('finds it in $sql', async (example) => {
    const found = await judgeExample(example);
    expect(found.map((one) => one.rule)).toContain(name);
  });

  it.each(sample(rule.good, 4))('finds nothing in $sql', async (example) => {
    const found = await judgeExample(example);
    const optional = new Set(rules.filter((one) => one.optional).map((one) => one.name));
    const wrong = found.filter((one) => one.rule === name || (one.severity !== 'notice' && !optional.has(one.rule)));
    expect(wrong.map(({ rule: other, message }) => `${other}: ${message}`)).toEqual([]);
  });
});
