import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from '@jest/globals';
import { pages, read, root } from './blocks.js';

it('each link leads to an existing file and heading', () => {
  const broken = [...pages, 'docs/llms.txt'].flatMap((page) =>
    linksIn(read(page))
      .filter((link) => !leadsSomewhere(page, link))
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

it('no link leads out of the package, because its readers have no other files', () => {
  const out = [...pages, 'docs/llms.txt'].flatMap((page) =>
    linksIn(read(page))
      .filter((link) => !link.startsWith('#') && !/^(?:README\.md|docs\/)/.test(join(dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  );
  expect(out).toEqual([]);
});

it('each page is in the index, and README.md links to the index', () => {
  const indexed = linksIn(read('docs/README.md')).map((link) => `docs/${link}`);
  const others = pages.filter(
    (page) => !['README.md', 'docs/README.md'].includes(page) && !page.startsWith('docs/rules/'),
  );
  expect(indexed.toSorted()).toEqual(others.toSorted());
  expect(linksIn(read('README.md'))).toContain('docs/README.md');
});

it('each setting has a line in the table of settings', () => {
  const source = readFileSync(join(root, 'src/options.ts'), 'utf8');
  const type = /export interface MigrateSettings \{[\s\S]*?\n\}/.exec(source)?.[0] ?? '';
  const settings = [...type.matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name);
  const listed = [...(read('docs/settings.md').split('\n## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)].map(
    ([, name]) => name,
  );
  expect(settings.length).toBeGreaterThan(20);
  expect(listed.toSorted()).toEqual(settings.toSorted());
});

it('README.md fits on three screens', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

function linksIn(text: string): readonly string[] {
  const prose = text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`]*`/g, (code) => code.replaceAll('](', ''));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^https?:/.test(link));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(root, file))) return false;
  return anchor === undefined || anchorsOf(read(file)).has(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replace(/^ *```[\s\S]*?^ *```/gm, '').matchAll(/^#+ (.+)$/gm);
  const plain = [...headings].map(([, heading = '']) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase());
  return new Set(plain.map((heading) => heading.replace(/[^\w -]/g, '').replaceAll(' ', '-')));
}
