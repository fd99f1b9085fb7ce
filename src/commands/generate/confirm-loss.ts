import { ExitCode, MigrateError } from '../../errors.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { ProvenChange } from './change.js';
import { inShell } from './decide.js';
import type { GenerateOptions } from './types.js';

/** The user decides whether data may be lost. */
export async function confirmLoss(
  { losses: lossy, droppedTables }: Pick<ProvenChange, 'losses' | 'droppedTables'>,
  { allowDestructive = false, ask }: GenerateOptions,
): Promise<void> {
  if (lossy.length === 0 || allowDestructive) return;
  const atOnce = new Set(lossy.flatMap(({ phase, loses }) => (phase === 'expand' ? [loses] : [])));
  const what = [...new Set(lossy.map(({ loses }) => loses))]
    .map((loss) => `  - ${loss}${atOnce.has(loss) ? ' (immediately, not in a contract migration)' : ''}`)
    .join('\n');
  if (await ask?.confirm(`This loses data:\n${what}\nWrite it anyway?`)) return;
  const later =
    'The DROP statements go into a contract migration, which runs after the old version of the app is gone.';
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: `This would lose:\n${what}\nNothing was written.`,
    next: `If this is intended, add --allow-destructive.${lossy.some(({ phase }) => phase === 'contract') ? ` ${later}` : ''}${toKeep(droppedTables)}`,
    exitCode: ExitCode.todo,
  });
}

/** A table that other code uses, rather than an entity. A name with a dot or a star is no pattern. */
function toKeep(tables: readonly ObjectId[]): string {
  const patterns = tables
    .map(({ schema = '', name = '' }) => [schema, name])
    .filter((path) => path.every((part) => !/[.*]/.test(part)))
    .map((path) => `--ignore ${inShell(`table:${path.join('.')}`)}`);
  return patterns.length === 0
    ? ''
    : `\nTo keep a table that has no entity: ${patterns.slice(0, 3).join(' ')}${patterns.length > 3 ? ' …' : ''}`;
}
