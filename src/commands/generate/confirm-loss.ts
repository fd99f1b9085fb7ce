import { ExitCode, MigrateError } from '../../errors.js';
import type { PlannedChange } from '../../plan/step.js';
import type { GenerateOptions } from './contract.js';

/** Losing data is somebody's decision. */
export async function confirmLoss(
  planned: readonly PlannedChange[],
  { allowDestructive = false, ask }: GenerateOptions,
): Promise<void> {
  const losses = [...new Set(planned.flatMap(({ steps }) => steps.flatMap(({ loses }) => loses ?? [])))];
  if (losses.length === 0 || allowDestructive) return;
  const what = losses.map((loss) => `  - ${loss}`).join('\n');
  if (await ask?.confirm(`This loses, when its contract file runs:\n${what}\nIs that meant?`)) return;
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: `This would lose:\n${what}\nNothing was written.`,
    next: 'If that is meant: --allow-destructive. What loses data goes into a file of its own, which runs when the old version of the app is gone.',
    exitCode: ExitCode.todo,
  });
}
