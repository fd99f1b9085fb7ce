import { join } from 'node:path';
import { isFile } from './exists.js';

const extensions = ['.ts', '.tsx', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json'];
/** The sources that an import of a compiled file may refer to. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx'],
  '.mjs': ['.mts'],
  '.cjs': ['.cts'],
};

/** The file that TypeScript resolves an import of this path to. */
export function moduleAt(path: string): string | undefined {
  return isFile(path) ? path : candidatesFor(path).find(isFile);
}

/** All files that some loader might resolve it to. */
export function modulesAt(path: string): readonly string[] {
  return isFile(path) ? [path] : candidatesFor(path).filter(isFile);
}

/** The sources that a path with an extension may refer to. */
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
