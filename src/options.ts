import { milliseconds } from './duration.js';
import type { Duration } from './duration.js';
import { ExitCode, MigrateError } from './errors.js';
import { ignoreProblems } from './ignorable.js';
import { show, sourcesProblems, unknownKeys, wrongTypes } from './setting-problems.js';

/** The settings: in `defineDataSource(…, settings)`, in `MigrationsModule.forRoot`, in package.json under `"nest-migrate"`, or as flags. */
export interface MigrateSettings {
  /**
   * One transaction for each migration, one for all of them, or none.
   * @default 'each'
   */
  readonly transaction?: TransactionMode;
  /**
   * What to do with a pending migration that is older than an applied one, for example after a merge.
   * @default 'warn'
   */
  readonly outOfOrder?: 'run' | 'warn' | 'refuse';
  /**
   * What to do if a .sql migration was edited after it was applied.
   * @default 'refuse'
   */
  readonly edited?: 'warn' | 'refuse';
  /**
   * What to do if the patterns of the data source match no migration file, and no migration is applied to the database.
   * @default 'refuse' when an app starts and with NODE_ENV=production, 'warn' elsewhere
   */
  readonly noMigrations?: 'warn' | 'refuse';
  /**
   * When contract migrations run, which remove what the old version of the app still uses: with the next deploy (recognised by
   * newer files), only with `run --phase contract`, or immediately.
   * @default 'next-deploy' with NODE_ENV=production, 'immediately' elsewhere
   */
  readonly contract?: ContractPolicy;
  /**
   * Whether `generate` writes steps that keep tables readable and writable. With `false`, it writes a single step, during which reads and writes
   * block.
   * @default true
   */
  readonly online?: boolean;
  /**
   * How `generate` renames: by keeping both names until the old version of the app is gone, or with a single statement, after which that
   * version fails.
   * @default 'online'
   */
  readonly rename?: 'online' | 'directly';
  /**
   * Whether to keep the statements that revert a migration in the database when it is applied, so that `revert` works without its file.
   * @default true
   */
  readonly keepDown?: boolean;
  /**
   * How long one statement may wait for a table lock before its migration is rolled back and tried again. While it waits, other queries on the table queue up.
   * @default '2s'
   */
  readonly lockTimeout?: Duration;
  /**
   * How long to retry a migration that does not get its table locks.
   * @default '10min'
   */
  readonly retryFor?: Duration;
  /**
   * The maximum duration of a statement in a transactional migration. 0 means forever.
   * @default 0
   */
  readonly statementTimeout?: Duration;
  /**
   * How long to wait for another process that is migrating the same database. 0 means forever.
   * @default 0
   */
  readonly waitForOthers?: Duration;
  /**
   * How long a query of nest-migrate itself, such as the one for the applied migrations, may go without a reply while no other
   * connection shows that the server is at work on it. 0 means forever. Statements of migrations have no such limit.
   * @default '30s'
   */
  readonly replyTimeout?: Duration;
  /**
   * The address of the server itself, if the data source connects through a pooler such as PgBouncer: nest-migrate then always
   * connects to this address, in the command and in the app.
   *
   * @example
   * directUrl: process.env.DIRECT_URL
   */
  readonly directUrl?: string | undefined;
  /** A database that `dev` may change although its server is on another machine, as in Docker Compose. Ignored with NODE_ENV=production. */
  readonly developmentDatabase?: string | undefined;
  /**
   * The server on which `generate`, `check` and the others create their shadows (temporary databases), as with `--shadow`: for
   * extensions that the embedded PostgreSQL does not have, such as pgvector and PostGIS.
   *
   * @example
   * shadow: process.env.SHADOW_URL
   */
  readonly shadow?: string | undefined;
  /** How to wait for a server that is still starting, as after `docker compose up`. */
  readonly connect?: {
    /** @default '30s' */
    readonly timeout?: Duration;
    /** @default '1s' */
    readonly retryEvery?: Duration;
  };
  /**
   * The name that distinguishes the migrations of this app from those of other services that share its ledger.
   * @default the name in the package.json above the data source, or above the file that starts the app
   */
  readonly service?: string;
  /**
   * The folder for new migrations.
   * @default the folder of the first `migrations` pattern of the data source, or the one of its sources
   */
  readonly dir?: string;
  /**
   * The folder of the seeds, relative to the working directory.
   * @default 'seeds' next to the folder of the migrations
   */
  readonly seeds?: string;
  /**
   * Maps output folders to source folders, if the compiler's configuration does not tell; `false` uses the compiled files as they are.
   *
   * @example
   * sources: { dist: 'src' }
   */
  readonly sources?: Readonly<Record<string, string>> | false;
  /**
   * The SQL, or the path of a `.sql` file, that creates the objects a database has before its first migration. For
   * objects that a DBA prepares; the extensions that TypeORM installs, and the schema of the data source, are included anyway.
   *
   * @example
   * initialState: 'CREATE SCHEMA extensions; CREATE EXTENSION "uuid-ossp" SCHEMA extensions'
   */
  readonly initialState?: string;
  /** Settings of `lint`. */
  readonly lint?: LintSettings;
  /**
   * Objects that `generate`, `check`, `baseline` and `drift` ignore, in addition to `--ignore`: `<kind>:<pattern>` or
   * `<schema>.<pattern>`. Objects of well-known programs and members of extensions are ignored anyway.
   *
   * @example
   * ignore: ['audit.*', 'schema:queue', 'table:events_*', 'index:*_adhoc_idx']
   */
  readonly ignore?: readonly string[];
}

/** Settings of `lint`. */
export interface LintSettings {
  /** The severity of each rule, by name: `{ 'create-index-blocking': 'warning', 'json-column': 'off' }`. */
  readonly rules?: Readonly<Record<string, 'error' | 'warning' | 'notice' | 'off'>>;
}

/** One transaction for each migration, one for all of them, or none. */
export type TransactionMode = 'each' | 'all' | 'none';
/** When contract migrations run. */
export type ContractPolicy = 'next-deploy' | 'manual' | 'immediately';

/** The resolved settings: all defaults filled in, all durations in milliseconds. */
export interface ResolvedSettings {
  readonly transaction: TransactionMode;
  readonly outOfOrder: 'run' | 'warn' | 'refuse';
  readonly edited: 'warn' | 'refuse';
  readonly noMigrations: 'warn' | 'refuse';
  readonly contract: ContractPolicy;
  readonly online: boolean;
  readonly rename: 'online' | 'directly';
  readonly keepDown: boolean;
  readonly lockTimeoutMs: number;
  readonly retryForMs: number;
  readonly statementTimeoutMs: number;
  readonly waitForOthersMs: number;
  readonly replyTimeoutMs: number;
  readonly connect: { readonly timeoutMs: number; readonly retryEveryMs: number };
  readonly directUrl: string | undefined;
  readonly developmentDatabase: string | undefined;
  readonly shadow: string | undefined;
  readonly service: string | undefined;
  readonly dir: string | undefined;
  readonly seeds: string | undefined;
  readonly sources: Readonly<Record<string, string>> | false | undefined;
  readonly initialState: string | undefined;
  /** Rule names are checked by `lint`, since only `lint` loads the rules. */
  readonly lint: LintSettings | undefined;
  readonly ignore: readonly string[];
}

const choices = {
  transaction: ['each', 'all', 'none'],
  outOfOrder: ['warn', 'run', 'refuse'],
  edited: ['refuse', 'warn'],
  noMigrations: ['warn', 'refuse'],
  contract: ['immediately', 'next-deploy', 'manual'],
  rename: ['online', 'directly'],
} as const;

const durations = {
  lockTimeout: '2s',
  retryFor: '10min',
  statementTimeout: 0,
  waitForOthers: 0,
  replyTimeout: '30s',
} as const;
const connectDurations = { timeout: '30s', retryEvery: '1s' } as const;
const others =
  'online keepDown connect directUrl developmentDatabase shadow service dir seeds sources initialState lint ignore'.split(
    ' ',
  );
const known = {
  settings: [...Object.keys(choices), ...Object.keys(durations), ...others],
  connect: Object.keys(connectDurations),
};

/**
 * Validates the settings and fills in the defaults. Reports all problems at once, including unknown keys.
 *
 * @example
 * resolveSettings({ lockTimeout: '500ms' }).lockTimeoutMs; // 500
 */
export function resolveSettings(settings: MigrateSettings = {}): ResolvedSettings {
  const given = settings as Readonly<Record<string, unknown>>;
  const problems: string[] = [...unknownKeys(given, known), ...wrongTypes(given)];
  const choice = <K extends keyof typeof choices>(
    key: K,
    fallback: (typeof choices)[K][number] = choices[key][0],
  ): (typeof choices)[K][number] => {
    const value = given[key] ?? fallback;
    const allowed: readonly unknown[] = choices[key];
    if (!allowed.includes(value))
      problems.push(`${key} must be one of ${choices[key].join(', ')}, but is ${show(value)}`);
    return value as (typeof choices)[K][number];
  };
  const duration = (name: string, value: unknown, fallback: Duration): number => {
    const ms = milliseconds(value ?? fallback);
    if (ms === undefined)
      problems.push(`${name} must be a duration such as 500, "2s" or "10min", but is ${show(value)}`);
    return ms ?? 0;
  };
  const connect = (given['connect'] ?? {}) as Readonly<Record<string, unknown>>;
  const isProduction = process.env['NODE_ENV'] === 'production';
  const resolved: ResolvedSettings = {
    transaction: choice('transaction'),
    outOfOrder: choice('outOfOrder'),
    edited: choice('edited'),
    noMigrations: choice('noMigrations', isProduction ? 'refuse' : 'warn'),
    contract: choice('contract', isProduction ? 'next-deploy' : 'immediately'),
    online: settings.online ?? true,
    rename: choice('rename'),
    keepDown: settings.keepDown ?? true,
    lockTimeoutMs: duration('lockTimeout', given['lockTimeout'], durations.lockTimeout),
    retryForMs: duration('retryFor', given['retryFor'], durations.retryFor),
    statementTimeoutMs: duration('statementTimeout', given['statementTimeout'], durations.statementTimeout),
    waitForOthersMs: duration('waitForOthers', given['waitForOthers'], durations.waitForOthers),
    replyTimeoutMs: duration('replyTimeout', given['replyTimeout'], durations.replyTimeout),
    connect: {
      timeoutMs: duration('connect.timeout', connect['timeout'], connectDurations.timeout),
      retryEveryMs: duration('connect.retryEvery', connect['retryEvery'], connectDurations.retryEvery),
    },
    directUrl: settings.directUrl || undefined,
    developmentDatabase: settings.developmentDatabase,
    shadow: settings.shadow || undefined,
    service: settings.service,
    dir: settings.dir,
    seeds: settings.seeds,
    sources: settings.sources,
    initialState: settings.initialState,
    lint: settings.lint,
    ignore: settings.ignore ?? [],
  };
  problems.push(...sourcesProblems(given['sources']), ...ignoreProblems(given));
  if (problems.length > 0) throw invalid(problems);
  return resolved;
}

function invalid(problems: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'OPTIONS_INVALID',
    message: `The settings of nest-migrate are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    next: 'Correct them in data-source.ts, in MigrationsModule.forRoot, under "nest-migrate" in package.json, or in the flags.',
    exitCode: ExitCode.usage,
  });
}

/** For advice: the flag of the command, and the setting for an app, which has no flags. */
export function setTo(
  setting: 'edited' | 'outOfOrder' | 'retryFor' | 'transaction' | 'waitForOthers',
  value: string,
): string {
  const flag = setting.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${flag} ${value}; in an app, the setting ${setting}: '${value}'`;
}
