import { ExitCode, isMigrateError, MigrateError } from '../errors.js';
import type { Due } from '../events.js';
import { ownTablesDamaged } from '../database/damaged.js';
import { withReader } from '../database/client.js';
import { ensureTables, readLedger } from '../database/ledger.js';
import { note } from '../database/log.js';
import type { DeferredNote, Note } from '../database/log.js';
import type { LogUse } from '../database/log-columns.js';
import { unseenByName } from '../files/several-in-file.js';
import { loadAll } from '../files/load-all.js';
import { timestampOf } from '../files/name.js';
import type { KnownMigration } from '../files/migration.js';
import type { ContractPolicy } from '../options.js';
import { changeByMigration, changesOf, firstChanges } from './changes.js';
import { findByReference } from './choose.js';
import type { CommandContext, Survey } from './context.js';
import type { PendingMigration, RunOptions } from './types.js';

/** What a run does with the pending migrations. */
export interface RunPlan {
  readonly chosen: readonly KnownMigration[];
  /** Contract migrations that the run defers, even if an earlier run has already deferred them. */
  readonly deferred: readonly Deferred[];
  /** The ones that are deferred for the first time, so that this run has to record them. */
  readonly unnoted: readonly string[];
}

export interface Deferred {
  readonly migration: KnownMigration;
  readonly due: Due;
}

/** Decides which pending migrations run, in the order of their files: a contract migration runs before newer ones. */
export function planRun(now: Survey, options: RunOptions, policy: ContractPolicy): RunPlan {
  const runs = upTo(now, options).filter(chooserOf(now, options, policy));
  const chosen =
    options.count === undefined ? runs : firstChanges(runs, options.count, changeByMigration(changesOf(now)));
  const [leftOut] = runs.slice(chosen.length);
  const deferred = upTo(now, options)
    .filter((migration) => migration.phase === 'contract' && !runs.includes(migration))
    // A contract migration whose expand migrations are not done yet is not deferred; its turn has not come.
    .filter((migration) => leftOut === undefined || migration.timestamp < leftOut.timestamp)
    .map((migration) => ({ migration, due: dueOf(migration, now, policy) }));
  const unnoted = deferred.map(({ migration }) => migration.name).filter((name) => noteOf(name, now) === undefined);
  return { chosen, deferred, unnoted: options.mode === 'dry' ? [] : unnoted };
}

function upTo(now: Survey, { to }: RunOptions): readonly KnownMigration[] {
  if (to === undefined) return now.pending;
  const last = findByReference(to, now.known);
  const place = new Map(now.known.map(({ name }, index) => [name, index]));
  const end = place.get(last.name) ?? 0;
  return now.pending.filter(({ name }) => (place.get(name) ?? Infinity) <= end);
}

function chooserOf(now: Survey, options: RunOptions, policy: ContractPolicy): (migration: KnownMigration) => boolean {
  // A target includes everything before it. And a migration that is recorded as done should not be recorded a deploy later.
  const phase = options.phase ?? (options.to !== undefined || options.mode === 'fake' ? 'all' : 'due');
  switch (phase) {
    case 'all':
      return () => true;
    case 'expand':
      return (migration) => migration.phase !== 'contract';
    case 'contract':
      return (migration) => migration.phase === 'contract';
    case 'due':
      // If nothing is applied, no running version of the app can need what is dropped.
      return (migration) => now.state.applied.length === 0 || dueOf(migration, now, policy) === 'next run';
  }
}

function dueOf(migration: KnownMigration, now: Survey, policy: ContractPolicy): Due {
  if (migration.phase !== 'contract' || policy === 'immediately') return 'next run';
  // It has already been started, so it is due.
  if (now.state.halfDone.some((row) => row.migration === migration.name)) return 'next run';
  if (policy === 'manual') return 'manual';
  const note = noteOf(migration.name, now);
  const newest = now.known.at(-1)?.timestamp ?? 0;
  return note !== undefined && newest > (timestampOf(note.newest) ?? 0) ? 'next run' : 'next deploy';
}

function noteOf(name: string, now: Survey): DeferredNote | undefined {
  return now.state.deferred.findLast((note) => note.migration === name);
}

/** Whether an earlier run has deferred this contract migration, so that the app may start without it. */
export function isDeferred(migration: KnownMigration, now: Survey): boolean {
  return migration.phase === 'contract' && noteOf(migration.name, now) !== undefined;
}

export function describePending(now: Survey, policy: ContractPolicy): readonly PendingMigration[] {
  return now.pending.map((migration) => {
    const { name, timestamp, phase = 'expand' } = migration;
    if (!isDeferred(migration, now)) return { name, timestamp, phase };
    return { name, timestamp, phase, deferred: true, due: dueOf(migration, now, policy) };
  });
}

/** Whether a migration is older than applied ones because it was deferred, rather than because of a merge. */
export function isMeantToBeLate(migration: KnownMigration, now: Survey, policy: ContractPolicy): boolean {
  return migration.phase === 'contract' && (policy !== 'immediately' || isDeferred(migration, now));
}

/** The pending migrations with the phases from their loaded files. Until then, the phases are read from the texts. */
export async function withLoadedPhases(now: Survey, { chosen, unnoted }: RunPlan): Promise<Survey> {
  const about = new Set([...chosen.map(({ name }) => name), ...unnoted]);
  const concerned = now.pending.filter(({ name }) => about.has(name));
  const phases = new Map((await loadAll(concerned)).map(({ name, phase }) => [name, phase]));
  const pending = now.pending.map((migration) => ({
    ...migration,
    phase: phases.get(migration.name) ?? migration.phase,
  }));
  return { ...now, pending };
}

/** A contract migration removes what its expand migrations have replaced. Without those, data would be lost. */
export function refuseContractFirst({ chosen }: RunPlan, options: RunOptions, now: Survey): void {
  const last = chosen.at(-1);
  if (options.phase !== 'contract' || last === undefined) return;
  const missing = now.pending.filter(({ phase, timestamp }) => phase !== 'contract' && timestamp < last.timestamp);
  if (missing.length === 0) return;
  throw new MigrateError({
    code: 'MIGRATIONS_PENDING',
    message: `These must be applied before the contract migration ${last.name}: ${missing.map(({ name }) => name).join(', ')}. Nothing was changed.`,
    next: 'Run them first: nest-migrate run --phase expand. Or run everything in order: nest-migrate run --phase all',
    migration: last.name,
    exitCode: ExitCode.todo,
  });
}

/**
 * Records the contract migrations that this run has deferred, after all others have succeeded: if one had failed, a newer version would not
 * prove that this version was ever deployed. The connection that holds the lock is not used, because its transaction is never committed.
 */
export async function recordDeferrals(
  { unnoted }: RunPlan,
  now: Survey,
  log: LogUse,
  context: CommandContext,
): Promise<void> {
  await record('deferred', unnoted, now, log, context);
}

/**
 * Records, before the first one runs, the migrations that a later run would not find by the names of files if this one stops between two
 * migrations of the same file.
 */
export async function recordAwaited(
  { chosen }: RunPlan,
  now: Survey,
  log: LogUse,
  context: CommandContext,
): Promise<void> {
  const unseen = new Set(unseenByName(now.known).map(({ name }) => name));
  const migrations = chosen.map(({ name }) => name).filter((name) => unseen.has(name));
  await record('awaited', migrations, now, log, context);
}

const unrecorded = {
  awaited: 'Nothing was changed.',
  deferred: 'Everything else is done. It is not recorded yet that this is deferred.',
} as const;

async function record(
  state: Note['state'],
  migrations: readonly string[],
  now: Survey,
  log: LogUse,
  context: CommandContext,
): Promise<void> {
  const newest = now.known.at(-1)?.name;
  if (migrations.length === 0 || newest === undefined) return;
  await withReader(context, async (client) => {
    await ensureTables(client, context.tables, (await readLedger(client, context.tables)).exists, context.onEvent);
    await note({ state, migrations, newest }, client, context.tables, log).catch(async (error: unknown) => {
      const at = { migration: migrations.join(', '), sql: undefined, state: unrecorded[state] };
      throw (await ownTablesDamaged(error, at, { tables: context.tables, client })) ?? error;
    });
  });
}

/** Reports the deferred migrations and returns their names. */
export function tellDeferred({ deferred }: RunPlan, context: CommandContext): readonly string[] {
  for (const { migration, due } of deferred) {
    context.onEvent({ type: 'deferred', migration: migration.name, due });
  }
  return deferred.map(({ migration }) => migration.name);
}

/** A failure may be caused by running a newer migration before a deferred one, for example if two deploys were combined. */
export function blameDeferred(error: unknown, { deferred }: RunPlan, now: Survey): unknown {
  if (!isMigrateError(error) || error.code !== 'MIGRATION_FAILED') return error;
  const failed = now.pending.find(({ name }) => name === error.migration);
  const skipped = deferred.filter(({ migration }) => migration.timestamp < (failed?.timestamp ?? 0));
  if (skipped.length === 0) return error;
  const names = skipped.map(({ migration }) => migration.name).join(', ');
  return error.with({
    next: `${error.next}\nIf it needs what was deferred before it (${names}), and no old version of the app is running: nest-migrate run --phase all`,
  });
}
