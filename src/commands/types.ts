import type { DryRunStatement } from '../errors.js';
import type { ReadOnlyReason } from '../database/read-only.js';
import type { Blocker, Direction, Due, HowFar } from '../events.js';
import type { Language } from '../files/language.js';
import type { Phase } from '../files/phase.js';
import type { TransactionMode } from '../options.js';
import type { Enlisted } from './enlist.js';
import type { FoundBy } from './placement.js';

/** The options and results of the commands: plain data, which only `cli/` prints. `--json` prints these objects. */

export interface Finished {
  readonly name: string;
  readonly durationMs: number;
}

export type { DryRunStatement, Enlisted, FoundBy, Phase, ReadOnlyReason };

/** Options of `run`. By default, it runs all migrations that are due. */
export interface RunOptions {
  /** The last migration to run: its name, its timestamp, or an unambiguous part of its name. */
  readonly to?: string | undefined;
  /** The number of changes to run. */
  readonly count?: number | undefined;
  readonly transaction?: TransactionMode | undefined;
  /** `fake` records the migrations as applied without executing them; `dry` executes them, shows the SQL and rolls everything back. */
  readonly mode?: RunMode | undefined;
  /**
   * `expand` defers all contract migrations; `contract` runs only those; `due` runs the migrations that are due by the setting `contract`.
   * @default 'due'; 'all' with `to` and with `fake`
   */
  readonly phase?: Phase | 'all' | 'due' | undefined;
}

/** Whether a run executes its migrations, only records them, or executes them and rolls everything back. */
export type RunMode = 'real' | 'fake' | 'dry';

/** The result of `run`. */
export interface RunResult {
  readonly applied: readonly Finished[];
  /** Contract migrations that run later. */
  readonly deferred: readonly string[];
  readonly waitedForLockMs: number;
  /** Applied migrations whose file was edited or is missing; absent if there are none. */
  readonly problems?: readonly StatusProblem[];
  /** Only for a dry run. */
  readonly statements?: readonly DryRunStatement[];
}

/** Options of `revert`. By default, it reverts the last change. */
export interface RevertOptions {
  /** The migration to go back to: it stays applied, and everything applied after it is reverted. */
  readonly to?: string | undefined;
  /** The number of changes; with `unit: 'step'`, of migrations. @default 1 */
  readonly count?: number | undefined;
  /** What `count` counts: whole changes, or the single migrations of which they consist. @default 'change' */
  readonly unit?: 'change' | 'step' | undefined;
  /** `all`: everything; `last-run`: everything that the last run applied. By default, the last change. */
  readonly which?: 'all' | 'last-run' | undefined;
  /** Also execute the `down` of migrations that were only recorded as applied (`baseline`, `--fake`). @default false */
  readonly recordedToo?: boolean | undefined;
  readonly mode?: RunMode | undefined;
}

/** The part of a change that was reverted. */
export interface RevertedChange {
  readonly name: string;
  readonly migrations: readonly string[];
  /** The migrations of the change that stay applied. */
  readonly stay: readonly string[];
}

/** The result of `revert`. */
export interface RevertResult {
  readonly reverted: readonly Finished[];
  /** The reverted migrations, grouped by change. */
  readonly changes: readonly RevertedChange[];
  /** The migrations without a file, reverted by statements that were kept when they were applied; absent if there are none. */
  readonly kept?: readonly string[];
  readonly waitedForLockMs: number;
  readonly statements?: readonly DryRunStatement[];
}

/** Options of `redo`. By default, it reverts the last change and applies it again. */
export type RedoOptions = Pick<RevertOptions, 'count' | 'unit' | 'recordedToo'>;

/** The result of `redo`. */
export interface RedoResult {
  readonly reverted: readonly Finished[];
  readonly changes: readonly RevertedChange[];
  readonly applied: readonly Finished[];
  readonly waitedForLockMs: number;
}

/** A migration in the ledger. */
export interface AppliedMigration {
  readonly name: string;
  readonly timestamp: number;
  /** Unknown for a migration that TypeORM itself applied. */
  readonly appliedAt: string | null;
  readonly durationMs: number | null;
}

/** An applied migration that is newer than every file. */
export interface NewerMigration extends AppliedMigration {
  /** Whether it can be reverted without its file, with the statements that were kept when it was applied. */
  readonly revertible: boolean;
}

/** A migration in the same ledger that another service has applied. */
export interface ForeignMigration extends AppliedMigration {
  /** The name of that service in the log. */
  readonly service: string;
}

/** A migration that is not applied yet. */
export interface PendingMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly phase: Phase;
  /** Set for a contract migration that a run has deferred; the app may start without it. */
  readonly deferred?: true;
  readonly due?: Due;
}

/** A disagreement between the files and the ledger. */
export interface StatusProblem {
  readonly code:
    | 'FILE_MISSING'
    | 'EDITED'
    | 'OUT_OF_ORDER'
    | 'HALF_DONE'
    | 'NO_FILES'
    | 'LEDGER_DUPLICATE'
    | 'STALE_OUTPUT'
    | 'NOT_COMPILED'
    | 'OTHER_LEDGER'
    | 'LEDGER_LOST';
  readonly migration: string | null;
  readonly message: string;
  /** For a missing file: whether its migration can be reverted without it. Only `status` checks this. */
  readonly revertible?: boolean;
}

/** Migrations that belong together: one file, or several classes of a list. */
export interface StatusChange {
  /** The name of its last migration. */
  readonly name: string;
  readonly state: 'applied' | 'applied in part' | 'pending';
  readonly migrations: readonly string[];
}

/** A migration that another process is carrying out at this moment, and how far its statement is. */
export interface RunningMigration extends HowFar {
  readonly name: string;
  readonly direction: Direction;
  /** What holds the lock that it waits for; absent if it waits for none. */
  readonly blockers?: readonly Blocker[];
}

/** The result of `status`: the files compared with the ledger. */
export interface StatusResult {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly PendingMigration[];
  /** The same, grouped by change, in the order of their timestamps. */
  readonly changes: readonly StatusChange[];
  /** Applied migrations that are newer than every file: a newer deploy, or another branch, has applied them. */
  readonly newer: readonly NewerMigration[];
  /** Migrations that other services have applied in the same ledger; commands of this service leave them alone. */
  readonly foreign: readonly ForeignMigration[];
  readonly problems: readonly StatusProblem[];
  /** Absent if nothing is running. */
  readonly running?: readonly RunningMigration[];
  /** Absent if migrations can run through this connection. */
  readonly readOnly?: ReadOnlyReason;
}

/** Options of `wait`. */
export interface WaitOptions {
  /** Gives up after this number of milliseconds. 0 means never. */
  readonly timeoutMs?: number | undefined;
  /** Waits until the server answers, or also until nothing is pending. */
  readonly until?: 'connected' | 'migrated' | undefined;
}

/** The result of `wait`: the time it took, and the migrations that are still pending. */
export interface WaitResult {
  readonly waitedMs: number;
  readonly pending: readonly PendingMigration[];
}

/** The decision about a half-done migration. */
export type Resolution =
  /** It was finished by hand (or undone by hand, if it was being reverted): records that. */
  | { readonly as: 'finished' }
  /** Its effects were undone by hand: the next command starts at its first statement. */
  | { readonly as: 'not-started' }
  /** This many statements are done: the next command continues after them. */
  | { readonly as: 'done-until'; readonly statement: number };

/** The result of `resolve`: the new record of the half-done migration. */
export interface ResolveResult {
  readonly migration: string;
  readonly state: 'applied' | 'reverted' | 'not-started' | 'half-done';
}

/** Options of `create`, which writes an empty migration. */
export interface CreateOptions {
  readonly name: string;
  /** @default 'migration' */
  readonly kind?: 'migration' | 'data' | 'seed' | undefined;
  /** @default the language of the existing migrations, or else that of the project */
  readonly language?: Language | undefined;
  readonly dir?: string | undefined;
  /** The module system, for `js`. By default, the one that Node uses for a file in that folder. */
  readonly moduleKind?: 'esm' | 'cjs' | undefined;
  /** Adds the new class to the `migrations` list of the data source without asking, if it is a plain list. */
  readonly addToList?: boolean | undefined;
  /** Asks before adding it. */
  readonly ask?: { confirm(question: string): Promise<boolean> } | undefined;
}

/** The result of `create`: the written file. */
export interface CreateResult {
  readonly file: string;
  readonly name: string;
  readonly foundBy: FoundBy;
  /** If migrations are listed as classes: the class that the list lacks, or that was added to it. */
  readonly list?: Enlisted;
}
