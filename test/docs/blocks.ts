import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface Block {
  /** `docs/testing.md:7`, the line of its first line of code. */
  readonly place: string;
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

export const root = resolve(import.meta.dirname, '../..');

/** README.md and all pages of the docs, those about rules included. */
export const pages: readonly string[] = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
    .sort(),
];

export function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

function blocksOf(page: string): readonly Block[] {
  const found: Block[] = [];
  let open: { readonly language: string; readonly line: number; readonly indent: number } | undefined;
  let lines: string[] = [];
  for (const [index, line] of read(page).split('\n').entries()) {
    const [, spaces = '', language = ''] = /^( *)```(\w*)/.exec(line) ?? [];
    if (!line.trimStart().startsWith('```')) lines.push(line.slice(open?.indent ?? 0));
    else if (open === undefined) [open, lines] = [{ language, line: index + 2, indent: spaces.length }, []];
    else {
      found.push({ place: `${page}:${open.line}`, page, language: open.language, text: lines.join('\n') });
      open = undefined;
    }
  }
  return found;
}

export const blocks: readonly Block[] = pages.flatMap(blocksOf);

/** The text without its blocks: what is between backticks in it is code too. */
export function proseOf(page: string): string {
  return read(page).replace(/^ *```[\s\S]*?^ *```/gm, '');
}
