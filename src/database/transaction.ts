import { MigrateError, messageOf } from '../errors.js';
import type { Direction } from '../events.js';
import type { Instantiate, LoadedMigration, Runnable } from '../files/migration.js';
import { advisoryLockHolder, describeBlocker } from './blockers.js';
import { abortable, cancelled, pause } from './cancel.js';
import type { SqlClient, SqlResult } from './client.js';
import { isLockFailure, migrationFailed } from './failure.js';
import { ledgerChange } from './ledger.js';
import { attemptColumns, logFailure } from './log.js';
import type { Attempt } from './log.js';
import { everyRow } from './progress.js';
import { withSession } from './session.js';
import type { Session, SessionContext } from './session.js';
import type { Tables } from './tables.js';
import { quoteLiteral } from '../sql/index.js';

export interface ApplyContext extends SessionContext {
  readonly tables: Tables;
  readonly instantiate: Instantiate;
  readonly batch: number;
}

export interface Step {
  readonly migration: LoadedMigration;
  readonly direction: Direction;
}

/**
 * Whether a COMMIT waits until it is on the disk. Only the last one of a run has to: the server writes them in their order, so all others
 * are on the disk with it. If it crashes before that, it has lost the end of the run, each migration with its row in the ledger, and nobody
 * was told that the run has succeeded. On a slow disk, waiting for each would take longer than the migrations.
 */
export type Commit = 'on-disk' | 'with-the-last';

const firstDelayMs = 500;
const longestDelayMs = 30_000;

/**
 * Runs migrations in one transaction, the rows of ledger and log with them: all or nothing. What does not get its table locks
 * in time is rolled back, so that the queries queued behind it go on, and tried again as a whole. Returns how long each took.
 */
export async function applyInTransaction(
  steps: readonly Step[],
  context: ApplyContext,
  commit: Commit = 'on-disk',
): Promise<readonly number[]> {
  const deadline = Date.now() + context.settings.retryForMs;
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOnce(steps, context, commit);
    if ('durations' in outcome) return outcome.durations;
    const delayMs = Math.round(Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2));
    if (Date.now() + delayMs > deadline) throw blocked(outcome, attempt, context);
    const { migration, reason, blockers } = outcome;
    context.onEvent({ type: 'retrying', migration, attempt, delayMs, reason, blockers });
    await pause(delayMs, context.signal);
    if (context.signal.aborted) throw cancelled(context.signal, rolledBack(steps));
  }
}

interface NotGranted {
  readonly migration: string;
  readonly sql: string | undefined;
  readonly reason: string;
  readonly blockers: Session['progress']['blockers'];
  readonly error: unknown;
}

type Outcome = { readonly durations: readonly number[] } | NotGranted;

async function attemptOnce(steps: readonly Step[], context: ApplyContext, commit: Commit): Promise<Outcome> {
  let current = steps[0]?.migration.name ?? '';
  return withSession({ ...context, migration: () => current }, async (session) => {
    const durations: number[] = [];
    let attempt: Attempt | undefined;
    const started = performance.now();
    try {
      if (!(await begin(session, steps, context, commit))) return await stillBusy(session, current, context);
      for (const step of steps) {
        current = step.migration.name;
        attempt = attemptOf(step, context, 'transactional');
        const durationMs = await applyStep(session, step, context);
        durations.push(durationMs);
        if (step === steps.at(-1)) await commitWith(session, step, context, durationMs);
        else await recordStep(session.client, step, context, durationMs);
      }
      return { durations };
    } catch (error) {
      await rollback(session);
      const { sql, statement, blockers } = session.progress;
      if (context.signal.aborted) throw cancelled(context.signal, rolledBack(steps));
      if (isLockFailure(error)) return { migration: current, sql, reason: messageOf(error), blockers, error };
      if (attempt)
        await logFailure(session.client, context.tables, attempt, messageOf(error), performance.now() - started);
      const direction = steps[0]?.direction ?? 'up';
      throw migrationFailed(error, { migration: current, direction, sql, statement, state: rolledBack(steps) });
    }
  });
}

async function applyStep(session: Session, step: Step, context: ApplyContext): Promise<number> {
  session.progress.statement = 0;
  session.progress.sql = undefined;
  const started = performance.now();
  const runnable = await step.migration.prepare(session.queryRunner, context.instantiate);
  await abortable(context.signal, () => executeMigration(runnable, step, session));
  context.lock.assertHeld();
  session.progress.sql = undefined;
  return performance.now() - started;
}

export async function executeMigration(runnable: Runnable, step: Step, session: Session): Promise<void> {
  if (step.direction === 'up') await runnable.up(session.queryRunner);
  else if (runnable.down !== undefined) await runnable.down(session.queryRunner);
  else throw notReversible(step);
}

export function attemptOf(step: Step, context: ApplyContext, kind: 'transactional' | 'plain'): Attempt {
  const { name: migration, checksum } = step.migration;
  return {
    migration,
    direction: step.direction,
    batch: context.batch,
    transactional: kind === 'transactional',
    checksum,
  };
}

/**
 * Opens the transaction, with the timeouts, and makes sure that nobody has done this already. False when a session of an
 * earlier process is still at work: the server goes on with the statement of a killed client until its end.
 */
export async function begin(
  session: Session,
  steps: readonly Step[],
  context: ApplyContext,
  commit: Commit = 'on-disk',
): Promise<boolean> {
  const { settings, tables, lock } = context;
  const fence = lock.fence === undefined ? 'true' : `pg_try_advisory_xact_lock(${lock.fence.join(', ')})`;
  const names = steps.map((step) => quoteLiteral(step.migration.name)).join(', ');
  const { isolationLevel } = context.dataSource.options as { readonly isolationLevel?: string };
  const level = isolationLevel === undefined ? '' : ` ISOLATION LEVEL ${isolationLevel}`;
  let results: readonly SqlResult[] = [];
  await session.unwatched(
    () => session.queryRunner.startTransaction(),
    async (sql) => {
      // In one message with what we have to say; the isolation level, which TypeORM sends behind it, is part of it.
      if (sql !== 'START TRANSACTION') return;
      results = (await session.client.query(
        `START TRANSACTION${level};
         SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; SET LOCAL statement_timeout = ${settings.statementTimeoutMs}; ${everyRow};
         SET LOCAL "nest_migrate.open" = '0';${commit === 'on-disk' ? '' : ' SET LOCAL synchronous_commit = off;'}
         SELECT pg_backend_pid() AS pid, ${fence} AS fenced;
         SELECT count(DISTINCT name)::int AS recorded FROM ${tables.ledger} WHERE name IN (${names})`,
      )) as unknown as readonly SqlResult[];
    },
  );
  const [opened, ledger] = results.slice(-2).map(({ rows }) => rows[0]);
  session.setBackend(Number(opened?.['pid']));
  if (opened?.['fenced'] !== true) return false;
  const recorded = Number(ledger?.['recorded']);
  if (recorded === steps.filter((step) => step.direction === 'down').length) return true;
  throw new MigrateError({
    code: 'LOCK_LOST',
    message:
      'The list of applied migrations was changed while we hold the lock, by something that takes no lock (TypeORM itself, perhaps). This migration was not started.',
    next: 'Look at `nest-migrate status`, then run the command again.',
  });
}

async function stillBusy(session: Session, migration: string, context: ApplyContext): Promise<NotGranted> {
  await rollback(session);
  const { side, fence } = context.lock;
  const holder = side && fence ? await advisoryLockHolder(side, fence) : undefined;
  const reason = 'a session of an earlier migration process is still at work on the server';
  return { migration, sql: undefined, reason, blockers: holder ? [holder] : [], error: undefined };
}

/** Records the last step and commits, in one message. */
async function commitWith(session: Session, step: Step, context: ApplyContext, durationMs: number): Promise<void> {
  const { client, queryRunner } = session;
  // TypeORM would not commit what is not open any more: then recording it says what is wrong.
  if (!queryRunner.isTransactionActive) return recordStep(client, step, context, durationMs);
  // Savepoints that a migration has left open end with the transaction.
  Object.assign(queryRunner, { transactionDepth: 1 });
  const record = recordSql(step, context, durationMs);
  await session.unwatched(
    () => queryRunner.commitTransaction(),
    (commit) =>
      client.query(`${record}; ${commit}`).catch((error: unknown) => Promise.reject(asNotRecorded(error, step))),
  );
}

export async function recordStep(
  client: SqlClient,
  step: Step,
  context: ApplyContext,
  durationMs: number,
): Promise<void> {
  await client.query(recordSql(step, context, durationMs)).catch((error: unknown) => {
    throw asNotRecorded(error, step);
  });
}

const notRecorded = 'nest_migrate.not_recorded';

/** '0', which is no difference, in the transaction that we opened, and no number in any other: there the setting made with it is gone. */
const isOpen = `coalesce(nullif(current_setting('nest_migrate.open', true), ''), '${notRecorded}')::int`;

/**
 * Ledger and log in one message. It fails when the transaction that we opened is not open any more. Nothing that is sent in the same
 * message has happened then, above all no COMMIT of a transaction that a migration has opened by itself.
 */
function recordSql(step: Step, context: ApplyContext, durationMs: number): string {
  const { tables } = context;
  const { names, values } = attemptColumns(attemptOf(step, context, 'transactional'));
  const duration = Math.round(durationMs);
  return `${ledgerChange(tables, step.migration, step.direction)};
    INSERT INTO ${tables.log} (${names}, state, started_at, finished_at, duration_ms)
      VALUES (${values}, '${step.direction === 'up' ? 'applied' : 'reverted'}',
        clock_timestamp() - interval '${duration} milliseconds', clock_timestamp(), ${duration} + ${isOpen})`;
}

function asNotRecorded(error: unknown, { migration: { name }, direction }: Step): unknown {
  if (!messageOf(error).includes(notRecorded)) return error;
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${name} ended the transaction that it runs in by itself (a COMMIT or ROLLBACK in its SQL). What it did before that is in the database, but it is not recorded as ${direction === 'up' ? 'applied' : 'reverted'}.`,
    next: `Remove the COMMIT, or let it run without a transaction (\`transaction = false\` in the class, \`-- transaction: false\` in a .sql file). If all of it is done: nest-migrate ${direction === 'up' ? 'run' : 'revert'} --fake --count 1`,
  });
}

export async function rollback(session: Session): Promise<void> {
  const { queryRunner } = session;
  try {
    // A migration may have opened savepoints; plain ROLLBACK ends them all.
    await session.client.query('ROLLBACK');
  } catch {
    // The connection is gone, and its transaction with it.
  }
  Object.assign(queryRunner, { isTransactionActive: false, transactionDepth: 0 });
}

function rolledBack(steps: readonly Step[]): string {
  const what = steps.length > 1 ? `these ${steps.length} migrations` : 'this migration';
  return `The database is as it was before ${what}: the transaction was rolled back.`;
}

function notReversible(step: Step): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${step.migration.name} cannot be reverted: it has no down${step.migration.file?.endsWith('.sql') ? ' section' : '()'}. Nothing was changed.`,
    next: 'Write its down part; or, if you have undone it by hand: nest-migrate revert --fake --count 1',
    migration: step.migration.name,
  });
}

function blocked(outcome: NotGranted, attempts: number, context: ApplyContext): MigrateError {
  const who = outcome.blockers.map((blocker) => `\n  ${describeBlocker(blocker)}`).join('');
  const pid = outcome.blockers[0]?.pid;
  return new MigrateError({
    code: 'MIGRATION_BLOCKED',
    message: `Migration ${outcome.migration} did not get its locks in ${attempts} attempts (each waits ${context.settings.lockTimeoutMs} ms at most, so that the queries behind it are not held up): ${outcome.reason}.${who === '' ? '' : `\nIn its way:${who}`}\nThe database is as it was before this migration: it was rolled back.`,
    next:
      pid === undefined
        ? 'Run again when the table is less busy, or try for longer: --retry-for 30min'
        : `End what blocks it (SELECT pg_terminate_backend(${pid});), or try for longer (--retry-for 30min), then run again.`,
    migration: outcome.migration,
    ...(outcome.sql !== undefined && { sql: outcome.sql }),
    cause: outcome.error,
  });
}
