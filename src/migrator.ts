import type { DataSource, DataSourceOptions } from 'typeorm';
import type { CommandContext } from './commands/context.js';
import type {
  CreateOptions,
  CreateResult,
  PendingMigration,
  RedoOptions,
  RedoResult,
  Resolution,
  ResolveResult,
  RevertOptions,
  RevertResult,
  RunOptions,
  RunResult,
  StatusResult,
  WaitOptions,
  WaitResult,
} from './commands/types.js';
import type { CreateDatabaseResult, DropDatabaseOptions, DropDatabaseResult } from './commands/database.js';
import type { CheckOptions, CheckResult } from './commands/check/types.js';
import type { SeedOptions, SeedResult } from './commands/seed.js';
import type { FreshOptions, FreshResult } from './commands/fresh.js';
import type { DevOptions, DevResult } from './commands/dev/types.js';
import type { DriftOptions, DriftResult } from './commands/drift/types.js';
import type { BaselineOptions, BaselineResult, GenerateOptions, GenerateResult } from './commands/generate/types.js';
import type { LintOptions, LintResult } from './commands/lint/types.js';
import type { PlanOptions, PlanResult } from './commands/plan/types.js';
import { refuseUnknown } from './commands/known-options.js';
import { pending, run } from './commands/run.js';
import { isConnectionLost } from './database/client.js';
import { serverLacks } from './database/failure.js';
import { connectionLost } from './database/retry.js';
import { serviceOf } from './database/service.js';
import { disconnect, initialise } from './database/initialise.js';
import { tablesOf } from './database/tables.js';
import { MigrateError } from './errors.js';
import type { EventListener } from './events.js';
import { listMigrations } from './files/list-migrations.js';
import type { Instantiate, Loads } from './files/migration.js';
import { findEntities } from './files/entity-sources.js';
import { resolveSettings } from './options.js';
import type { MigrateSettings } from './options.js';
import { withoutPasswordsInData } from './passwords.js';

/** Options of `createMigrator`. */
export interface MigratorOptions {
  /** May be uninitialised: it is then initialised only if migrations have to run, and `close()` destroys it. */
  readonly dataSource: DataSource;
  /** The patterns or classes of the migrations. @default the `migrations` option of the data source */
  readonly migrations?: DataSourceOptions['migrations'];
  readonly settings?: MigrateSettings;
  readonly onEvent?: EventListener;
  /** Aborting cancels the running statement, rolls back and releases the lock. Its reason may be the name of a signal. */
  readonly signal?: AbortSignal;
  /** Instantiates migration classes that have constructor dependencies. */
  readonly instantiate?: Instantiate;
  /** Whether this process can load TypeScript, as the command can. @default 'javascript' */
  readonly loads?: Loads;
}

/** The facade that the Nest module and the command share. */
export interface Migrator {
  run(options?: RunOptions): Promise<RunResult>;
  revert(options?: RevertOptions): Promise<RevertResult>;
  redo(options?: RedoOptions): Promise<RedoResult>;
  status(): Promise<StatusResult>;
  pending(): Promise<readonly PendingMigration[]>;
  wait(options?: WaitOptions): Promise<WaitResult>;
  /** Decides a non-transactional migration that stopped in the middle. */
  resolve(migration: string, resolution: Resolution): Promise<ResolveResult>;
  create(options: CreateOptions): Promise<CreateResult>;
  /** Creates the database of the data source if it does not exist. */
  createDatabase(): Promise<CreateDatabaseResult>;
  /** Drops the database with everything in it. Refused in production and on other machines, unless `yesDrop` is its name. */
  dropDatabase(options?: DropDatabaseOptions): Promise<DropDatabaseResult>;
  /** Drops everything that the migrations could have created, and runs them all. Refused as `dropDatabase` is. */
  fresh(options?: FreshOptions): Promise<FreshResult>;
  /** Makes a development database match the entities, and writes the migration that does the same in other databases. */
  dev(options?: DevOptions): Promise<DevResult>;
  /** Runs the seeds, which fill tables with rows. */
  seed(options?: SeedOptions): Promise<SeedResult>;
  /** Writes the migrations that make the schema match the entities, without any database. Needs PGlite and pg-delta. */
  generate(options: GenerateOptions): Promise<GenerateResult>;
  /** Checks everything that can be known about the migrations before they run; the command for CI. Needs PGlite and pg-delta. */
  check(options?: CheckOptions): Promise<CheckResult>;
  /** Adopts a database that `synchronize` has created. */
  baseline(options: BaselineOptions): Promise<BaselineResult>;
  /** Executes migrations on a shadow and reports their effects on a database in use. Needs PGlite, pg-delta and libpg-query. */
  lint(options?: LintOptions): Promise<LintResult>;
  /** Predicts what `run` will do to this database, without changing it. Needs PGlite, pg-delta and libpg-query. */
  plan(options?: PlanOptions): Promise<PlanResult>;
  /** Compares the database with its applied migrations. Reads only. Needs pg-delta, and PGlite or a shadow server. */
  drift(options?: DriftOptions): Promise<DriftResult>;
  /** Closes every connection that was opened here; a data source that was already initialised stays open. */
  close(): Promise<void>;
}

/**
 * Creates a migrator, which has all commands for the migrations of one data source.
 *
 * @example
 * const migrator = createMigrator({ dataSource });
 * try {
 *   const { applied } = await migrator.run();
 * } finally {
 *   await migrator.close();
 * }
 */
export function createMigrator(options: MigratorOptions): Migrator {
  const { dataSource } = options;
  const opened = { here: false };
  const settings = resolveSettings(options.settings);
  const context: CommandContext = {
    dataSource,
    settings,
    service: serviceOf(dataSource, settings.service),
    migrations: options.migrations ?? dataSource.options.migrations,
    loads: options.loads ?? 'javascript',
    tables: tablesOf(dataSource),
    onEvent: sayingOnce(hidingPasswords(options.onEvent ?? (() => undefined))),
    signal: options.signal ?? new AbortController().signal,
    instantiate: options.instantiate ?? withoutDependencies,
    initialise: async () => {
      if (dataSource.isInitialized) return;
      await initialise(context);
      opened.here = true;
    },
    whileConnected: async (work) => {
      if (dataSource.isInitialized) return work('before');
      await initialise(context, 'left out');
      try {
        return await work('now');
      } finally {
        await disconnect(dataSource);
      }
    },
  };
  const close = async (): Promise<void> => {
    if (!opened.here) return;
    opened.here = false;
    await disconnect(dataSource);
  };
  return { ...tellingWhatWasLost({ ...inProduction(context), ...inDevelopment(context) }, context), close };
}

/** For a connection that was lost, or a query that the server had no room for, where nothing more is known of it. */
function tellingWhatWasLost<T extends object>(commands: T, context: CommandContext): T {
  type Command = (...given: readonly unknown[]) => Promise<unknown>;
  const telling =
    (command: Command): Command =>
    async (...given) => {
      try {
        return await command(...given);
      } catch (error) {
        throw isConnectionLost(error) ? connectionLost(error, context) : (serverLacks(error) ?? error);
      }
    };
  return Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [name, telling(command as Command)]),
  ) as T;
}

type InDevelopment = Pick<Migrator, 'dev' | 'generate' | 'check' | 'baseline' | 'lint' | 'plan' | 'drift'>;

/** Only what a replica needs when it starts is loaded with this module, everything else when it is called. */
function inProduction(context: CommandContext): Omit<Migrator, keyof InDevelopment | 'close'> {
  return {
    run: async (options = {}) => {
      refuseUnknown('run', options);
      return run(options, context);
    },
    revert: async (options = {}) => {
      refuseUnknown('revert', options);
      return (await import('./commands/revert.js')).revert(options, context);
    },
    redo: async (options = {}) => {
      refuseUnknown('redo', options);
      return (await import('./commands/revert.js')).redo(options, context);
    },
    status: async () => (await import('./commands/status.js')).status(context),
    pending: () => pending(context),
    wait: async (options = {}) => {
      refuseUnknown('wait', options);
      return (await import('./commands/wait.js')).wait(options, context);
    },
    resolve: async (migration, resolution) =>
      (await import('./commands/resolve.js')).resolve(migration, resolution, context),
    createDatabase: async () => (await import('./commands/database.js')).createDatabase(context),
    dropDatabase: async (options = {}) => {
      refuseUnknown('dropDatabase', options);
      return (await import('./commands/database.js')).dropDatabase(options, context);
    },
    fresh: async (options = {}) => {
      refuseUnknown('fresh', options);
      return (await import('./commands/fresh.js')).fresh(options, context);
    },
    seed: async (options = {}) => {
      refuseUnknown('seed', options);
      return (await import('./commands/seed.js')).seed(options, context);
    },
    create: async (options) => {
      refuseUnknown('create', options);
      if (options.kind === 'seed')
        return (await import('./commands/create-seed.js')).createSeed(options, await listMigrations(context), context);
      const { dir } = context.settings;
      return (await import('./commands/create.js')).create(options, {
        dataSource: context.dataSource,
        dir,
        cwd: process.cwd(),
        list: () => listMigrations(context),
      });
    },
  };
}

function inDevelopment(context: CommandContext): InDevelopment {
  const withEntities = async (): Promise<CommandContext> => {
    await findEntities(context.dataSource);
    return context;
  };
  const onShadow = <T extends { readonly shadow?: string | undefined }>(options: T): T => ({
    ...options,
    shadow: options.shadow ?? context.settings.shadow,
  });
  return {
    dev: async (options = {}) => (await import('./commands/dev/dev.js')).dev(onShadow(options), await withEntities()),
    generate: async (options) =>
      (await import('./commands/generate/generate.js')).generate(onShadow(options), await withEntities()),
    check: async (options = {}) =>
      (await import('./commands/check/check.js')).check(onShadow(options), await withEntities()),
    baseline: async (options) =>
      (await import('./commands/generate/baseline.js')).baseline(onShadow(options), await withEntities()),
    lint: async (options = {}) =>
      (await import('./commands/lint/lint.js')).lint(onShadow(options), await withEntities()),
    plan: async (options = {}) =>
      (await import('./commands/plan/plan.js')).plan(onShadow(options), await withEntities()),
    drift: async (options = {}) =>
      (await import('./commands/drift/drift.js')).drift(onShadow(options), await withEntities()),
  };
}

/** An app asks for its status again and again, for its health; the same warning each time would be noise. */
function sayingOnce(listener: EventListener): EventListener {
  const said = new Set<string>();
  return (event) => {
    if (event.type !== 'warning') return listener(event);
    if (said.has(event.message)) return;
    said.add(event.message);
    listener(event);
  };
}

/** Of statements that set one, and of what other sessions are doing. */
function hidingPasswords(listener: EventListener): EventListener {
  return (event) => listener(withoutPasswordsInData(event));
}

const withoutDependencies: Instantiate = (migrationClass) => {
  throw new MigrateError({
    code: 'MIGRATION_DEPENDENCY',
    message: `${migrationClass.name} needs dependencies in its constructor, and there is no Nest app here to provide them.`,
    next: 'Let the app provide them: add --app src/app.module.ts to the command; or run the migrations inside the app (MigrationsModule).',
    migration: migrationClass.name,
  });
};
