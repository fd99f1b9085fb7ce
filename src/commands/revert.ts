import { isMigrateError, MigrateError } from '../errors.js';
import { withReader } from '../database/client.js';
import type { SqlClient } from '../database/sql-client.js';
import type { LedgerRow } from '../database/ledger.js';
import { holdLock } from '../database/lock.js';
import { readDetails } from '../database/log.js';
import { noneAdded, upgradeLog } from '../database/log-columns.js';
import { untilConnected } from '../database/retry.js';
import { halfDoneError } from '../database/resume.js';
import type { MigrationList } from '../files/migration.js';
import { changeByMigration, changesOf, firstChanges, logUse } from './changes.js';
import { checkCount, findByReference } from './choose.js';
import { list, survey, surveyInside } from './context.js';
import type { CommandContext, Survey } from './context.js';
import { findToRevert } from './kept-downs.js';
import { refuseOnlyRecorded } from './only-recorded.js';
import type { Need } from './kept-downs.js';
import type { RedoOptions, RedoResult, RevertedChange, RevertOptions, RevertResult } from './types.js';
import { execute } from './execute.js';
import type { Execution, PlannedStep } from './execute.js';

/** Reverts the migrations that were applied last, in the reverse order. */
export async function revert(options: RevertOptions, context: CommandContext): Promise<RevertResult> {
  checkCount(options.count);
  const back: Way = { need: 'to revert', plan: (down) => down };
  const { steps, changes, kept, waitedForLockMs, statements } = await goBack(options, context, back);
  const reverted = steps.map(({ name, durationMs }) => ({ name, durationMs }));
  return {
    reverted,
    changes,
    ...(kept.length > 0 && { kept }),
    waitedForLockMs,
    ...(statements && { statements }),
  };
}

/** Reverts these migrations, wherever they are in the order. */
export async function revertThese(names: readonly string[], context: CommandContext): Promise<readonly string[]> {
  const { steps } = await goBack({}, context, { need: 'to revert', only: new Set(names), plan: (down) => down });
  return steps.map(({ name }) => name);
}

/** Reverts the last changes and runs them again, without letting another process in between. */
export async function redo(options: RedoOptions, context: CommandContext): Promise<RedoResult> {
  checkCount(options.count);
  const { steps, changes, waitedForLockMs } = await goBack(options, context, {
    need: 'to run again',
    plan: (down) => [...down, ...down.map(({ migration }) => ({ migration, direction: 'up' as const })).reverse()],
  });
  const only = (direction: 'up' | 'down') =>
    steps.filter((step) => step.direction === direction).map(({ name, durationMs }) => ({ name, durationMs }));
  return { reverted: only('down'), changes, applied: only('up'), waitedForLockMs };
}

const nothing = { steps: [], changes: [], kept: [], waitedForLockMs: 0, statements: undefined };

interface Way {
  readonly need: Need;
  /** Overrides the choice by the options. */
  readonly only?: ReadonlySet<string>;
  readonly plan: (down: readonly PlannedStep[]) => readonly PlannedStep[];
}

interface WentBack {
  readonly steps: Execution['finished'];
  readonly changes: readonly RevertedChange[];
  /** The reverted migrations that have no file here. */
  readonly kept: readonly string[];
  readonly waitedForLockMs: number;
  readonly statements: Execution['statements'];
}

async function goBack(options: RevertOptions, context: CommandContext, way: Way): Promise<WentBack> {
  const found = await list(context);
  return untilConnected(context, (watched) => goBackNow(found, options, watched, way));
}

async function goBackNow(
  found: MigrationList,
  options: RevertOptions,
  context: CommandContext,
  { need, plan, only }: Way,
): Promise<WentBack> {
  const before = await withReader(context, (client) => survey(client, found, context));
  if (before.state.applied.length === 0 && before.state.halfDone.length === 0) return nothing;
  const locked = await holdLock(
    context,
    () => Promise.resolve(true),
    async (lock, client) => {
      const columns = options.mode === 'dry' ? noneAdded : await upgradeLog(before.state.logColumns, client, context);
      const now = await surveyInside(client, found, context);
      const unfinished = now.state.halfDone.find((row) => row.direction === 'up');
      if (unfinished) throw halfUp(unfinished.migration, unfinished, now);
      if (only === undefined) refuseOthersMeanwhile(before, now, options);
      const rows = only
        ? now.state.applied.filter(({ name }) => only.has(name)).reverse()
        : await choose(options, now, client, context);
      if (only === undefined) await refuseOnlyRecorded(rows, options, now, client, context);
      const { migrations, kept } = await findToRevert(rows, need, now, client, context);
      const down = migrations.map((migration) => ({ migration, direction: 'down' as const }));
      if (down.length === 0) return { ...nothing, waitedForLockMs: lock.waitedMs };
      const changes = revertedChanges(rows, now);
      if (options.unit !== 'step') tellParts(changes, context);
      const { transaction } = context.settings;
      const execution = await execute(
        plan(down),
        { transaction, mode: options.mode ?? 'real', halfDone: now.state.halfDone, log: logUse(columns, now, context) },
        lock,
        client,
        context,
      ).catch((error: unknown) => {
        throw need === 'to revert' && only === undefined ? sayingHowFar(error, rows, now) : error;
      });
      const { finished: steps, statements } = execution;
      return { steps, changes, kept, waitedForLockMs: lock.waitedMs, statements };
    },
  );
  return locked.held ? locked.value : { ...nothing, waitedForLockMs: locked.waitedMs };
}

async function choose(
  options: RevertOptions,
  now: Survey,
  client: SqlClient,
  context: CommandContext,
): Promise<readonly LedgerRow[]> {
  const newestFirst = now.state.applied.toReversed();
  if (options.to !== undefined) {
    const files = new Map(now.known.map(({ name, file }) => [name, file]));
    const named = now.state.applied.map(({ name, timestamp }) => ({ name, timestamp, file: files.get(name) }));
    const stays = findByReference(options.to, named);
    return newestFirst.slice(
      0,
      newestFirst.findIndex(({ name }) => name === stays.name),
    );
  }
  if (options.which === 'all') return newestFirst;
  if (options.which === 'last-run') return ofLastRun(newestFirst, client, context);
  const { count = 1, unit = 'change' } = options;
  return unit === 'step'
    ? newestFirst.slice(0, count)
    : firstChanges(newestFirst, count, changeByMigration(changesOf(now)));
}

/** Which change is the last one was decided when the command was typed. */
function refuseOthersMeanwhile(before: Survey, now: Survey, { to, which }: RevertOptions): void {
  if (to !== undefined || which === 'all') return;
  const [then, known] = [before, now].map(({ state }) => state.applied.map(({ name }) => name));
  if (then?.join() === known?.join()) return;
  const added = known?.filter((name) => !then?.includes(name)) ?? [];
  const what = added.length > 0 ? `applied ${added.join(', ')}` : 'reverted migrations';
  throw new MigrateError({
    code: 'LEDGER_CHANGED',
    message: `While this waited for the lock, another process has ${what}. Nothing was reverted.`,
    next: 'Look at `nest-migrate status`. If it still is what you want, type the same command again.',
  });
}

/** To type the command again would revert other changes after a part of them is reverted. */
function sayingHowFar(error: unknown, rows: readonly LedgerRow[], { state }: Survey): unknown {
  const first = rows.at(-1)?.name;
  const at = state.applied.findIndex(({ name }) => name === first);
  if (!isMigrateError(error) || rows.length < 2 || at === -1) return error;
  const stays = state.applied[at - 1];
  const again = `nest-migrate revert ${stays === undefined ? '--all' : `--to ${stays.name}`}`;
  return error.with({ next: error.next.replaceAll(/nest-migrate revert(?! --)/g, again) });
}

function revertedChanges(rows: readonly LedgerRow[], now: Survey): readonly RevertedChange[] {
  const reverted = new Set(rows.map(({ name }) => name));
  const byMigration = changeByMigration(changesOf(now));
  const changes = new Set(rows.flatMap(({ name }) => byMigration.get(name) ?? []));
  return [...changes].map(({ name, migrations }) => {
    const names = migrations.map((one) => one.name).filter(now.isApplied);
    return {
      name,
      migrations: names.filter((one) => reverted.has(one)).reverse(),
      stay: names.filter((one) => !reverted.has(one)),
    };
  });
}

/** If other changes were applied in the middle of a change, only the migrations after those are reverted. */
function tellParts(changes: readonly RevertedChange[], context: CommandContext): void {
  for (const { name, migrations, stay } of changes) {
    if (stay.length === 0) continue;
    context.onEvent({
      type: 'warning',
      code: 'REVERTED_IN_PART',
      message: `Only a part of the change ${name} is reverted (${migrations.join(', ')}): ${stay.join(', ')} ${stay.length === 1 ? 'was' : 'were'} applied before other changes, and ${stay.length === 1 ? 'stays' : 'stay'}.`,
    });
  }
}

async function ofLastRun(
  newestFirst: readonly LedgerRow[],
  client: SqlClient,
  context: CommandContext,
): Promise<readonly LedgerRow[]> {
  const details = await readDetails(client, context.tables).catch(() => new Map());
  const batch = details.get(newestFirst[0]?.name ?? '')?.batch as number | undefined;
  if (batch === undefined) {
    throw new MigrateError({
      code: 'USAGE',
      message: `The run that applied ${newestFirst[0]?.name} is not recorded, because TypeORM applied it. Nothing was changed.`,
      next: 'Use --count or --to instead of --last-run.',
    });
  }
  const end = newestFirst.findIndex((row) => details.get(row.name)?.batch !== batch);
  return end === -1 ? newestFirst : newestFirst.slice(0, end);
}

function halfUp(name: string, row: Survey['state']['halfDone'][number], { known }: Survey): MigrateError {
  if (!known.some((one) => one.name === name)) return halfDoneError(name, row, 'not here');
  const error = halfDoneError(name, row);
  return error.with({ next: `Finish it first: nest-migrate run\nOr decide by hand:\n${error.next}` });
}
