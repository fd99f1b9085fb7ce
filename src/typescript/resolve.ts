import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PathMapping } from './project.js';

const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
/** What an import of a compiled file means in the sources. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** Finds the file of the project that an import means: relative, absolute, or by the `paths` of tsconfig. Packages are not looked for. */
export function resolveInProject(name: string, importer: string, mapping: PathMapping): string | undefined {
  if (name.startsWith('file://')) return existingFile(fileURLToPath(name));
  if (/^\.{0,2}\//.test(name) || name === '.' || name === '..') return existingFile(resolve(dirname(importer), name));
  for (const target of mappedTo(name, mapping)) {
    const found = existingFile(target);
    if (found !== undefined && !found.includes('/node_modules/')) return found;
  }
  return undefined;
}

function mappedTo(name: string, { paths, baseUrl }: PathMapping): readonly string[] {
  // As TypeScript: an exact pattern first, then the one with the longest beginning.
  const patterns = Object.keys(paths).sort(
    (a, b) => Number(b === name) - Number(a === name) || b.indexOf('*') - a.indexOf('*'),
  );
  for (const pattern of patterns) {
    const [before = '', after] = pattern.split('*');
    const targets = paths[pattern] ?? [];
    if (after === undefined) {
      if (pattern === name) return targets;
    } else if (name.startsWith(before) && name.endsWith(after) && name.length >= before.length + after.length) {
      const middle = name.slice(before.length, name.length - after.length);
      return targets.map((target) => target.replace('*', middle));
    }
  }
  return baseUrl === undefined ? [] : [join(baseUrl, name)];
}

function existingFile(path: string): string | undefined {
  if (isFile(path)) return path;
  const extension = /\.[cm]?js$/.exec(path)?.[0];
  const swapped = extension
    ? (sourcesOf[extension] ?? []).map((other) => path.slice(0, -extension.length) + other)
    : [];
  const tries = [
    ...swapped,
    ...extensions.map((other) => path + other),
    ...extensions.map((other) => join(path, `index${other}`)),
  ];
  return tries.find(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
