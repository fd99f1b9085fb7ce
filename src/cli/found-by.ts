import type { FoundBy } from '../commands/types.js';
import { expectedName } from '../files/name.js';

/** What is left to do before the data source finds files that were written; undefined when it finds them. */
export function untilFound(foundBy: FoundBy | undefined, files: readonly string[]): string | undefined {
  if (foundBy === 'build') return 'build the project (npm run build), since the data source finds compiled files';
  if (foundBy !== 'list') return undefined;
  const names = files.map((file) => expectedName(file)?.name ?? file);
  return `add ${names.join(', ')} to the \`migrations\` list of the data source`;
}
