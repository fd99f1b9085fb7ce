import { dirname } from 'node:path';
import { messageOf } from '../errors.js';
import { addLine } from '../package-manager.js';

/**
 * What to do if an import cannot be resolved that looks like that of a package; undefined for all other errors. It may also be a path that only
 * a tool of the project resolves.
 */
export function missingPackage(error: unknown, file: string): string | undefined {
  const [, name] =
    /^Cannot find (?:module|package) '((?:@[\w.-]+\/)?[\w-][\w.-]*)(?:\/[^']*)?'/.exec(messageOf(error)) ?? [];
  if (name === undefined) return undefined;
  return `If ${name} is a package that the project lacks: ${addLine(name, dirname(file))}\nOtherwise, correct the import. The database was not touched.`;
}
