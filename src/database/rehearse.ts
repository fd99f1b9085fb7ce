import { messageOf } from '../errors.js';
import type { DryRunStatement, MigrateError } from '../errors.js';
import type { TransactionMode } from '../options.js';
import { keepingAway } from '../data-source/keep-away.js';
import { isolationLevelOf } from '../typeorm/driver.js';
import { believe, forgetTables } from '../typeorm/query-runner.js';
import { abortable, cancelled } from './cancel.js';
import { correctionOf, migrationFailed } from './failure.js';
import type { FailedAt } from './failure.js';
import { rollback } from './fate.js';
import { keepInTransaction, withOneConnection } from './one-connection.js';
import { namesPoison, poison } from './poison.js';
import { raiseTimeouts, transactionSettings } from './transaction-settings.js';
import { Rehearsal } from './rehearsal.js';
import { readSequences, undoSetBack } from './sequences.js';
import { backendStarted, learnBackend } from './witness.js';
import { withSession } from './session.js';
import type { Execute, Session } from './session.js';
import { executeMigration } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

export interface DryRunOptions {
  readonly transaction: TransactionMode;
  /** Creates what TypeORM creates before migrations run, in the same transaction. */
  readonly prepare: (session: Session) => Promise<void>;
}

/**
 * Executes migrations on the real server in one transaction that can only be rolled back, and returns their SQL. It holds all their table
 * locks until the end, while a real run releases locks between its transactions.
 */
export async function dryRun(
  steps: readonly DirectedMigration[],
  options: DryRunOptions,
  context: ApplyContext,
): Promise<readonly DryRunStatement[]> {
  let current = steps[0]?.migration.name ?? '';
  const recorder: { execute: Execute } = { execute: (_sql, _parameters, run) => run() };
  const execute: Execute = (sql, parameters, run) => recorder.execute(sql, parameters, run);
  return withSession({ ...context, migration: () => current, execute: () => execute }, async (session) => {
    const rehearsal = new Rehearsal(session);
    const sequences = await readSequences(session.client);
    try {
      await open(session, context);
      await options.prepare(session);
      recorder.execute = rehearsal.execute;
      const all = async (): Promise<void> => {
        for (const step of steps) {
          current = step.migration.name;
          await rehearseStep(step, rehearsal, session, options, context);
        }
      };
      const inOne = () =>
        withOneConnection(context.dataSource, session.queryRunner, () => keepInTransaction(session.client, all));
      await keepingAway(context.dataSource, inOne);
      return rehearsal.statements;
    } catch (error) {
      const hint = await rehearsal.hintOn(error);
      throw failed(error, { migration: current, hint }, steps, session, context).with({
        statements: rehearsal.statements,
      });
    } finally {
      await rollback(session);
      await undoSetBack(session.client, sequences).catch(() => undefined);
    }
  });
}

async function open(session: Session, context: ApplyContext): Promise<void> {
  const level = isolationLevelOf(context.dataSource);
  await session.client.query(`START TRANSACTION${level}; ${settingsFor('transactional', context)}`);
  const { rows } = await session.client.query(
    `SELECT pg_backend_pid() AS pid, ${backendStarted} AS started, pg_stat_clear_snapshot()`,
  );
  session.setBackend(learnBackend(session.client, rows[0]));
  await poison(session.client);
}

async function rehearseStep(
  step: DirectedMigration,
  rehearsal: Rehearsal,
  session: Session,
  options: DryRunOptions,
  context: ApplyContext,
): Promise<void> {
  const { queryRunner, progress } = session;
  const runnable = await step.migration.prepare(queryRunner, context.instantiate, 'trial');
  const kind = (runnable.transaction ?? options.transaction !== 'none') ? 'transactional' : 'plain';
  // The query runner is in the state of a real run: with or without a transaction, and without TypeORM's cached descriptions of tables.
  believe(queryRunner, kind === 'transactional' ? 'open' : 'none');
  forgetTables(queryRunner);
  Object.assign(progress, { statement: 0, sql: undefined });
  await rehearsal.enter({
    name: step.migration.name,
    kind,
    settings: (now) => settingsFor(now, context),
    warn: (message) => context.onEvent({ type: 'warning', code: 'WOULD_FAIL', message }),
  });
  await abortable(context.signal, () => executeMigration(runnable, step, session, context));
  await rehearsal.leave();
}

/**
 * Without a transaction, a real run has no statement timeout. But waiting for a lock while holding others would block other sessions, so
 * the lock timeout applies.
 */
function settingsFor(kind: 'transactional' | 'plain', { settings, lock }: ApplyContext): string {
  const longest = kind === 'plain' ? 0 : settings.statementTimeoutMs;
  return `SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; SET LOCAL statement_timeout = ${longest}; ${transactionSettings(lock)}; ${raiseTimeouts}`;
}

function failed(
  error: unknown,
  at: Pick<FailedAt, 'migration' | 'hint'>,
  steps: readonly DirectedMigration[],
  session: Session,
  context: ApplyContext,
): MigrateError {
  const rolledBack = 'This was a dry run: everything was rolled back, the database is as it was.';
  if (context.signal.aborted) return cancelled(context.signal, rolledBack);
  const { sql, statement } = session.progress;
  const state = namesPoison(messageOf(error))
    ? `${rolledBack} The table that it names exists only in dry runs, and ensures that nothing is committed.`
    : rolledBack;
  const direction = steps[0]?.direction ?? 'up';
  const next = `${correctionOf(error)}, then run \`nest-migrate ${direction === 'up' ? 'run' : 'revert'} --dry-run\` again.`;
  return migrationFailed(error, { ...at, direction, sql, statement, state, next });
}
