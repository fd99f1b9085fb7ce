import { MigrateError } from '../errors.js';
import { withoutPasswords } from '../passwords.js';
import { classify } from '../sql/index.js';
import { untilFinishedElsewhere } from './alone.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';
import type { HalfDone } from './log.js';
import type { StepProgress } from './progress.js';
import { traceOf } from './repair.js';
import type { Execute, Session } from './session.js';
import type { SqlClient } from './sql-client.js';

/** Skips the statements that are done, and executes the others. */
export async function resuming(
  halfDone: HalfDone,
  next: Execute,
  session: Session,
  progress: StepProgress,
  step: DirectedMigration,
  context: ApplyContext,
): Promise<Execute> {
  const { statements_done: statements, statements_hash: hash, in_doubt: inDoubt } = halfDone;
  const { statement, rows } = halfDone.progress ?? {};
  context.onEvent({
    type: 'resuming',
    migration: step.migration.name,
    statementsDone: statements,
    ...(statement === statements && rows !== undefined && { rows }),
  });
  const isDone = inDoubt !== null && (await isDoneInDoubt(inDoubt, halfDone, session, step, context));
  return async (sql, parameters, run) => {
    if (progress.done < statements) {
      progress.pass(sql, parameters);
      if (progress.done === statements && hash !== null && progress.chain !== hash) throw diverged(step, statements);
      return resultAgain(session.client, sql, run);
    }
    if (progress.done > statements || !isDone || withoutPasswords(sql) !== inDoubt) return next(sql, parameters, run);
    await progress.counts(sql, parameters);
    return [];
  };
}

async function isDoneInDoubt(
  sql: string,
  halfDone: HalfDone,
  { client, progress }: Session,
  step: DirectedMigration,
  context: ApplyContext,
): Promise<boolean> {
  const trace = traceOf(sql);
  progress.own = 'the check of an interrupted statement';
  await untilFinishedElsewhere(client, sql, trace, step, context);
  const tidy = (statement: string): Promise<unknown> => {
    progress.own = statement;
    return client.query(statement);
  };
  const verdict = (await trace?.judge(client, tidy)) ?? 'unknown';
  if (verdict === 'unknown') throw halfDoneError(step.migration.name, halfDone);
  return verdict === 'done';
}

/**
 * A skipped query that only reads is executed again, because the migration may need its result. A query that may write is not executed, and
 * a query that fails (its objects may be gone by now) has no result. If that changes the course of the migration, the hash chain detects
 * it.
 */
async function resultAgain(client: SqlClient, sql: string, run: () => Promise<unknown>): Promise<unknown> {
  const statements = classify(sql);
  // Session settings are gone with their session, so they are set again.
  if (statements.every(({ setting }) => setting?.until === 'session')) return run();
  if (!statements.every(({ onlyReads }) => onlyReads)) return [];
  await client.query('BEGIN READ ONLY');
  try {
    return await run();
  } catch {
    return [];
  } finally {
    await client.query('ROLLBACK');
  }
}

/**
 * The decision that a user has to make about a migration that stopped in the middle. Without its file, the number of its statements says
 * nothing: another version of the app has to finish it.
 */
export function halfDoneError(name: string, halfDone: HalfDone, file: 'here' | 'not here' = 'here'): MigrateError {
  const n = halfDone.statements_done;
  const doubt =
    halfDone.in_doubt === null || halfDone.state === 'failed'
      ? ''
      : `\nIt is not known whether its statement ${n + 1} was finished:\n  ${halfDone.in_doubt.trim().slice(0, 500)}`;
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} stopped in the middle of its ${halfDone.direction} part (started ${halfDone.started_at}), after ${n} finished statement${n === 1 ? '' : 's'}.${doubt}${halfDone.error ? `\nIts error was: ${halfDone.error}` : ''}`,
    next: `${file === 'here' ? `Check the database, then record what you found:${untilLines(name, n)}` : `Its file is not here: nest-migrate ${halfDone.direction === 'up' ? 'run' : 'revert'} in the version that contains it continues there. Or record what you have done by hand:`}
  nest-migrate resolve ${name} --not-started   all of it was undone by hand: start again
  nest-migrate resolve ${name} --finished   all of it was finished by hand: record that`,
    migration: name,
  });
}

function untilLines(name: string, done: number): string {
  return `
  nest-migrate resolve ${name} --done-until ${done + 1}   statement ${done + 1} is done: continue after it
  nest-migrate resolve ${name} --done-until ${done}   it is not done: continue with it`;
}

/** A user has set the number of statements and counted wrongly. */
export function hasFewer({ migration: { name } }: DirectedMigration, given: number, has: number): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} has ${has} statements, but it was recorded by hand (nest-migrate resolve) that ${given} of them are done. Nothing was executed now.`,
    next: `Say how many are done: nest-migrate resolve ${name} --done-until <n>. If all of it is done: nest-migrate resolve ${name} --finished`,
    migration: name,
  });
}

export function diverged(step: DirectedMigration, statements: number): MigrateError {
  const { name } = step.migration;
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} stopped earlier after ${statements} statement${statements === 1 ? '' : 's'}, and the statements that it executes now are not the same ones: it was edited, or they depend on what is in the database. Nothing was executed now.`,
    next: `Look at the database, then record what you found:
  nest-migrate resolve ${name} --done-until <n>   the first n of its present statements are done
  nest-migrate resolve ${name} --not-started   it may run again from its first statement
  nest-migrate resolve ${name} --finished   it was finished by hand`,
    migration: name,
  });
}
