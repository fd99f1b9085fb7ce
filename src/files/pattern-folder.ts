import { isAbsolute, resolve } from 'node:path';
import { isFolder } from './exists.js';
import { filesOfPlainPattern, isPlainPattern } from './plain-pattern.js';

const literal = /\[([()[\]{}*?])\]/g;
const magic = /[*?{}[\]()!]/;

/** The part of a pattern before its first wildcard. A class of one character, `[(]`, does not count as a wildcard. */
export function folderOf(pattern: string): string {
  const folder = literalParts(withLiteralFolders(pattern)).join('/').replace(literal, '$1');
  return isAbsolute(pattern) && folder === '' ? '/' : resolve(folder);
}

/** The part of a pattern after its folder: `**\/*.js`. */
export function restOf(given: string): string {
  const pattern = withLiteralFolders(given);
  return pattern.split(/[\\/]/).slice(literalParts(pattern).length).join('/');
}

function literalParts(pattern: string): readonly string[] {
  const parts = pattern.split(/[\\/]/);
  const first = parts.findIndex((part) => magic.test(part.replace(literal, '')));
  return parts.slice(0, first === -1 ? -1 : first);
}

/**
 * Escapes existing folders such as `app (1)` in a pattern: `__dirname` in a pattern is a path, but the matcher would read it as a pattern.
 */
export function withLiteralFolders(pattern: string): string {
  if (!magic.test(pattern.replace(literal, ''))) return pattern;
  const parts = pattern.split('/');
  for (let end = 1; end < parts.length; end++) {
    const part = parts[end - 1] ?? '';
    if (!magic.test(part.replace(literal, ''))) continue;
    const folder = parts.slice(0, end).join('/').replace(literal, '$1');
    if (!isFolder(folder)) break;
    parts[end - 1] = literally(part);
  }
  return parts.join('/');
}

/** The files that patterns of entities match, as TypeORM finds them. */
export async function filesMatching(
  patterns: readonly string[],
  ignore: readonly string[] = [],
): Promise<readonly string[]> {
  const paths = patterns.map((pattern) => resolve(pattern));
  if (ignore.length === 0 && paths.every(isPlainPattern))
    return [...new Set(paths.flatMap((path) => filesOfPlainPattern(path) ?? []))];
  const { glob } = await import('tinyglobby');
  return glob(patterns.map(withLiteralFolders), { absolute: true, ignore: [...ignore] });
}

/** A folder such as `app (1)` as a pattern. A backslash does not escape on Windows; a class of one character does so everywhere. */
export function literally(folder: string): string {
  return folder.replace(/[()[\]{}*?]/g, '[$&]');
}
