import { drift } from '../drift/drift.js';
import type { CheckFinding } from './contract.js';
import type { CheckWork } from './work.js';

/** Whether the database is what its applied migrations say. */
export async function driftStep({ context, options: { shadow, cache } }: CheckWork): Promise<readonly CheckFinding[]> {
  const { drift: found, warnings } = await drift({ shadow, cache }, context);
  return [
    ...found.map(({ object, state }) => ({
      severity: 'error' as const,
      message: `${object}: ${said[state]}.`,
      next: 'nest-migrate drift --sql shows the difference, and the statements for either way',
    })),
    ...warnings.map((message) => ({ severity: 'notice' as const, message })),
  ];
}

const said = {
  missing: 'in the migrations, not in the database',
  unexpected: 'in the database, not in the migrations',
  different: 'otherwise in the database than in the migrations',
} as const;
