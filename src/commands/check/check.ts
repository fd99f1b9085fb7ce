import { abortable } from '../../database/cancel.js';
import { isMigrateError } from '../../errors.js';
import type { Stage } from '../../events.js';
import { fromHere } from '../../data-source/describe.js';
import { listMigrations } from '../../files/list-migrations.js';
import { lockPlace, readPlace, readLock, remakeLock } from '../../files/lock-place.js';
import type { MigrationList } from '../../files/migration.js';
import type { CommandContext } from '../context.js';
import { branchesStep } from './branches.js';
import type { CheckFinding, CheckOptions, CheckResult, CheckStep, CheckStepName, Judged } from './types.js';
import { databaseStep } from './database.js';
import { driftStep } from './drift.js';
import { entitiesStep } from './entities.js';
import { filesStep, loadAll } from './files.js';
import { lintStep } from './lint.js';
import { replayStep } from './replay.js';
import { rowsStep } from './rows.js';
import { findingOf, isImpossible, placeOf } from './work.js';
import type { CheckedLock, CheckWork } from './work.js';

/** The name of a step, the stage that is shown while it runs, and its work. */
type CheckStepWork = readonly [CheckStepName, Stage, (work: CheckWork) => Promise<readonly CheckFinding[] | Found>];

/** The findings of a step that judges only some of the migrations. */
interface Found {
  readonly findings: readonly CheckFinding[];
  readonly judged: Judged;
}

/**
 * The steps run in this order. Each continues after a failure of another, so that all problems are reported at once. A new step needs a
 * line here, and its name in types.ts.
 */
const withoutDatabase: readonly CheckStepWork[] = [
  ['files', 'checking the files', filesStep],
  ['branches', 'checking the branches', branchesStep],
  ['replay', 'replaying the migrations', replayStep],
  ['entities', 'reading the entities', entitiesStep],
  ['lint', 'judging the migrations', lintStep],
];

/** Runs only on request, because it takes long. */
const withRowsMadeUp: CheckStepWork = ['rows', 'trying the migrations on rows', rowsStep];

/** Steps that need the database of the data source. */
const withDatabase: readonly CheckStepWork[] = [
  ['database', 'reading the database', databaseStep],
  ['drift', 'comparing the schemas', driftStep],
];

/** The command for CI: checks everything that can be known about the migrations before they run. */
export async function check(options: CheckOptions, context: CommandContext): Promise<CheckResult> {
  const before = await look(options, context);
  const written = options.writeLock === true && (await writeLock(before));
  const work = written ? { ...before, lock: await lockOf(before.list, context) } : before;
  const steps: CheckStep[] = [];
  for (const step of chosen(options))
    steps.push(await abortable(context.signal, () => perform(step, work), 'The check is incomplete.'));
  return {
    ok: steps.every(({ state }) => state !== 'failed'),
    steps,
    ...(written && { written: fromHere(work.lock.place.file) }),
  };
}

async function look(options: CheckOptions, context: CommandContext): Promise<CheckWork> {
  const list = await listMigrations(context);
  return { context, options, list, ...(await loadAll(list)), lock: await lockOf(list, context) };
}

async function lockOf(list: MigrationList, { settings }: CommandContext): Promise<CheckedLock> {
  const place = await readPlace(await lockPlace(list, settings.dir));
  try {
    return { place, content: await readLock(place.file) };
  } catch (error) {
    return { place, content: undefined, unread: findingOf(error, placeOf(place.file)) };
  }
}

/** Accepts the current files as they are, except for branches that conflict, which the step `branches` reports. */
async function writeLock(work: CheckWork): Promise<boolean> {
  const { place, content, unread } = work.lock;
  // If no file matches, the pattern may be mistyped, and no folder should be created for it.
  if (place.sources.length === 0 && content === undefined && unread === undefined) return false;
  const findings = await branchesStep(work);
  if (findings.some(({ severity }) => severity === 'error')) return false;
  await remakeLock(place);
  return true;
}

function chosen({ database, withRows, only, skip = [] }: CheckOptions): readonly CheckStepWork[] {
  return [
    ...withoutDatabase.filter(([name]) => (only === undefined || only.includes(name)) && !skip.includes(name)),
    ...(withRows === true ? [withRowsMadeUp] : []),
    ...(database === true ? withDatabase : []),
  ];
}

async function perform([name, stage, step]: CheckStepWork, work: CheckWork): Promise<CheckStep> {
  work.context.onEvent({ type: 'stage', stage });
  try {
    const found = await step(work);
    const { findings, ...more } = 'findings' in found ? found : { findings: found };
    const failed = findings.some(({ severity }) => severity === 'error');
    return { name, state: failed ? 'failed' : findings.length > 0 ? 'notice' : 'ok', findings, ...more };
  } catch (error) {
    if (!isMigrateError(error) || !isImpossible(error)) throw error;
    return { name, state: 'failed', findings: [findingOf(error)], error: error.code };
  }
}
