import { fromHere } from '../data-source/describe.js';
import { outdatedAmong } from '../files/sources.js';
import type { CommandContext } from './context.js';

/** Sources are loaded if possible. If an outdated compiled file is used instead, the user has to know. */
export function tellOutdated(
  files: readonly string[],
  { settings, onEvent }: Pick<CommandContext, 'settings' | 'onEvent'>,
): void {
  const outdated = outdatedAmong(files, settings.sources);
  const [first] = outdated;
  if (first === undefined) return;
  const more = outdated.length === 1 ? '' : `, and ${outdated.length - 1} more like it`;
  onEvent({
    type: 'warning',
    code: 'OUTPUT_OUTDATED',
    message: `${fromHere(first.source)} is newer than ${fromHere(first.file)}, which was loaded${more}: npm run build`,
  });
}
