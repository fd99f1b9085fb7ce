import { ExitCode, MigrateError } from '../../errors.js';
import type { Step } from '../../plan/step.js';
import type { GenerateOptions } from './types.js';

/** The user decides whether data may be lost. */
export async function confirmLoss(
  lossy: readonly Step[],
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
    next: `If this is intended, add --allow-destructive.${lossy.some(({ phase }) => phase === 'contract') ? ` ${later}` : ''}`,
    exitCode: ExitCode.todo,
  });
}
