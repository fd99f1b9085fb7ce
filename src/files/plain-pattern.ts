import { readdirSync } from 'node:fs';
import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { isFile } from './exists.js';

/** `migrations/*.ts`, `migrations/*.{ts,js}`, `migrations/*{.ts,.js}`: a folder, and endings. */
const plain = /^([^*?{}[\]()!+@|\\]+)\/\*(?:(\.\w+)|\.\{([\w,]+)\}|\{(\.\w+(?:,\.\w+)*)\})$/;

/**
 * The files of a pattern that needs no matcher, which is nearly every one. Undefined for others. Loading the matcher and letting it walk
 * was an eighth of a `run` that finds nothing to do.
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

/** As for any pattern: what is not there, is no folder or cannot be read, has no files. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
