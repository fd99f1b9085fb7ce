import type {
  CreateOptions,
  Finished,
  Resolution,
  RevertOptions,
  RunMode,
  RunOptions,
  StatusResult,
} from '../commands/types.js';
import { ExitCode, MigrateError } from '../errors.js';
import { milliseconds } from '../duration.js';
import { withMigrator } from './connect.js';
import { dryRunLines } from './dry-run-lines.js';
import type { GlobalFlags } from './flags.js';
import { listLines, untilFound } from './found-by.js';
import { many, showDuration } from './io.js';
import type { Io } from './io.js';
import type { OtherCommand } from './other-tools.js';
import { statusLines } from './status-lines.js';

interface ModeFlags {
  readonly fake?: boolean;
  readonly dryRun?: boolean;
}

type Handler<Flags, Args extends readonly unknown[] = []> = (
  io: Io,
  flags: GlobalFlags & Flags,
  ...args: Args
) => Promise<ExitCode>;

/** At a terminal, shows the progress of a statement that takes long. Elsewhere, nothing is loaded for that. */
async function watched<T>(io: Io, command: (io: Io) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return command(io);
  const { withSpinner } = await import('./spinner.js');
  return withSpinner(io, ({ stage: _shown, ...shown }) => command({ ...shown, stage: io.stage }));
}

const run: Handler<
  Pick<RunOptions, 'to' | 'count' | 'transaction' | 'phase'> &
    ModeFlags & { readonly plan?: boolean; readonly yes?: boolean; readonly strict?: boolean }
> = async (io, flags) => {
  const { to, count, transaction, phase } = flags;
  const result = await watched(io, (shown) =>
    withMigrator(shown, flags, async (migrator) => {
      if (flags.plan) {
        const planned = await migrator.plan({ to, count, phase, transaction });
        await (await import('./plan.js')).confirmPlan(shown, planned, flags);
      }
      return migrator.run({ to, count, transaction, phase, mode: modeOf(flags) });
    }),
  );
  io.result(result, () =>
    result.statements
      ? dryRunLines(result.statements)
      : [summary(result.applied, flags.fake ? 'recorded as applied' : 'applied', nothingToRun(result.deferred), io)],
  );
  return flags.strict && result.problems ? ExitCode.todo : ExitCode.done;
};

interface RecordedFlag {
  readonly recordedToo?: boolean;
}

const revert: Handler<
  Pick<RevertOptions, 'to' | 'count'> &
    ModeFlags &
    RecordedFlag & { readonly all?: boolean; readonly lastRun?: boolean; readonly step?: boolean }
> = async (io, flags) => {
  const { to, count, all, lastRun, recordedToo } = flags;
  const which = all ? 'all' : lastRun ? 'last-run' : undefined;
  const result = await watched(io, (shown) =>
    withMigrator(shown, flags, (migrator) =>
      migrator.revert({ to, count, which, unit: unitOf(flags), recordedToo, mode: modeOf(flags) }),
    ),
  );
  io.result(result, () =>
    result.statements
      ? dryRunLines(result.statements)
      : [summary(result.reverted, flags.fake ? 'recorded as reverted' : 'reverted', 'nothing is applied', io)],
  );
  return ExitCode.done;
};

const redo: Handler<RecordedFlag & { readonly count?: number; readonly step?: boolean }> = async (io, flags) => {
  const { count, recordedToo } = flags;
  const result = await watched(io, (shown) =>
    withMigrator(shown, flags, (migrator) => migrator.redo({ count, unit: unitOf(flags), recordedToo })),
  );
  io.result(result, () => [summary(result.applied, 'reverted and applied again', 'nothing is applied', io)]);
  return ExitCode.done;
};

const status: Handler<{ readonly check?: boolean }> = async (io, flags) => {
  const result: StatusResult = await withMigrator(io, flags, (migrator) => migrator.status());
  io.result(result, () => statusLines(result, io.paint));
  const now = result.pending.filter(({ deferred, due }) => !deferred || due === 'next run');
  const todo = now.length > 0 || result.problems.length > 0;
  return flags.check && todo ? ExitCode.todo : ExitCode.done;
};

const wait: Handler<{ readonly timeout?: string; readonly migrated?: boolean }> = async (io, flags) => {
  const timeoutMs = durationOf(flags.timeout, '--timeout');
  const until = flags.migrated ? 'migrated' : 'connected';
  const result = await withMigrator(io, flags, (migrator) => migrator.wait({ timeoutMs, until }));
  io.result(result, () => [
    `${flags.migrated ? 'All migrations were applied' : 'The server answered'} after ${showDuration(result.waitedMs)}.`,
  ]);
  return ExitCode.done;
};

const create: Handler<
  {
    readonly seed?: boolean;
    readonly data?: boolean;
    readonly sql?: boolean;
    readonly js?: boolean;
    readonly dir?: string;
    readonly yes?: boolean;
  },
  [name: string]
> = async (io, flags, name) => {
  const [{ languageLines }, { missingAsset }] = await Promise.all([
    import('./language.js'),
    import('../files/sql-assets.js'),
  ]);
  const language: CreateOptions['language'] = flags.sql ? 'sql' : flags.js ? 'js' : undefined;
  const ask = (await import('./ask.js')).terminal(io);
  const result = await withMigrator(io, flags, (migrator) =>
    migrator.create({
      name,
      kind: flags.seed ? 'seed' : flags.data ? 'data' : 'migration',
      language,
      dir: flags.dir,
      addToList: flags.yes,
      ask,
    }),
  );
  const left = untilFound(result, [result]);
  io.result(result, () => [
    `Written: ${result.file}`,
    ...languageLines([result.file], flags),
    ...listLines(result, [result]),
    ...(left === undefined ? [] : [`To run it, ${left}.`]),
  ]);
  const asset = missingAsset(result.file);
  if (asset) io.note(`→ \`nest build\` copies .sql files only if nest-cli.json says so: ${asset}`);
  return ExitCode.done;
};

const resolve: Handler<
  { readonly finished?: boolean; readonly notStarted?: boolean; readonly doneUntil?: number },
  [migration: string]
> = async (io, flags, migration) => {
  const resolution = resolutionOf(flags);
  const result = await withMigrator(io, flags, (migrator) => migrator.resolve(migration, resolution));
  const said = {
    applied: 'is recorded as applied.',
    reverted: 'is recorded as reverted.',
    'not-started': 'will start again at its first statement.',
    'half-done': 'will continue after that statement.',
  }[result.state];
  io.result(result, () => [`${result.migration} ${said}`]);
  return ExitCode.done;
};

const init: Handler<{ readonly dryRun?: boolean }> = async (io, flags) => {
  const { initProject } = await import('./init/init.js');
  const { dataSource, app } = flags;
  const mode = flags.dryRun ? 'dry' : 'real';
  const result = initProject(process.cwd(), mode, { dataSource, app });
  const { initLines } = await import('./init/init-lines.js');
  io.result(result, () => initLines(result, mode, io.paint));
  return ExitCode.done;
};

const otherCommand: Handler<object, [other: OtherCommand]> = async (_io, _flags, { word, ours, differs }) => {
  const more = differs === undefined ? '' : `\n${differs}`;
  throw usage(`nest-migrate has no command "${word}". Nothing was done.`, `nest-migrate ${ours}${more}`);
};

// Code for development is loaded on demand, because `run` is started in production again and again.
type Later<F extends (...args: never[]) => Promise<ExitCode>> = (...args: Parameters<F>) => Promise<ExitCode>;
type Slow<Args extends readonly unknown[]> = (io: Io, ...args: Args) => Promise<ExitCode>;
/** A command that takes long. */
function slow<Args extends readonly unknown[]>(load: () => Promise<Slow<Args>>): Slow<Args> {
  return async (io, ...args) => {
    const [{ withSpinner }, command] = await Promise.all([import('./spinner.js'), load()]);
    return withSpinner(io, (shown) => command(shown, ...args));
  };
}

const generate = slow(async () => (await import('./generate.js')).generate);
const dev = slow(async () => (await import('./dev.js')).dev);
const baseline = slow(async () => (await import('./generate.js')).baseline);
const check = slow(async () => (await import('./check.js')).check);
const drift = slow(async () => (await import('./drift.js')).drift);
const lint = slow(async () => (await import('./lint/lint.js')).lint);
const plan = slow(async () => (await import('./plan.js')).plan);
const database: Later<typeof import('./database.js').database> = async (...args) =>
  (await import('./database.js')).database(...args);
const fresh: Later<typeof import('./database.js').fresh> = async (...args) =>
  (await import('./database.js')).fresh(...args);
const seed: Later<typeof import('./database.js').seed> = async (...args) =>
  (await import('./database.js')).seed(...args);
const help: Later<typeof import('./help.js').help> = async (...args) => (await import('./help.js')).help(...args);

/** The function of each command, called after commander has parsed its flags. */
export const handlers = {
  dev,
  run,
  revert,
  redo,
  status,
  wait,
  create,
  generate,
  check,
  baseline,
  drift,
  lint,
  plan,
  resolve,
  database,
  fresh,
  seed,
  init,
  help,
  otherCommand,
};

function modeOf(flags: ModeFlags): RunMode {
  return flags.fake ? 'fake' : flags.dryRun ? 'dry' : 'real';
}

function unitOf({ step }: { readonly step?: boolean }): RevertOptions['unit'] {
  return step ? 'step' : 'change';
}

function durationOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = milliseconds(text);
  if (ms !== undefined) return ms;
  throw usage(`${flag} must be a duration, but is "${text}".`, `For example: ${flag} 60s, or ${flag} 10min`);
}

function resolutionOf(flags: {
  readonly finished?: boolean;
  readonly notStarted?: boolean;
  readonly doneUntil?: number;
}): Resolution {
  if (flags.finished) return { as: 'finished' };
  if (flags.notStarted) return { as: 'not-started' };
  if (flags.doneUntil !== undefined) return { as: 'done-until', statement: flags.doneUntil };
  throw usage('Say what you found: --finished, --not-started, or --done-until <n>.', 'nest-migrate resolve --help');
}

function usage(message: string, next: string): MigrateError {
  return new MigrateError({ code: 'USAGE', message, next, exitCode: ExitCode.usage });
}

function nothingToRun(deferred: readonly string[]): string {
  return deferred.length === 0
    ? 'nothing is pending'
    : `${many(deferred.length, 'migration')} deferred, nothing else is pending`;
}

function summary(finished: readonly Finished[], verb: string, nothing: string, io: Io): string {
  if (finished.length === 0) return `Nothing to do: ${nothing}.`;
  return `${io.paint.bold(many(finished.length, 'migration'))} ${verb} in ${showDuration(io.elapsed())}.`;
}
