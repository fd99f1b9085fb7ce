import { messageOf } from '../../errors.js';
import { tidy } from '../../plan/tidy.js';
import { compareInOneTransaction, compareSchemas } from '../../schema/compare.js';
import type { Change } from '../../schema/compare.js';
import type { Schema } from '../../schema/read.js';

export interface Statements {
  readonly repair: readonly string[];
  readonly adopt: readonly string[];
  readonly warnings: readonly string[];
}

/** The way from what the database has to what the migrations say, and the other one round. */
export async function statementsBetween(expected: Schema, live: Schema): Promise<Statements> {
  const repair = await way(live, expected, compareSchemas);
  // A migration is one transaction.
  const adopt = await way(expected, live, compareInOneTransaction);
  const lossy = repair.changes.filter(({ losesData }) => losesData).map(({ sql }) => sql);
  return {
    repair: repair.changes.map(({ sql }) => sql),
    adopt: adopt.changes.map(({ sql }) => sql),
    warnings: [
      ...new Set([...repair.warnings, ...adopt.warnings]),
      ...(lossy.length > 0 ? [`To repair it would lose data: ${lossy.join('; ')}.`] : []),
    ],
  };
}

/** What differs is known without the statements, so it is said also where they cannot be put in an order. */
async function way(
  from: Schema,
  to: Schema,
  compare: (from: Schema, to: Schema) => Promise<readonly Change[]>,
): Promise<{ readonly changes: readonly Change[]; readonly warnings: readonly string[] }> {
  try {
    return { changes: tidy(await compare(from, to), to), warnings: [] };
  } catch (error) {
    return { changes: [], warnings: [`No statements could be written for it: ${messageOf(error)}`] };
  }
}
