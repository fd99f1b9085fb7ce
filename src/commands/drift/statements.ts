import { messageOf } from '../../errors.js';
import { tidy } from '../../plan/tidy.js';
import { compareInOneTransaction, compareSchemas } from '../../schema/compare.js';
import type { Change } from '../../schema/change.js';
import { lossesIn } from '../../schema/loss.js';
import type { Loss } from '../../schema/loss.js';
import type { Schema } from '../../schema/read.js';

export interface Statements {
  readonly repair: readonly string[];
  readonly adopt: readonly string[];
  readonly losses: readonly Loss[];
  readonly warnings: readonly string[];
}

/** The statements that lead from the database to the migrations, and in the opposite direction. */
export async function statementsBetween(expected: Schema, live: Schema): Promise<Statements> {
  const repair = await way(live, expected, compareSchemas);
  // A migration is one transaction.
  const adopt = await way(expected, live, compareInOneTransaction);
  const [repairLoses, adoptLoses] = [lossesIn(repair.changes), lossesIn(adopt.changes)];
  return {
    repair: repair.changes.map(({ sql }) => sql),
    adopt: adopt.changes.map(({ sql }) => sql),
    losses: [...repairLoses, ...adoptLoses],
    warnings: [
      ...new Set([...repair.warnings, ...adopt.warnings]),
      ...warningOf('Repairing it would lose data', repairLoses),
      ...warningOf('A migration that adopts it would lose data where it runs', adoptLoses),
    ],
  };
}

function warningOf(what: string, losses: readonly Loss[]): readonly string[] {
  return losses.length === 0 ? [] : [`${what}: ${losses.map(({ sql, loses }) => `${sql} (${loses})`).join('; ')}.`];
}

/** The differences are known even if the statements cannot be ordered, so they are reported anyway. */
async function way(
  from: Schema,
  to: Schema,
  compare: (from: Schema, to: Schema) => Promise<readonly Change[]>,
): Promise<{ readonly changes: readonly Change[]; readonly warnings: readonly string[] }> {
  try {
    return { changes: tidy(await compare(from, to), { to }), warnings: [] };
  } catch (error) {
    return { changes: [], warnings: [`No statements could be written for it: ${messageOf(error)}`] };
  }
}
