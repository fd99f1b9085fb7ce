import { drift } from '../drift/drift.js';
import type { CheckFinding } from './types.js';
import { findingOf, rethrowImpossible } from './work.js';
import type { CheckWork } from './work.js';

/** Checks that the database matches its applied migrations. */
export async function driftStep({
  context,
  options: { shadow, cache, ignore },
}: CheckWork): Promise<readonly CheckFinding[]> {
  const result = await drift({ shadow, cache, ignore }, context).catch((error: unknown) => {
    rethrowImpossible(error);
    return findingOf(error);
  });
  if ('severity' in result) return [result];
  const { drift: found, warnings } = result;
  return [
    ...found.map(({ object, state }) => ({
      severity: 'error' as const,
      message: `${object}: ${said[state]}.`,
      next: 'nest-migrate drift --sql shows the differences, and the statements to undo or to adopt them',
    })),
    ...warnings.map((message) => ({ severity: 'notice' as const, message })),
  ];
}

const said = {
  missing: 'in the migrations, not in the database',
  unexpected: 'in the database, not in the migrations',
  different: 'in the database with a different definition than in the migrations',
} as const;
