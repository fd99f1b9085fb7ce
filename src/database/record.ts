import { MigrateError, messageOf } from '../errors.js';
import type { KeptDown } from '../files/kept-down.js';
import { believe } from '../typeorm/query-runner.js';
import { ledgerAndDown } from './downs.js';
import type { Fenced } from './fence.js';
import { attemptColumns } from './log.js';
import type { Session } from './session.js';
import { setName } from './transaction-settings.js';
import { attemptOf } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

const notRecorded = 'nest_migrate.not_recorded';

/** Set in each transaction that we open, to distinguish it from one that a migration has opened. */
export const markOpen = `SET LOCAL "nest_migrate.open" = '0'`;

/**
 * Evaluates to '0' in the transaction that we opened, so that it changes nothing, and to no number in any other, because the setting is
 * gone there.
 */
const isOpen = `coalesce(nullif(current_setting('nest_migrate.open', true), ''), '${notRecorded}')::int`;

/** A finished step, and what is stored of it. */
export interface Done {
  readonly step: DirectedMigration;
  readonly durationMs: number;
  readonly down?: KeptDown | undefined;
}

/** Records a step in ledger and log, inside its own transaction. `next` continues in the same transaction. */
export async function recordStep(
  session: Session,
  done: Done,
  context: ApplyContext,
  next?: DirectedMigration,
): Promise<void> {
  session.progress.own = 'the statement that records the migration';
  await session.client.query(`${recordSql(done, context)}; ${setName(next)}`).catch((error: unknown) => {
    throw asNotRecorded(error, done.step);
  });
}

/** Records the last step and commits, in one message. */
export async function recordAndCommit(
  session: Session,
  transaction: Fenced,
  done: Done,
  context: ApplyContext,
): Promise<void> {
  const { client, queryRunner } = session;
  // TypeORM would not commit a transaction that is no longer open. Then recording the step reports the problem.
  if (!queryRunner.isTransactionActive) return recordStep(session, done, context);
  // Savepoints that a migration has left open end with the transaction.
  believe(queryRunner, 'open');
  const record = recordSql(done, context);
  await session.unwatched(
    () => queryRunner.commitTransaction(),
    async (commit) => {
      transaction.commit = 'sent';
      session.progress.own = 'COMMIT';
      await client
        .query(`${record}; ${commit}`)
        .catch((error: unknown) => Promise.reject(asNotRecorded(error, done.step)));
      transaction.commit = 'acknowledged';
    },
  );
}

/**
 * Updates ledger and log in one message. It fails if the transaction that we opened is no longer open. Then nothing in the same message has
 * an effect, in particular no COMMIT of a transaction that a migration has opened itself.
 */
function recordSql({ step, durationMs, down }: Done, context: ApplyContext): string {
  const { tables } = context;
  const { names, values } = attemptColumns(attemptOf(step, context, 'transactional'));
  const duration = Math.round(durationMs);
  const [xid, xidValue] = context.log.columns.has('xid') ? [', xid', ', pg_current_xact_id()'] : ['', ''];
  return `${ledgerAndDown(step, down, context)};
    INSERT INTO ${tables.log} (${names}${xid}, state, started_at, finished_at, duration_ms)
      VALUES (${values}${xidValue}, '${step.direction === 'up' ? 'applied' : 'reverted'}',
        clock_timestamp() - interval '${duration} milliseconds', clock_timestamp(), ${duration} + ${isOpen})`;
}

function asNotRecorded(error: unknown, { migration: { name }, direction }: DirectedMigration): unknown {
  if (!messageOf(error).includes(notRecorded)) return error;
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${name} ended its own transaction (a COMMIT or ROLLBACK in its SQL). What it did before that is in the database, but it is not recorded as ${direction === 'up' ? 'applied' : 'reverted'}.`,
    next: `Remove the COMMIT, or let it run without a transaction (\`transaction = false\` in the class, \`-- transaction: false\` in a .sql file). If all of it is done: nest-migrate ${direction === 'up' ? 'run' : 'revert'} --fake --count 1`,
  });
}
