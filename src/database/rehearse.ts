import { messageOf } from '../errors.js';
import { abortable, cancelled } from './cancel.js';
import { migrationFailed, needsAutocommit } from './failure.js';
import { withSession } from './session.js';
import type { Execute, Session } from './session.js';
import { begin, executeMigration, recordStep, rollback } from './transaction.js';
import type { ApplyContext, Step } from './transaction.js';

export interface DryRunStatement {
  readonly migration: string;
  readonly sql: string;
  readonly parameters?: readonly unknown[];
  /** False when it was only recorded, because it cannot run inside a transaction that is rolled back. */
  readonly executed: boolean;
}

/**
 * Executes migrations on the real server in a transaction that is rolled back, and returns their SQL. What cannot run in a
 * transaction is only recorded. While it lasts it holds the same table locks as the real thing.
 */
export async function dryRun(steps: readonly Step[], context: ApplyContext): Promise<readonly DryRunStatement[]> {
  const statements: DryRunStatement[] = [];
  let current = '';
  return withSession(
    { ...context, migration: () => current, execute: (session) => recording(session, statements, () => current) },
    async (session) => {
      try {
        await session.unwatched(() => session.queryRunner.startTransaction());
        await session.client.query(
          `SET LOCAL lock_timeout = ${context.settings.lockTimeoutMs}; SET LOCAL statement_timeout = ${context.settings.statementTimeoutMs}`,
        );
        for (const step of steps) {
          current = step.migration.name;
          const runnable = await step.migration.prepare(session.queryRunner, context.instantiate);
          session.progress.statement = 0;
          await abortable(context.signal, () => executeMigration(runnable, step, session));
        }
        return statements;
      } catch (error) {
        const state = 'This was a dry run: everything was rolled back, the database is as it was.';
        if (context.signal.aborted) throw cancelled(context.signal, state);
        const { sql, statement } = session.progress;
        throw migrationFailed(error, {
          migration: current,
          direction: steps[0]?.direction ?? 'up',
          sql,
          statement,
          state,
        });
      } finally {
        await rollback(session);
      }
    },
  );
}

function recording(session: Session, statements: DryRunStatement[], migration: () => string): Execute {
  return async (sql, parameters, run) => {
    const record = (executed: boolean): void => {
      const given =
        Array.isArray(parameters) && parameters.length > 0 ? { parameters: parameters as readonly unknown[] } : {};
      statements.push({ migration: migration(), sql, ...given, executed });
    };
    // Executed, it would make the dry run real.
    if (/^\s*(?:COMMIT|END|ABORT|ROLLBACK(?!\s+TO)|BEGIN|START\s+TRANSACTION|PREPARE\s+TRANSACTION)\b/i.test(sql)) {
      record(false);
      return [];
    }
    await session.client.query('SAVEPOINT nest_migrate');
    try {
      const result = await run();
      record(true);
      // The migration may have ended savepoints, ours among them, by rolling back to an earlier one of its own.
      await session.client.query('SAVEPOINT nest_migrate');
      return result;
    } catch (error) {
      await session.client.query('ROLLBACK TO SAVEPOINT nest_migrate');
      if (!needsAutocommit(error)) throw error;
      record(false);
      return [];
    }
  };
}

/** Records migrations as applied, or as reverted, without executing them. */
export async function recordOnly(steps: readonly Step[], context: ApplyContext): Promise<void> {
  await withSession({ ...context, migration: () => '' }, async (session) => {
    try {
      await begin(session, steps, context);
      for (const step of steps) await recordStep(session.client, step, context, 0);
      await session.unwatched(() => session.queryRunner.commitTransaction());
    } catch (error) {
      await rollback(session);
      const migration = steps[0]?.migration.name ?? '';
      throw migrationFailed(error, {
        migration,
        direction: steps[0]?.direction ?? 'up',
        sql: undefined,
        statement: 0,
        state: `Nothing was recorded: ${messageOf(error)}`,
      });
    }
  });
}
