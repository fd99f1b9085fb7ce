import { MigrateError, messageOf } from '../errors.js';
import { withoutPasswords } from '../passwords.js';
import { abortable, cancelled } from './cancel.js';
import type { SqlClient } from './client.js';
import { migrationFailed, needsAutocommit } from './failure.js';
import { ledgerChange } from './ledger.js';
import type { HalfDone } from './log.js';
import { everyRow, StepProgress } from './progress.js';
import { judgeInDoubt, runsAlone } from './repair.js';
import { withSession } from './session.js';
import type { Execute, Session } from './session.js';
import { attemptOf, executeMigration } from './transaction.js';
import type { ApplyContext, Step } from './transaction.js';

/**
 * Runs a migration without a transaction around it. Each statement is committed together with a count of the statements done,
 * so that whatever stops it (an error, a signal, a kill), the next run goes on exactly there. Returns how long it took.
 */
export async function applyInSteps(step: Step, context: ApplyContext, halfDone: HalfDone | undefined): Promise<number> {
  const { name } = step.migration;
  const stepper: { execute: Execute } = { execute: (_sql, _parameters, run) => run() };
  const execute: Execute = (sql, parameters, run) => stepper.execute(sql, parameters, run);
  return withSession({ ...context, migration: () => name, execute: () => execute }, async (session) => {
    const { client } = session;
    const started = performance.now();
    await withoutTimeouts(session, context);
    const runnable = await step.migration.prepare(session.queryRunner, context.instantiate);
    const progress = await (halfDone
      ? StepProgress.resume(client, context.tables, halfDone)
      : StepProgress.start(client, context.tables, attemptOf(step, context, 'plain')));
    if (halfDone) context.onEvent({ type: 'resuming', migration: name, statementsDone: halfDone.statements_done });
    const resumeAt = halfDone && (await decideInDoubt(client, step, halfDone));
    stepper.execute = stepping(session, progress, resumeAt, step);
    try {
      await abortable(context.signal, () => executeMigration(runnable, step, session));
      if (resumeAt && progress.done < resumeAt.statements) throw diverged(step, resumeAt.statements);
      session.progress.sql = undefined;
      await progress.finish(
        ledgerChange(context.tables, step.migration, step.direction),
        step.direction === 'up' ? 'applied' : 'reverted',
      );
      return performance.now() - started;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      await progress.failed(messageOf(error));
      throw stopped(error, step, session, progress, context);
    } finally {
      await client.query('RESET lock_timeout; RESET statement_timeout').catch(() => undefined);
    }
  });
}

/** Concurrent index builds wait for other transactions by design: a timeout would only leave an INVALID index behind. */
async function withoutTimeouts(session: Session, context: ApplyContext): Promise<void> {
  const { rows } = await session.client.query('SELECT pg_backend_pid() AS pid');
  session.setBackend(Number(rows[0]?.['pid']));
  await session.client.query('SET lock_timeout = 0; SET statement_timeout = 0');
  context.lock.assertHeld();
}

/** Where to go on: after so many statements, whose chained hash is known unless somebody has decided the number by hand. */
interface ResumeAt {
  readonly statements: number;
  readonly hash: string | null;
  /** The statement after them is done too, but not counted. */
  readonly alsoDone: string | undefined;
}

async function decideInDoubt(client: SqlClient, step: Step, halfDone: HalfDone): Promise<ResumeAt> {
  const { statements_done: statements, statements_hash: hash, in_doubt: inDoubt } = halfDone;
  if (inDoubt === null) return { statements, hash, alsoDone: undefined };
  const verdict = await judgeInDoubt(client, inDoubt);
  if (verdict === 'unknown') throw halfDoneError(step.migration.name, halfDone);
  return { statements, hash, alsoDone: verdict === 'done' ? inDoubt : undefined };
}

function stepping(session: Session, progress: StepProgress, resumeAt: ResumeAt | undefined, step: Step): Execute {
  let ownTransaction = false;
  return async (sql, parameters, run) => {
    const opens = /^\s*(?:BEGIN|START\s+TRANSACTION)\b/i.test(sql);
    const closes = /^\s*(?:COMMIT|END|ABORT|ROLLBACK(?!\s+TO)(?!\s+(?:WORK|TRANSACTION)\s+TO))\b/i.test(sql);
    if (resumeAt && progress.done < resumeAt.statements) {
      progress.skip(sql, parameters);
      const reached = progress.done === resumeAt.statements;
      if (reached && resumeAt.hash !== null && progress.chain !== resumeAt.hash)
        throw diverged(step, resumeAt.statements);
      return resultAgain(session.client, sql, run);
    }
    if (resumeAt?.alsoDone === withoutPasswords(sql) && progress.done === resumeAt.statements)
      return progress.inside(sql, parameters, () => Promise.resolve([]));
    if (opens) ownTransaction = true;
    if (ownTransaction) {
      if (closes) ownTransaction = false;
      return progress.inside(sql, parameters, opens ? () => withEveryRow(session.client, run) : run);
    }
    if (runsAlone(sql)) return progress.alone(sql, parameters, run);
    try {
      return await progress.together(sql, parameters, run);
    } catch (error) {
      if (!needsAutocommit(error)) throw error;
      return progress.alone(sql, parameters, run);
    }
  };
}

async function withEveryRow(client: SqlClient, open: () => Promise<unknown>): Promise<unknown> {
  const result = await open();
  await client.query(everyRow);
  return result;
}

/**
 * A skipped query that only reads is asked again, because the migration may need its answer. One that would write is not, and one
 * that fails (what it read may be gone by now) has no answer: should that lead elsewhere, the chain of hashes shows it.
 */
async function resultAgain(client: SqlClient, sql: string, run: () => Promise<unknown>): Promise<unknown> {
  // What it has set for its session is gone with the session.
  if (/^\s*(?:SET|RESET)\b(?!\s+LOCAL\b)/i.test(sql)) return run();
  if (!/^\s*(?:SELECT|SHOW|VALUES|TABLE|WITH|EXPLAIN)\b/i.test(sql)) return [];
  await client.query('BEGIN READ ONLY');
  try {
    return await run();
  } catch {
    return [];
  } finally {
    await client.query('ROLLBACK');
  }
}

function stopped(
  error: unknown,
  step: Step,
  session: Session,
  progress: StepProgress,
  context: ApplyContext,
): MigrateError {
  const { name } = step.migration;
  const again = `nest-migrate ${step.direction === 'up' ? 'run' : 'revert'}`;
  const done =
    progress.done === 0
      ? 'None of its statements is done'
      : progress.done === 1
        ? 'Its first statement is done and stays'
        : `Its first ${progress.done} statements are done and stay`;
  const state = `It runs without a transaction. ${done}.`;
  if (context.signal.aborted) return cancelled(context.signal, `Migration ${name}: ${state}`);
  return migrationFailed(error, {
    migration: name,
    direction: step.direction,
    sql: session.progress.sql,
    statement: session.progress.statement,
    state,
    next: `Correct what is wrong, then \`${again}\`: it goes on at statement ${progress.done + 1}. If you undo the done statements by hand instead: nest-migrate resolve ${name} --not-started`,
  });
}

/** What somebody has to decide who sees a migration that stopped in the middle. */
export function halfDoneError(name: string, halfDone: HalfDone): MigrateError {
  const n = halfDone.statements_done;
  const doubt =
    halfDone.in_doubt === null || halfDone.state === 'failed'
      ? ''
      : `\nNobody knows whether its statement ${n + 1} was finished:\n  ${halfDone.in_doubt.trim().slice(0, 500)}`;
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} stopped in the middle of its ${halfDone.direction} part (started ${halfDone.started_at}), after ${n} finished statement${n === 1 ? '' : 's'}.${doubt}${halfDone.error ? `\nIts error was: ${halfDone.error}` : ''}`,
    next: `Look at the database, then say what you found:
  nest-migrate resolve ${name} --done-until ${n + 1}   statement ${n + 1} is done: go on behind it
  nest-migrate resolve ${name} --done-until ${n}   it is not done: go on with it
  nest-migrate resolve ${name} --not-started   all of it was undone by hand: start again
  nest-migrate resolve ${name} --finished   all of it was finished by hand: record that`,
    migration: name,
  });
}

function diverged(step: Step, statements: number): MigrateError {
  const { name } = step.migration;
  return new MigrateError({
    code: 'MIGRATION_HALF_DONE',
    message: `Migration ${name} stopped earlier after ${statements} statements, and the statements that it executes now are not the same ones: it was edited, or they depend on what is in the database. Nothing was executed now.`,
    next: `If it may run again from its first statement: nest-migrate resolve ${name} --not-started. If it was finished by hand: nest-migrate resolve ${name} --finished`,
    migration: name,
  });
}
