import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { moduleAt } from '../files/module-file.js';
import type { PathMapping } from './project.js';

/** Finds the project file that an import refers to: relative, absolute, or through the `paths` of tsconfig. Packages are not searched. */
export function resolveInProject(name: string, importer: string, mapping: PathMapping): string | undefined {
  if (name.startsWith('file://')) return moduleAt(fileURLToPath(name));
  if (/^\.{0,2}\//.test(name) || name === '.' || name === '..') return moduleAt(resolve(dirname(importer), name));
  for (const target of mappedTo(name, mapping)) {
    const found = moduleAt(target);
    if (found !== undefined && !found.includes('/node_modules/')) return found;
  }
  return undefined;
}

function mappedTo(name: string, { paths, baseUrl }: PathMapping): readonly string[] {
  // As in TypeScript, an exact pattern comes first, then the one with the longest prefix.
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
