import type { Enlisted, FoundBy } from '../commands/types.js';
import { expectedName } from '../files/name.js';

/** The result of writing files, and how the data source will find them. */
interface Written {
  readonly foundBy?: FoundBy | undefined;
  readonly list?: Enlisted | undefined;
}

/** The remaining steps before the data source finds the written files; undefined if it finds them. */
export function untilFound({ foundBy, list }: Written, files: readonly string[]): string | undefined {
  if (foundBy === 'build')
    return 'build the project (npm run build), because the data source finds only compiled files';
  if (foundBy !== 'list' || list?.state === 'added') return undefined;
  const names = files.map((file) => expectedName(file)?.name ?? file);
  return `add ${names.join(', ')} to the \`migrations\` list of the data source`;
}

/** The lines that were added to a list of classes, or that it lacks until the user adds them. */
export function listLines({ list }: Written): readonly string[] {
  if (list === undefined) return [];
  const what =
    list.state === 'added' ? `Added to ${list.file}:` : `Not in the list yet. Add to ${list.file} (or: --yes):`;
  return [what, ...list.lines.map((line) => `  + ${line}`)];
}
