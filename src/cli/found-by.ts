import { basename, extname } from 'node:path';
import type { Enlisted, FoundBy } from '../commands/types.js';

/** The result of writing files, and how the data source will find them. */
interface Written {
  readonly foundBy?: FoundBy | undefined;
  readonly list?: Enlisted | undefined;
}

/** A written class, and its file. */
interface WrittenClass {
  readonly name: string;
  readonly file: string;
}

/** The remaining steps before the data source finds the written classes; undefined if it finds them. */
export function untilFound({ foundBy, list }: Written, classes: readonly WrittenClass[]): string | undefined {
  if (foundBy === 'build')
    return 'build the project (npm run build), because the data source finds only compiled files';
  if (foundBy !== 'list' || list?.state === 'added') return undefined;
  const named = classes.length > 2 ? `all ${classes.length} classes` : classes.map(({ name }) => name).join(' and ');
  return `add ${named} to the \`migrations\` list of the data source`;
}

/** The lines that were added to a list of classes, or that it lacks until the user adds them. */
export function listLines({ foundBy, list }: Written, classes: readonly WrittenClass[] = []): readonly string[] {
  if (list === undefined) return foundBy === 'list' ? unknownList(classes) : [];
  const what =
    list.state === 'added' ? `Added to ${list.file}:` : `Not in the list yet. Add to ${list.file} (or: --yes):`;
  return [what, ...list.lines.map((line) => `  + ${line}`)];
}

/** A list that was not found, or that is made by a program. */
function unknownList(classes: readonly WrittenClass[]): readonly string[] {
  const files = [...new Set(classes.map(({ file }) => file))];
  const imports = files.map((file) => {
    const names = classes.filter((one) => one.file === file).map(({ name }) => name);
    return `import { ${names.join(', ')} } from '…/${basename(file, extname(file))}';`;
  });
  return [
    'Not in the list of the data source yet. Add to the file that contains it:',
    ...[...imports, ...classes.map(({ name }) => `  ${name},`)].map((line) => `  + ${line}`),
  ];
}
