import type { DryRunStatement } from '../errors.js';
import type { Direction, Due, HowFar } from '../events.js';
import type { Language } from '../files/language.js';
import type { Phase } from '../files/phase.js';
import type { TransactionMode } from '../options.js';
import type { Enlisted } from './enlist.js';
import type { FoundBy } from './placement.js';

/** What each command takes and returns: plain data, which only `cli/` prints. The `--json` output is these objects. */

export interface Finished {
  readonly name: string;
  readonly durationMs: number;
}

export type { DryRunStatement, Enlisted, FoundBy, Phase };

/** How far `run` goes, and how. Without any: everything that is due. */
export interface RunOptions {
  /** The last migration to run: its name, its timestamp, or an unambiguous part of its name. */
  readonly to?: string | undefined;
  /** How many changes. */
  readonly count?: number | undefined;
  readonly transaction?: TransactionMode | undefined;
  /** `fake` records the migrations as applied without executing them; `dry` executes them, shows the SQL and rolls everything back. */
  readonly mode?: RunMode | undefined;
  /**
   * `expand` defers all contract migrations; `contract` runs only those; `due` runs those whose time has come by the setting `contract`.
   * @default 'due'; 'all' with `to` and with `fake`
   */
  readonly phase?: Phase | 'all' | 'due' | undefined;
}

/** Whether a run executes its migrations, records them only, or tries them and takes all of it back. */
export type RunMode = 'real' | 'fake' | 'dry';

/** What `run` has done. */
export interface RunResult {
  readonly applied: readonly Finished[];
  /** Contract migrations that run later. */
  readonly deferred: readonly string[];
  readonly waitedForLockMs: number;
  /** Applied migrations whose file was edited or is missing; left out if there are none. */
  readonly problems?: readonly StatusProblem[];
  /** Only of a dry run. */
  readonly statements?: readonly DryRunStatement[];
}

/** How far `revert` goes. Without any: the last change. */
export interface RevertOptions {
  /** The migration to go back to: it stays applied, everything applied after it is reverted. */
  readonly to?: string | undefined;
  /** How many changes; with `unit: 'step'`, how many migrations. @default 1 */
  readonly count?: number | undefined;
  /** What is counted: whole changes, or the single migrations they consist of. @default 'change' */
  readonly unit?: 'change' | 'step' | undefined;
  /** `all`: everything; `last-run`: what the last run has applied. Without it: the last change. */
  readonly which?: 'all' | 'last-run' | undefined;
  readonly mode?: RunMode | undefined;
}

/** What was reverted of a change. */
export interface RevertedChange {
  readonly name: string;
  readonly migrations: readonly string[];
  /** The migrations of the change that stay applied. */
  readonly stay: readonly string[];
}

/** What `revert` has done. */
export interface RevertResult {
  readonly reverted: readonly Finished[];
  /** The same, grouped by change. */
  readonly changes: readonly RevertedChange[];
  /** The migrations whose files are not here: they are reverted by statements kept when they were applied; left out where there is none. */
  readonly kept?: readonly string[];
  readonly waitedForLockMs: number;
  readonly statements?: readonly DryRunStatement[];
}

/** How much `redo` reverts and applies again. Without any: the last change. */
export type RedoOptions = Pick<RevertOptions, 'count' | 'unit'>;

/** What `redo` has done. */
export interface RedoResult {
  readonly reverted: readonly Finished[];
  readonly changes: readonly RevertedChange[];
  readonly applied: readonly Finished[];
  readonly waitedForLockMs: number;
}

/** A migration that the ledger lists. */
export interface AppliedMigration {
  readonly name: string;
  readonly timestamp: number;
  /** Unknown for a migration that TypeORM itself has applied. */
  readonly appliedAt: string | null;
  readonly durationMs: number | null;
}

/** A migration that is newer than every file here. */
export interface NewerMigration extends AppliedMigration {
  /** Whether it can be reverted without its file, by statements that were kept when it was applied. */
  readonly revertible: boolean;
}

/** A migration in the same ledger that another service has applied. */
export interface ForeignMigration extends AppliedMigration {
  /** The name of that service in the log. */
  readonly service: string;
}

/** A migration that no run has applied yet. */
export interface PendingMigration {
  readonly name: string;
  readonly timestamp: number;
  readonly phase: Phase;
  /** Set for a contract migration that a run has deferred; the app may start without it. */
  readonly deferred?: true;
  readonly due?: Due;
}

/** Something that files and ledger disagree about. */
export interface StatusProblem {
  readonly code:
    | 'FILE_MISSING'
    | 'EDITED'
    | 'OUT_OF_ORDER'
    | 'HALF_DONE'
    | 'NO_FILES'
    | 'LEDGER_DUPLICATE'
    | 'STALE_OUTPUT'
    | 'NOT_COMPILED';
  readonly migration: string | null;
  readonly message: string;
  /** Of a missing file: whether its migration can be reverted without it. Only `status` looks. */
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
}

/** Files against ledger. Nothing is changed. */
export interface StatusResult {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly PendingMigration[];
  /** The same, grouped by change, in the order of their timestamps. */
  readonly changes: readonly StatusChange[];
  /** Applied migrations that are newer than every file here: a newer deploy, or another branch, has applied them. */
  readonly newer: readonly NewerMigration[];
  /** Migrations that other services have applied in the same ledger; commands of this service leave them alone. */
  readonly foreign: readonly ForeignMigration[];
  readonly problems: readonly StatusProblem[];
  /** Left out where nothing is. */
  readonly running?: readonly RunningMigration[];
}

/** What `wait` waits for, and for how long. */
export interface WaitOptions {
  /** Give up after so many milliseconds. 0 is never. */
  readonly timeoutMs?: number | undefined;
  /** What to wait for: that the server answers, or also that nothing is pending. */
  readonly until?: 'connected' | 'migrated' | undefined;
}

/** How long it took, and what is still pending. */
export interface WaitResult {
  readonly waitedMs: number;
  readonly pending: readonly PendingMigration[];
}

/** The decision about a half-done migration. */
export type Resolution =
  /** It was finished by hand (or undone by hand, when it was being reverted): record that. */
  | { readonly as: 'finished' }
  /** It was put back by hand: the next command starts at its first statement. */
  | { readonly as: 'not-started' }
  /** This many statements are done: the next command continues after them. */
  | { readonly as: 'done-until'; readonly statement: number };

/** What is recorded of a half-done migration now. */
export interface ResolveResult {
  readonly migration: string;
  readonly state: 'applied' | 'reverted' | 'not-started' | 'half-done';
}

/** What `create` writes: an empty migration. */
export interface CreateOptions {
  readonly name: string;
  /** @default 'migration' */
  readonly kind?: 'migration' | 'data' | 'seed' | undefined;
  /** @default that of the migrations in use, and without any, that of the project */
  readonly language?: Language | undefined;
  readonly dir?: string | undefined;
  /** For `js`: which module system. Default: as Node will treat a file in that folder. */
  readonly moduleKind?: 'esm' | 'cjs' | undefined;
  /** Adds the new class to the `migrations` list of the data source without asking, where it is a plain one. */
  readonly addToList?: boolean | undefined;
  /** Asks whether to do so. */
  readonly ask?: { confirm(question: string): Promise<boolean> } | undefined;
}

/** The file that `create` has written. */
export interface CreateResult {
  readonly file: string;
  readonly name: string;
  readonly foundBy: FoundBy;
  /** If migrations are listed as classes: what the list lacks, or what was added to it. */
  readonly list?: Enlisted;
}
