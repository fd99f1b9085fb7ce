import { MigrateError } from '../errors.js';
import { advisoryLockHolder, sessionExecuting } from './blockers.js';
import { quotedRole } from './role.js';
import type { SqlClient } from './sql-client.js';
import { waitForSession } from './earlier-session.js';
import type { StepProgress } from './progress.js';
import type { Reach } from './step-transaction.js';
import { traceOf } from './repair.js';
import type { Trace } from './repair.js';
import type { Session } from './session.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

export interface Alone {
  readonly session: Session;
  readonly progress: StepProgress;
  readonly step: DirectedMigration;
  readonly context: ApplyContext;
  readonly reach: Reach;
  /** The timeouts of the role or the database that are not 0. */
  readonly timeouts: string | undefined;
}

/**
 * Executes a statement that cannot be in a transaction, and therefore not in one that holds the fence. On a direct connection, the session
 * of the statement holds the fence in the meantime. Through a pooler, no session can hold it, so only statements whose outcome can be
 * inspected are executed there.
 */
export async function executeAlone(
  sql: string,
  parameters: unknown,
  run: () => Promise<unknown>,
  at: Alone,
): Promise<unknown> {
  const trace = traceOf(sql);
  if (at.reach === 'pooled') {
    if (trace === undefined) throw throughPooler(sql, at);
    if (at.timeouts !== undefined) throw await timeoutsThroughPooler(sql, at.timeouts, at);
    at.session.setBackend(undefined);
  }
  return holdingFence(at, async () => {
    await untilFinishedElsewhere(at.session.client, sql, trace, at.step, at.context);
    return at.progress.alone(sql, parameters, run);
  });
}

/** The server finishes the statement of a killed client, and its outcome can be inspected only after that. */
export async function untilFinishedElsewhere(
  client: SqlClient,
  sql: string,
  trace: Trace | undefined,
  { migration }: DirectedMigration,
  context: ApplyContext,
): Promise<void> {
  const session = () => sessionExecuting(client, sql, trace?.relation);
  await waitForSession(migration.name, context, async () => ((await session()) ? undefined : {}), session);
}

async function holdingFence<T>({ session, step, context, reach }: Alone, work: () => Promise<T>): Promise<T> {
  const { fence } = context.lock;
  if (fence === undefined || reach === 'pooled') return work();
  const key = fence.join(', ');
  const { client } = session;
  const take = async (): Promise<object | undefined> => {
    context.lock.assertHeld();
    const { rows } = await client.query(`SELECT pg_try_advisory_lock(${key}) AS held`);
    return rows[0]?.['held'] === true ? {} : undefined;
  };
  await waitForSession(step.migration.name, context, take, () => advisoryLockHolder(client, fence));
  try {
    return await work();
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${key})`).catch(() => undefined);
  }
}

/** A timeout that is set for the statement would remain in the session, for another client of the pooler. */
async function timeoutsThroughPooler(
  sql: string,
  timeouts: string,
  { session, step, progress }: Alone,
): Promise<MigrateError> {
  const { name } = step.migration;
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${name}: its statement ${progress.done + 1} cannot run in a transaction, and must not be stopped by a timeout, because an interrupted concurrent build leaves an invalid index. The role or the database has ${timeouts}, and this connection goes through a pooler, where timeouts cannot be set for a single session. It was not executed.\n  ${sql.trim().slice(0, 500)}`,
    next: `Use the address of the server itself: the setting \`directUrl\`, or NEST_MIGRATE_DATABASE_URL for the command. Or set the timeout to 0 for the role that migrates: ALTER ROLE ${await quotedRole(session.client)} SET lock_timeout = 0`,
    migration: name,
    sql,
  });
}

function throughPooler(sql: string, { step, progress }: Alone): MigrateError {
  const { name } = step.migration;
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${name}: its statement ${progress.done + 1} commits by itself, and nothing in the database shows afterwards whether it was finished. This connection goes through a pooler, where two processes might execute it at the same time. It was not executed.\n  ${sql.trim().slice(0, 500)}`,
    next: 'Use the address of the server itself: the setting `directUrl`, or NEST_MIGRATE_DATABASE_URL for the command. Or, if executing the statement again is harmless, put this comment before it: /* nest-migrate-rerunnable */',
    migration: name,
    sql,
  });
}
