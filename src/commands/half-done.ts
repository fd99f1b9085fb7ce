import { chained } from '../database/progress.js';
import type { HalfDone } from '../database/log.js';
import { describeLeft } from '../database/repair.js';
import { clauseOf } from '../errors.js';
import { batchesDone } from '../events.js';
import { sqlStatementsOf } from '../files/sql-file.js';
import type { Survey } from './context.js';
import type { StatusProblem } from './types.js';

/** Migrations that stopped in the middle, and whether the next attempt can continue them. */
export function halfDoneProblems(
  { state: { halfDone }, known }: Survey,
  isRunning: (migration: string) => boolean,
  left: ReadonlyMap<string, readonly string[]>,
): readonly StatusProblem[] {
  return halfDone.flatMap((row) => {
    if (row.state === 'started' && isRunning(row.migration)) return [];
    const { migration, direction, statements_done: done, error } = row;
    const found = known.find(({ name }) => name === migration);
    const next = found
      ? nextOf(row, found.file === undefined ? undefined : isUnchanged(row, found.file))
      : nextElsewhere(row);
    const statements = done === 1 ? '1 statement' : `${done} statements`;
    const { statement, rows } = row.progress ?? {};
    const batches = statement === done ? batchesDone({ rows }) : '';
    const why = error === null ? noReason : clauseOf(error.trimEnd());
    const indexes = (left.get(migration) ?? []).map((index) => ` ${describeLeft(index)}`).join('');
    return {
      code: 'HALF_DONE' as const,
      migration,
      message: `${migration} stopped in the middle (${direction}) after ${statements}${batches}: ${why}.${indexes} ${next}`,
    };
  });
}

/** Nothing was left that could have written it. */
const noReason = 'no error is recorded, so its process, its connection or the server ended';

function nextOf({ migration, direction }: HalfDone, unchanged: boolean | undefined): string {
  const command = direction === 'up' ? 'run' : 'revert';
  if (unchanged === true) return `The next ${command} continues there.`;
  if (unchanged === undefined)
    return `The next ${command} continues there, if its statements up to that point are still the same.`;
  return `Statements that it had executed were edited since, so the next ${command} will refuse it: restore them, or nest-migrate resolve ${migration} --not-started or --finished.`;
}

function nextElsewhere({ direction }: HalfDone): string {
  return `Its file is not here: nest-migrate ${direction === 'up' ? 'run' : 'revert'} in the version that contains it continues there.`;
}

/** Undefined if this is unknown without a database: the statements of a class are known only while it runs. */
function isUnchanged(
  { statements_done: done, statements_hash: expected, direction }: HalfDone,
  file: string,
): boolean | undefined {
  if (!file.endsWith('.sql') || expected === null) return undefined;
  let count = 0;
  let hash = '';
  try {
    for (const { sql } of sqlStatementsOf(file, direction)) {
      if (count === done) break;
      hash = chained(hash, sql, undefined);
      count += 1;
    }
  } catch {
    // An error in the file is reported when the file is loaded.
    return undefined;
  }
  return count === done && hash === expected;
}
