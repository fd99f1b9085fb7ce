import type { QueryRunner } from 'typeorm';
import { ExitCode, isMigrateError, MigrateError } from '../errors.js';
import type { DryRunStatement } from '../errors.js';
import type { SqlClient } from '../database/sql-client.js';
import { createDowns, useOfDowns } from '../database/downs-table.js';
import { createExtensionsInside } from '../database/initialise.js';
import { createLedgerSchema } from '../database/ledger-schema.js';
import { createLedgerTable, ensureTables, readLedgerInside } from '../database/ledger.js';
import { lendQueryRunner, lendWatched } from '../database/lend-query-runner.js';
import type { Lock } from '../database/lock.js';
import { nextBatch } from '../database/log.js';
import type { HalfDone } from '../database/log.js';
import type { LogUse } from '../database/log-columns.js';
import { recordOnly } from '../database/fake.js';
import { recordedInBatch } from '../database/recorded.js';
import { connectionLost } from '../database/retry.js';
import { secondConnectionMissing } from '../database/second-connection.js';
import { dryRun } from '../database/rehearse.js';
import type { DryRunOptions } from '../database/rehearse.js';
import type { ApplyContext, DirectedMigration } from '../database/directed-migration.js';
import { applyInSteps } from '../database/steps.js';
import { applyInTransaction } from '../database/transaction.js';
import { isEmbedded } from '../data-source/embedded-brand.js';
import { loadAll } from '../files/load-all.js';
import type { KnownMigration, LoadedMigration } from '../files/migration.js';
import { setTo } from '../options.js';
import type { TransactionMode } from '../options.js';
import { createMetadataTable } from '../typeorm/schema-builder.js';
import type { CommandContext } from './context.js';
import type { Finished, RunMode } from './types.js';
import type { Direction } from '../events.js';

/** A step whose file has not been loaded yet. */
export interface PlannedStep {
  readonly migration: KnownMigration;
  readonly direction: Direction;
}

export interface Execution {
  readonly finished: readonly (Finished & { readonly direction: Direction })[];
  readonly statements?: readonly DryRunStatement[];
}

export interface ExecuteOptions {
  readonly transaction: TransactionMode;
  readonly mode: RunMode;
  readonly halfDone: readonly HalfDone[];
  readonly log: LogUse;
}

/** Executes the chosen steps in order, under the lock. An error says what was finished before it. */
export async function execute(
  planned: readonly PlannedStep[],
  options: ExecuteOptions,
  lock: Lock,
  client: SqlClient,
  context: CommandContext,
): Promise<Execution> {
  try {
    return await executeLocked(planned, options, lock, client, context);
  } catch (error) {
    const reason = context.signal.aborted ? undefined : await secondConnectionMissing(error, lock);
    if (reason === undefined) throw error;
    const known = isMigrateError(error) ? error : connectionLost(error, context);
    throw known.with({ message: `${known.message}\n${reason.message}`, next: reason.next });
  }
}

async function executeLocked(
  planned: readonly PlannedStep[],
  options: ExecuteOptions,
  lock: Lock,
  client: SqlClient,
  context: CommandContext,
): Promise<Execution> {
  const loaded = await loadAll(planned.map(({ migration }) => migration));
  const steps = planned.map(({ direction }, index) => ({ migration: loaded[index] as LoadedMigration, direction }));
  if (options.mode === 'dry') return rehearse(steps, options, lock, context);
  await context.initialise();
  const apply: ApplyContext = { ...context, lock, log: options.log, ...(await prepareTables(client, context)) };
  if (options.mode === 'fake') {
    if (!(await recordOnly(steps, apply))) return finishedMeanwhile(steps, apply);
    return { finished: steps.map((step) => finishedStep(step, 0, apply, 'fake')) };
  }
  await lendWatched(context, 'the queries that create the tables of TypeORM', (queryRunner) =>
    createMetadataTable(context.dataSource, queryRunner),
  );
  if (options.transaction === 'all') return allInOne(steps, apply, options);
  return oneByOne(steps, apply, options);
}

async function prepareTables(
  client: SqlClient,
  context: CommandContext,
): Promise<Pick<ApplyContext, 'batch' | 'downs'>> {
  const { exists } = await readLedgerInside(client, context.tables);
  const { downs = 'missing' } = exists;
  const createsDowns = downs === 'missing' && context.settings.keepDown;
  if (exists.ledger && exists.log && !createsDowns)
    return { downs: useOfDowns(downs, context), batch: await nextBatch(client, context.tables) };
  // Uses the data source's connection: the connection that holds the lock must not write, because new tables would stay invisible to all
  // others until it ends.
  const use = await lendWatched(context, 'the queries that create the tables of nest-migrate', async (queryRunner) => {
    const own = (await queryRunner.connect()) as SqlClient;
    await ensureTables(own, context.tables, exists, context.onEvent);
    return createsDowns ? createDowns(own, context) : useOfDowns(downs, context);
  });
  return { downs: use, batch: await nextBatch(client, context.tables) };
}

async function rehearse(
  steps: readonly DirectedMigration[],
  options: ExecuteOptions,
  lock: Lock,
  context: CommandContext,
): Promise<Execution> {
  const apply: ApplyContext = { ...context, lock, log: options.log, batch: 0, downs: 'leave' };
  return context.whileConnected(async (since) => {
    if (options.transaction === 'all') await refuseWithout(steps, apply, options);
    const prepare: DryRunOptions['prepare'] = async (session) => {
      await createLedgerSchema(session.client, context.tables);
      if (since === 'now') await createExtensionsInside(context.dataSource, session.client);
      await session.unwatched(() => createMetadataTable(context.dataSource, session.queryRunner));
      // Migrations may put right what it says of others.
      await session.client.query(createLedgerTable(context.tables));
    };
    return { finished: [], statements: await dryRun(steps, { transaction: options.transaction, prepare }, apply) };
  });
}

async function oneByOne(
  steps: readonly DirectedMigration[],
  context: ApplyContext,
  options: ExecuteOptions,
): Promise<Execution> {
  const finished: Execution['finished'][number][] = [];
  try {
    for (const [index, step] of steps.entries()) {
      const transactional = (await ownTransaction(step, options, context)) ?? options.transaction !== 'none';
      const halfDone = options.halfDone.find(
        (row) => row.migration === step.migration.name && row.direction === step.direction,
      );
      startedStep(step, index, steps.length, transactional, context);
      // An embedded PostgreSQL ends with the process, and would lose what it has not written by then.
      const commit = step === steps.at(-1) || isEmbedded(context.dataSource) ? 'on-disk' : 'with-the-last';
      const durationMs =
        transactional && halfDone === undefined
          ? (await applyInTransaction([step], context, commit))?.[0]
          : await applyInSteps(step, context, transactional ? 'in a transaction' : 'without a transaction');
      if (durationMs === undefined) finishedMeanwhile([step], context);
      else finished.push(finishedStep(step, durationMs, context, 'real'));
    }
    return { finished };
  } catch (error) {
    throw isMigrateError(error) ? await tellKept(error, finished, context) : error;
  }
}

async function allInOne(
  steps: readonly DirectedMigration[],
  context: ApplyContext,
  options: ExecuteOptions,
): Promise<Execution> {
  await refuseWithout(steps, context, options);
  steps.forEach((step, index) => startedStep(step, index, steps.length, true, context));
  const durations = await applyInTransaction(steps, context);
  if (durations === undefined) return finishedMeanwhile(steps, context);
  return { finished: steps.map((step, index) => finishedStep(step, durations[index] ?? 0, context, 'real')) };
}

async function refuseWithout(
  steps: readonly DirectedMigration[],
  context: ApplyContext,
  options: ExecuteOptions,
): Promise<void> {
  const without: string[] = options.halfDone.map((row) => row.migration);
  for (const step of steps)
    if ((await ownTransaction(step, options, context)) === false) without.push(step.migration.name);
  if (without.length === 0) return;
  throw new MigrateError({
    code: 'USAGE',
    message: `These migrations must run without a transaction, so they cannot share one: ${without.join(', ')}. Nothing was changed.`,
    next: `Use the default: ${setTo('transaction', 'each')}`,
    exitCode: ExitCode.usage,
  });
}

/** The transaction mode of the class. It may be set in the constructor, so reading it requires an instance. */
async function ownTransaction(
  step: DirectedMigration,
  { mode }: ExecuteOptions,
  context: ApplyContext,
): Promise<boolean | undefined> {
  const purpose = mode === 'dry' ? 'trial' : 'run';
  const prepare = (queryRunner: QueryRunner) => step.migration.prepare(queryRunner, context.instantiate, purpose);
  return (await lendQueryRunner(context, prepare)).transaction;
}

function startedStep(
  step: DirectedMigration,
  index: number,
  total: number,
  transactional: boolean,
  context: ApplyContext,
): void {
  const { migration, direction } = step;
  context.onEvent({
    type: 'migration-started',
    migration: migration.name,
    direction,
    position: index + 1,
    total,
    transactional,
  });
}

/** Another process has finished them, so this one reports none. */
function finishedMeanwhile(steps: readonly DirectedMigration[], context: ApplyContext): Execution {
  for (const { migration, direction } of steps)
    context.onEvent({ type: 'finished-meanwhile', migration: migration.name, direction });
  return { finished: [] };
}

/** Reports what was finished before a failure, according to the database: a server that has crashed has lost its last commits. */
async function tellKept(
  error: MigrateError,
  finished: Execution['finished'],
  context: ApplyContext,
): Promise<MigrateError> {
  if (finished.length === 0) return error;
  const recorded = await recordedInBatch(context);
  const nameOf = ({ name }: Finished): string => name;
  if (recorded === undefined) {
    return error.with({
      message: `${error.message}\nBefore it, these were committed, but the server did not answer when it was asked whether it still has them: ${finished.map(nameOf).join(', ')}.`,
    });
  }
  const isKept = (step: (typeof finished)[number]): boolean =>
    recorded.some(({ name, direction }) => name === step.name && direction === step.direction);
  const lost = finished.filter((step) => !isKept(step)).map(nameOf);
  const message =
    lost.length === 0
      ? error.message
      : `${error.message}\nThe server has lost what it committed last, which can happen in a crash: ${lost.join(', ')}.`;
  return error.with({ message, finished: finished.filter(isKept).map(nameOf) });
}

function finishedStep(
  step: DirectedMigration,
  durationMs: number,
  context: ApplyContext,
  mode: 'real' | 'fake',
): Execution['finished'][number] {
  const { direction } = step;
  const { name } = step.migration;
  context.onEvent({ type: 'migration-finished', migration: name, direction, durationMs, fake: mode === 'fake' });
  return { name, direction, durationMs: Math.round(durationMs) };
}
