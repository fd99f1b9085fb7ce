import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from '@jest/globals';
import { errorCodes } from '../../src/errors.js';
import { rules } from '../../src/rules/list.js';

const docs = resolve(import.meta.dirname, '../../docs');
const pages = readdirSync(docs).map((file) => file.replace('.md', ''));
const read = (page: string): string => readFileSync(join(docs, `${page}.md`), 'utf8');
const sections = read('errors')
  .split(/^(?=###? )/m)
  .filter((text) => text.startsWith('### '))
  .map((text) => ({ code: text.slice('### '.length, text.indexOf('\n')), lines: text.trimEnd().split('\n') }));

it('every error code has its page, and every page is about an error code', () => {
  expect(sections.map(({ code }) => code).sort()).toEqual([...errorCodes].sort());
});

it('a page has the cause, an example of the message and the way out, and fits on a screen', () => {
  const misshapen = sections.filter(({ lines }) => {
    const text = lines.slice(1).join('\n');
    const [cause, example, wayOut] = text.split(/^```.*$/m).map((part) => part.trim());
    return !cause || !wayOut || !example?.startsWith('✖ ') || lines.length < 8 || lines.length > 24;
  });
  expect(misshapen).toEqual([]);
  const long = sections.flatMap(({ lines }) => lines).filter((line) => line.length > 80);
  expect(long).toEqual([]);
});

it('what a page tells the reader to look up is there', () => {
  const known = [...pages, ...errorCodes, ...rules.map(({ name }) => name)];
  for (const page of pages)
    for (const [, topic = ''] of read(page).matchAll(/nest-migrate help ([a-z-]+|[A-Z_]+)\b/g))
      expect(known).toContain(topic);
});
