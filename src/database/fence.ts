import { MigrateError } from '../errors.js';
import { quoteLiteral } from '../sql/index.js';
import { advisoryLockHolder } from './blockers.js';
import type { SqlClient, SqlResult } from './sql-client.js';
import { waitForSession } from './earlier-session.js';
import { hasTimeouts, raiseTimeouts } from './transaction-settings.js';
import { backendStartedOf, learnBackend } from './witness.js';
import type { Session } from './session.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

/** A transaction that holds the fence, and the state of its COMMIT. */
export interface Fenced {
  /** Its id for `pg_xact_status`. */
  readonly xid: string;
  commit: 'not sent' | 'sent' | 'acknowledged';
}

interface Opening {
  readonly steps: readonly DirectedMigration[];
  /** Begins the transaction and sends the queries in the same message. */
  open(questions: string): Promise<readonly SqlResult[]>;
  /** Ends the transaction again if another session still holds the fence. */
  giveUp(): Promise<unknown>;
  /** An additional condition, as SQL. */
  readonly expected?: string;
}

/** The results of the first message of a transaction. */
export interface Opened {
  readonly transaction: Fenced;
  /** Whether the ledger has changed since the lock was taken. */
  readonly ledger: 'as it was' | 'changed';
  readonly asExpected: boolean;
}

/**
 * Opens a transaction that holds the fence: the second advisory lock, which prevents a process that has lost its lock without noticing from
 * working at the same time as the next one. The ledger is read only after the fence is held.
 */
export async function openFenced(opening: Opening, session: Session, context: ApplyContext): Promise<Opened> {
  const { fence } = context.lock;
  const attempt = async (): Promise<Opened | undefined> => {
    context.lock.assertHeld();
    const opened = await ask(opening, session, context);
    if (opened === undefined) await opening.giveUp();
    return opened;
  };
  const holder = async () => fence && advisoryLockHolder(session.client, fence);
  return waitForSession(opening.steps[0]?.migration.name ?? '', context, attempt, holder);
}

/** The same in an open transaction. Undefined if another session holds the fence. */
export async function ask(
  { steps, open, expected = 'true' }: Omit<Opening, 'giveUp'>,
  session: Session,
  context: ApplyContext,
): Promise<Opened | undefined> {
  const { fence, side } = context.lock;
  const recorded = recordedSql(steps, context);
  const results = await open(
    `SELECT pg_backend_pid() AS pid, ${backendStartedOf(session.client)} AS started, pg_current_xact_id()::text AS xid, ${fence === undefined ? 'true' : `pg_try_advisory_xact_lock(${fence.join(', ')})`} AS fenced,
       current_setting('transaction_isolation') = 'read committed' AS is_fresh, ${hasTimeouts} AS has_timeouts, pg_stat_clear_snapshot();
     SELECT ${recorded} AS recorded, (${expected}) AS as_expected`,
  );
  const [opened, answer] = results.slice(-2).map(({ rows }) => rows[0]);
  session.setBackend(learnBackend(session.client, opened));
  if (opened?.['fenced'] !== true) return undefined;
  if (opened['has_timeouts'] === true) await session.client.query(raiseTimeouts);
  // With a stricter isolation level, the snapshot is older than the fence, so another connection reads the ledger.
  const now =
    opened['is_fresh'] === true || !side ? answer : (await side.query(`SELECT ${recorded} AS recorded`)).rows[0];
  return {
    transaction: { xid: String(opened['xid']), commit: 'not sent' },
    ledger:
      Number(now?.['recorded']) === steps.filter((step) => step.direction === 'down').length ? 'as it was' : 'changed',
    asExpected: answer?.['as_expected'] === true,
  };
}

function namesOf(steps: readonly DirectedMigration[]): string {
  return steps.map((step) => quoteLiteral(step.migration.name)).join(', ');
}

function recordedSql(steps: readonly DirectedMigration[], { tables }: ApplyContext): string {
  // For a single name, this takes a third of the time less, and a run asks it for every migration.
  if (steps.length === 1) return `EXISTS (SELECT FROM ${tables.ledger} WHERE name = ${namesOf(steps)})::int`;
  return `(SELECT count(DISTINCT name)::int FROM ${tables.ledger} WHERE name IN (${namesOf(steps)}))`;
}

/**
 * If the ledger has changed, the session of an earlier process may have finished these steps in the meantime. In that case the log shows
 * it, because TypeORM does not write to the log. Throws if anything else has changed the ledger.
 */
export async function assertFinishedMeanwhile(
  client: SqlClient,
  steps: readonly DirectedMigration[],
  context: ApplyContext,
): Promise<void> {
  const direction = steps[0]?.direction;
  const { rows } = await client.query(
    `SELECT ${recordedSql(steps, context)} AS recorded, (SELECT count(*)::int FROM (SELECT DISTINCT ON (migration) state FROM ${context.tables.log}
       WHERE migration IN (${namesOf(steps)}) AND state IN ('applied', 'reverted') ORDER BY migration, id DESC) AS last
     WHERE state = '${direction === 'up' ? 'applied' : 'reverted'}') AS finished`,
  );
  const recorded = direction === 'up' ? steps.length : 0;
  const isFinished = rows[0]?.['finished'] === steps.length && rows[0]['recorded'] === recorded;
  if (isFinished && steps.every((step) => step.direction === direction)) return;
  throw new MigrateError({
    code: 'LOCK_LOST',
    message:
      'The list of applied migrations was changed while this process held the lock, by something that takes no lock (perhaps TypeORM itself). This migration was not started.',
    next: 'Look at `nest-migrate status`, then run the command again.',
  });
}
