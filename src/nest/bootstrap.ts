import { inspect } from 'node:util';
import type { DataSource } from 'typeorm';
import { ExitCode, finishedBefore, isMigrateError, MigrateError } from '../errors.js';
import type { EventListener } from '../events.js';
import { refuseOtherDatabases, refuseSynchronize } from '../data-source/guard.js';
import { settingsOf } from '../data-source/settings.js';
import { disconnect, initialise } from '../database/initialise.js';
import type { Instantiate } from '../files/migration.js';
import { createMigrator } from '../migrator.js';
import type { Migrator } from '../migrator.js';
import { milliseconds } from '../duration.js';
import { resolveSettings } from '../options.js';
import type { MigrateSettings } from '../options.js';
import type { MigrationsOptions, OnBootstrap } from './interfaces/migrations-options.interface.js';
import { withoutPasswordsIn } from '../passwords.js';
import { connectingWith } from './connecting-factory.js';
import { isLeftToCommand } from './in-charge.js';
import { cancelledBySignals } from './signals.js';

export interface BootstrapContext {
  readonly dataSource: DataSource;
  readonly options: MigrationsOptions;
  readonly onEvent: EventListener;
  readonly instantiate: Instantiate;
}

/** The same as `bootstrap`, for a data source that is made first. What makes it may connect it. */
export async function bootstrapMade(
  make: () => Promise<DataSource>,
  context: Omit<BootstrapContext, 'dataSource'>,
): Promise<DataSource> {
  const connectMade = (dataSource: DataSource): Promise<void> =>
    cancelledBySignals((signal) => connect({ ...context, dataSource }, signal));
  const dataSource = await connectingWith(connectMade, make).catch((error: unknown) => {
    throw readable(error);
  });
  return bootstrap({ ...context, dataSource });
}

/** Connects the data source and does with its migrations what the app has configured. If that fails, closes the connection again. */
export async function bootstrap(context: BootstrapContext): Promise<DataSource> {
  const { dataSource, options } = context;
  try {
    const mode = modeOf(options);
    refuseInvalid(dataSource);
    await cancelledBySignals(async (signal) => {
      // Connecting may include creating the database, which `dev` does by itself.
      if (mode !== 'dev') await connect(context, signal);
      // If the build left out the migration files, the app must not start on a database without tables.
      const { noMigrations = 'refuse' } = settingsFor(dataSource, options);
      await migrate(migratorFor({ ...context, options: { ...options, noMigrations } }, signal), mode, options);
    });
    return dataSource;
  } catch (error) {
    await disconnect(dataSource).catch(() => undefined);
    throw readable(error);
  }
}

function refuseInvalid({ options }: DataSource): void {
  refuseOtherDatabases(options, 'The data source');
  refuseSynchronize(options, 'The data source');
}

async function connect(
  { dataSource, options, onEvent }: Omit<BootstrapContext, 'instantiate'>,
  signal: AbortSignal,
): Promise<void> {
  refuseInvalid(dataSource);
  const settings = resolveSettings(settingsFor(dataSource, options));
  await initialise({ dataSource, settings, onEvent, signal });
}

export function migratorFor(context: BootstrapContext, signal?: AbortSignal): Migrator {
  const { dataSource, options, onEvent, instantiate } = context;
  const settings = settingsFor(dataSource, options);
  return createMigrator({ dataSource, settings, onEvent, instantiate, ...(signal && { signal }) });
}

/** The settings of the data source, overridden by those of the module. */
export function settingsFor(dataSource: DataSource, options: MigrationsOptions): MigrateSettings {
  const {
    dataSource: _dataSource,
    onBootstrap: _mode,
    to: _to,
    waitTimeout: _timeout,
    onEvent: _listener,
    replayProviders: _providers,
    ...own
  } = options;
  const general = settingsOf(dataSource);
  const connect = { ...general.connect, ...own.connect };
  return { ...general, ...own, ...(Object.keys(connect).length > 0 && { connect }) };
}

async function migrate(migrator: Migrator, mode: OnBootstrap, options: MigrationsOptions): Promise<void> {
  switch (mode) {
    case 'run':
      // `to` is fixed in the code, so it applies to every start of the app. It limits the run, but does not say that the old version is
      // gone.
      await migrator.run({ to: options.to, phase: 'due' });
      return;
    case 'dev':
      await migrator.dev().catch((error: unknown) => {
        throw answeredByCommand(error);
      });
      return;
    case 'revert':
      if (options.to === undefined) throw invalid("onBootstrap: 'revert' needs `to`, the migration to go back to.");
      await migrator.revert({ to: options.to });
      return;
    case 'check':
      refusePending((await migrator.pending()).filter(({ deferred }) => !deferred).map(({ name }) => name));
      return;
    case 'wait':
      await migrator.wait({ until: 'migrated', timeoutMs: waitTimeoutOf(options) });
      return;
    case 'off':
  }
}

/** An app cannot ask, and has no flags to add. */
function answeredByCommand(error: unknown): unknown {
  if (!isMigrateError(error) || error.code !== 'DECISION_NEEDED') return error;
  return error.with({ next: `Answer with the command npx nest-migrate dev, then start the app again.\n${error.next}` });
}

const modes: readonly string[] = ['run', 'dev', 'revert', 'check', 'wait', 'off'] satisfies OnBootstrap[];

function modeOf(options: MigrationsOptions): OnBootstrap {
  if (isLeftToCommand()) return 'off';
  const fromEnvironment = process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
  const mode = fromEnvironment || (options.onBootstrap ?? 'run');
  if (modes.includes(mode)) return mode as OnBootstrap;
  const what = fromEnvironment ? 'The environment variable NEST_MIGRATE_ON_BOOTSTRAP' : 'onBootstrap';
  throw invalid(`${what} must be one of ${modes.join(', ')}, but is ${JSON.stringify(mode)}.`);
}

function waitTimeoutOf({ waitTimeout = 0 }: MigrationsOptions): number {
  const ms = milliseconds(waitTimeout);
  if (ms !== undefined) return ms;
  throw invalid(`waitTimeout must be a duration such as 500, "2s" or "10min", but is ${JSON.stringify(waitTimeout)}.`);
}

function refusePending(names: readonly string[]): void {
  if (names.length === 0) return;
  const what = names.length === 1 ? 'a migration is' : `${names.length} migrations are`;
  throw new MigrateError({
    code: 'MIGRATIONS_PENDING',
    message: `The app does not start (onBootstrap: 'check'), because ${what} pending: ${names.join(', ')}.`,
    next: 'Run them first: npx nest-migrate run',
    exitCode: ExitCode.todo,
  });
}

function invalid(message: string): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message,
    next: 'Correct the options of MigrationsModule, or the environment.',
    exitCode: ExitCode.usage,
  });
}

/**
 * Nest and Node print every property of an error that stops a start. The message says more than our own stack frames and fields, so only
 * the message is printed.
 */
function readable(error: unknown): unknown {
  if (!isMigrateError(error)) return withoutPasswordsIn(error);
  const lines = [`${error.name}: ${error.message}`, finishedBefore(error) ?? [], `→ ${error.next}`];
  error.stack = lines.flat().join('\n');
  Object.defineProperty(error, inspect.custom, { value: () => error.stack });
  return error;
}
