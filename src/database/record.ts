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

/** The transaction is not the one that we opened. The migration has ended that one without its query runner. */
export class NotRecorded extends Error {
  constructor() {
    super('It ended its own transaction.');
  }
}

/** Evaluates to 0 in this transaction, so that it changes nothing, and to no number in any other. */
function isOpen({ xid }: Fenced): string {
  return `(CASE WHEN pg_current_xact_id()::text = '${xid}' THEN '0' ELSE '${notRecorded}' END)::int`;
}

/** A finished step, and what is stored of it. */
export interface Done {
  readonly step: DirectedMigration;
  /** Undefined if it was only recorded, not executed. */
  readonly durationMs: number | undefined;
  readonly down?: KeptDown | undefined;
}

/** Records a step in ledger and log, inside its own transaction. `next` continues in the same transaction. */
export async function recordStep(
  session: Session,
  transaction: Fenced,
  done: Done,
  context: ApplyContext,
  next?: DirectedMigration,
): Promise<void> {
  session.progress.own = 'the statement that records the migration';
  await session.client.query(`${recordSql(done, transaction, context)}; ${setName(next)}`).catch((error: unknown) => {
    throw asNotRecorded(error);
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
  if (!queryRunner.isTransactionActive) return recordStep(session, transaction, done, context);
  // Savepoints that a migration has left open end with the transaction.
  believe(queryRunner, 'open');
  const record = recordSql(done, transaction, context);
  await session.unwatched(
    () => queryRunner.commitTransaction(),
    async (commit) => {
      transaction.commit = 'sent';
      session.progress.own = 'COMMIT';
      await client.query(`${record}; ${commit}`).catch((error: unknown) => Promise.reject(asNotRecorded(error)));
      transaction.commit = 'acknowledged';
    },
  );
}

/**
 * Updates ledger and log in one message. It fails if the transaction that we opened is no longer open. Then nothing in the same message has
 * an effect, in particular no COMMIT of a transaction that a migration has opened itself.
 */
function recordSql({ step, durationMs, down }: Done, transaction: Fenced, context: ApplyContext): string {
  const { tables } = context;
  const { names, values } = attemptColumns(attemptOf(step, context, 'transactional'));
  const duration = Math.round(durationMs ?? 0);
  const stored = `${duration} + ${isOpen(transaction)}`;
  const [xid, xidValue] = context.log.columns.has('xid') ? [', xid', ', pg_current_xact_id()'] : ['', ''];
  return `${ledgerAndDown(step, down, context)};
    INSERT INTO ${tables.log} (${names}${xid}, state, started_at, finished_at, duration_ms)
      VALUES (${values}${xidValue}, '${step.direction === 'up' ? 'applied' : 'reverted'}',
        clock_timestamp() - interval '${duration} milliseconds', clock_timestamp(), ${durationMs === undefined ? `nullif(${stored}, 0)` : stored})`;
}

function asNotRecorded(error: unknown): unknown {
  return messageOf(error).includes(notRecorded) ? new NotRecorded() : error;
}

/** `state` says what remains of the transaction. */
export function endedBehind({ migration: { name }, direction }: DirectedMigration, state: string): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${name} ended its own transaction, with COMMIT AND CHAIN or without its query runner. It is not recorded as ${direction === 'up' ? 'applied' : 'reverted'}.\n${state}`,
    next: `Let it send COMMIT with its query runner, or let it run without a transaction (\`transaction = false\`). If all of it is done: nest-migrate ${direction === 'up' ? 'run' : 'revert'} --fake --count 1`,
    migration: name,
  });
}
