import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../errors.js';
import type { MigrateError } from '../errors.js';
import { inTransaction, requestedBackfill } from './backfill.js';
import { isConnectionLost } from './client.js';
import { isolationLevelOf } from '../typeorm/driver.js';
import { abortable, cancelled, pause } from './cancel.js';
import type { SqlResult } from './sql-client.js';
import { notRecorded } from './denied.js';
import { downOf } from './downs.js';
import { DeniedExtensions } from './denied-extensions.js';
import { isLockFailure, migrationFailed } from './failure.js';
import type { NotGranted } from './failure.js';
import { reasonInCatalog } from './elsewhere.js';
import { fateOf, nextAfter, notConnected, outcomeUnknown, rollback, stateAfter } from './fate.js';
import { assertFinishedMeanwhile, openFenced } from './fence.js';
import type { Fenced } from './fence.js';
import { logFailure } from './log.js';
import { OwnEnding } from './own-ending.js';
import { takenOver } from './progress.js';
import { endedBehind, NotRecorded, recordAndCommit, recordStep } from './record.js';
import type { Done } from './record.js';
import { reasonForEnding } from './ending.js';
import { noticingSelfWait } from './self-wait.js';
import { setName, transactionSettings } from './transaction-settings.js';
import { untilGranted } from './until-granted.js';
import { withSession } from './session.js';
import type { Execute, Session } from './session.js';
import { isolationLevelIn } from '../sql/index.js';
import { attemptOf, executeMigration } from './directed-migration.js';
import type { ApplyContext, DirectedMigration } from './directed-migration.js';

/**
 * Whether a COMMIT waits until it is on disk. Only the last one of a run has to: the server writes commits in order, so all others are on
 * disk with it. If the server crashes before that, the end of the run is lost, each migration together with its row in the ledger, and the
 * run has not reported success. On a slow disk, waiting for each COMMIT would take longer than the migrations.
 */
export type Commit = 'on-disk' | 'with-the-last';

/**
 * Runs migrations in one transaction together with their rows in ledger and log: all or nothing. If it does not get its table locks in
 * time, it is rolled back, so that queued queries can continue, and retried as a whole. Returns how long each migration took; undefined if
 * a session of an earlier process has finished them in the meantime.
 */
export async function applyInTransaction(
  steps: readonly DirectedMigration[],
  context: ApplyContext,
  commit: Commit = 'on-disk',
): Promise<readonly number[] | undefined> {
  const connectEnd = performance.now() + context.settings.connect.timeoutMs;
  const attempt = async (): Promise<Exclude<Outcome, NotBegun>> => {
    for (;;) {
      const outcome = await attemptOnce(steps, context, commit);
      if (!('notBegun' in outcome)) return outcome;
      if (performance.now() >= connectEnd) throw outcome.notBegun;
      await pause(context.settings.connect.retryEveryMs, context.signal);
    }
  };
  return (await untilGranted(context, () => stateAfter('rolled back', steps), attempt)).durations;
}

interface Finished {
  readonly durations: readonly number[] | undefined;
}

/** The connection was lost before the transaction was open, for example an idle one of a pool. Another connection may work. */
interface NotBegun {
  readonly notBegun: MigrateError;
}

type Outcome = Finished | NotBegun | NotGranted;

async function attemptOnce(
  steps: readonly DirectedMigration[],
  context: ApplyContext,
  commit: Commit,
): Promise<Outcome> {
  const at: Attempting = { steps, durations: [], denied: new DeniedExtensions(), started: performance.now() };
  // Our own questions come before the first statement of the migration, and a level can no longer be set after them.
  const reopen = async (session: Session, level: string): Promise<void> => {
    await rollback(session);
    at.transaction = await begin(session, steps, context, commit, ` ISOLATION LEVEL ${level}`);
    if (at.transaction === undefined) throw takenOver(at.step as DirectedMigration);
  };
  const execute = (session: Session): Execute => {
    const next = at.denied.executing(session);
    at.ending = new OwnEnding(session, context, at.denied, () => ({
      step: at.step as DirectedMigration,
      transaction: at.transaction as Fenced,
      isShared: steps.length > 1,
    }));
    let isFirst = true;
    return at.ending.executing(async (sql, parameters, run) => {
      const level = isFirst ? isolationLevelIn(sql) : undefined;
      isFirst = false;
      if (level !== undefined) await reopen(session, level);
      const backfill = requestedBackfill(session.queryRunner, sql);
      if (backfill) throw inTransaction(backfill.table);
      return next(sql, parameters, run);
    });
  };
  const migration = (): string => (at.step ?? steps[0])?.migration.name ?? '';
  const unconnected = (error: unknown): unknown => notConnected(error, steps, context);
  const observed = {
    ...context,
    migration,
    execute,
    unconnected,
    waitsForSnapshots: () => at.ending?.rest !== undefined,
  };
  return withSession(observed, async (session) => {
    try {
      at.transaction = await begin(session, steps, context, commit);
      if (at.transaction === undefined) return { durations: undefined };
      for (const [index, step] of steps.entries()) {
        at.step = step;
        const done = await applyStep(session, step, context);
        at.denied.throwFirst();
        at.durations.push(done.durationMs ?? 0);
        if (at.ending?.rest) await at.ending.rest.finish(done.down);
        else if (step === steps.at(-1)) await recordAndCommit(session, at.transaction, done, context);
        else await recordStep(session, at.transaction, done, context, steps[index + 1]);
      }
      return { durations: at.durations };
    } catch (thrown) {
      return await afterFailure(at.denied.reasonOf(session.causeOf(thrown), session), at, session, context);
    } finally {
      await at.ending?.close();
    }
  });
}

/** An attempt to run migrations in one transaction, as far as it has come. */
interface Attempting {
  readonly steps: readonly DirectedMigration[];
  readonly durations: number[];
  readonly denied: DeniedExtensions;
  readonly started: number;
  /** The migration that is being executed. */
  step?: DirectedMigration;
  transaction?: Fenced | undefined;
  ending?: OwnEnding;
}

/** Finds out what remains of a failed attempt. Returns if it has succeeded in spite of the failure, or can be repeated. */
async function afterFailure(
  error: unknown,
  { steps, step, durations, denied, started, transaction, ending }: Attempting,
  session: Session,
  context: ApplyContext,
): Promise<Outcome> {
  if (ending?.rest) {
    await ending.rest.stop(error);
    return { durations };
  }
  const fate = await fateOf(session, transaction, steps, context);
  if (fate === 'committed' && transaction?.commit === 'sent') return { durations };
  if (fate === 'unknown') throw outcomeUnknown(error, steps);
  const { sql, statement, blockers } = session.progress;
  const migration = (step ?? steps[0])?.migration.name ?? '';
  const state = stateAfter(fate, steps);
  if (context.signal.aborted) throw cancelled(context.signal, state);
  if (fate === 'rolled back' && isLockFailure(error))
    return { migration, sql, reason: messageOf(error), blockers, error };
  if (step && fate !== 'committed') {
    const attempt = attemptOf(step, context, 'transactional');
    await logFailure(session.client, context.tables, attempt, messageOf(error), performance.now() - started);
  }
  if (step && error instanceof NotRecorded) throw endedBehind(step, state);
  const direction = steps[0]?.direction ?? 'up';
  const hint = fate === 'rolled back' ? await reasonInCatalog(session.client, error) : reasonForEnding(error);
  const at = { migration, direction, sql, statement, state, hint, denied: denied.statements };
  const where = { tables: context.tables, client: session.client };
  const failure =
    (await notRecorded(error, at, where)) ?? migrationFailed(error, { ...at, ...nextAfter(fate, direction) });
  if (transaction === undefined && isConnectionLost(error)) return { notBegun: failure };
  throw failure;
}

async function applyStep(session: Session, step: DirectedMigration, context: ApplyContext): Promise<Done> {
  session.progress.statement = 0;
  session.progress.sql = undefined;
  const started = performance.now();
  const runnable = await step.migration.prepare(session.queryRunner, context.instantiate, 'run');
  // The server executes the first statement in the meantime.
  const down = nextTurn().then(() => downOf(step, runnable, 'in a transaction', context.downs));
  down.catch(() => undefined);
  const execute = () => executeMigration(runnable, step, session, context);
  await abortable(context.signal, () => noticingSelfWait(step.migration.name, session, context, execute));
  context.lock.assertHeld();
  session.progress.sql = undefined;
  const durationMs = performance.now() - started;
  return { step, durationMs, down: await down };
}

/**
 * Opens the transaction with its timeouts once no session of an earlier process holds the fence. Undefined if such a session has finished
 * these steps in the meantime.
 */
export async function begin(
  session: Session,
  steps: readonly DirectedMigration[],
  context: ApplyContext,
  commit: Commit = 'on-disk',
  level = isolationLevelOf(context.dataSource),
): Promise<Fenced | undefined> {
  const { settings } = context;
  const open = async (questions: string): Promise<readonly SqlResult[]> => {
    let results: readonly SqlResult[] = [];
    await session.unwatched(
      () => session.queryRunner.startTransaction(),
      async (sql) => {
        // One message includes our own statements and the isolation level, which TypeORM would send separately.
        if (sql !== 'START TRANSACTION') return;
        session.progress.own = 'BEGIN';
        results = (await session.client.query(
          `START TRANSACTION${level};
           SET LOCAL lock_timeout = ${settings.lockTimeoutMs}; SET LOCAL statement_timeout = ${settings.statementTimeoutMs}; ${transactionSettings(context.lock)};
           ${setName(steps[0])};${commit === 'on-disk' ? '' : ' SET LOCAL synchronous_commit = off;'}
           ${questions}`,
        )) as unknown as readonly SqlResult[];
      },
    );
    return results;
  };
  const opened = await openFenced({ steps, open, giveUp: () => rollback(session) }, session, context);
  if (opened.ledger === 'as it was') return opened.transaction;
  await rollback(session);
  await assertFinishedMeanwhile(session.client, steps, context);
  return undefined;
}
