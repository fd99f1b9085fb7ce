import { join } from 'node:path';
import { isFile } from './exists.js';

const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
/** What an import of a compiled file means in the sources. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** The file that TypeScript takes for an import of this path. */
export function moduleAt(path: string): string | undefined {
  return isFile(path) ? path : candidatesFor(path).find(isFile);
}

/** All files that another loader might take for it. */
export function modulesAt(path: string): readonly string[] {
  return isFile(path) ? [path] : candidatesFor(path).filter(isFile);
}

/** The source of what is named, with an extension, in a folder. */
function candidatesFor(path: string): readonly string[] {
  const extension = /\.[cm]?js$/.exec(path)?.[0];
  const swapped = extension
    ? (sourcesOf[extension] ?? []).map((other) => path.slice(0, -extension.length) + other)
    : [];
  return [
    ...swapped,
    ...extensions.map((other) => path + other),
    ...extensions.map((other) => join(path, `index${other}`)),
  ];
}
