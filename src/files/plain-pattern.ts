import { readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { isFile } from './exists.js';

/** `migrations/*.ts`, `migrations/*.{ts,js}`, `migrations/*{.ts,.js}`: a folder and extensions. */
const plain = /^([^*?{}[\]()!+@|\\]+)\/\*(?:(\.\w+)|\.\{([\w,]+)\}|\{(\.\w+(?:,\.\w+)*)\})$/;

export function isPlainPattern(pattern: string): boolean {
  return plain.test(pattern);
}

/**
 * The files that match a pattern which needs no matcher, as nearly all patterns do; undefined for other patterns. Loading the matcher and
 * walking the folder with it took an eighth of the time of a `run` that finds nothing to do.
 */
export function filesOfPlainPattern(pattern: string): readonly string[] | undefined {
  const [, folder, ending, afterDot, withDots] = plain.exec(pattern) ?? [];
  if (folder === undefined) return undefined;
  const endings = ending ? [ending] : (withDots?.split(',') ?? afterDot?.split(',').map((one) => `.${one}`) ?? []);
  return entriesOf(folder)
    .filter((entry) => !entry.name.startsWith('.') && endings.some((one) => entry.name.endsWith(one)))
    .filter((entry) => entry.isFile() || (entry.isSymbolicLink() && isFile(join(folder, entry.name))))
    .map((entry) => `${folder}/${entry.name}`);
}

/** As for every pattern, a folder that is missing, unreadable or a file has no entries. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
