import type { LockMode } from '../../observe/relation.js';
import type { TransactionMode } from '../../options.js';
import type { Phase } from '../types.js';

/** Options of `plan`. */
export interface PlanOptions {
  /** Also checks the rows with queries that read whole tables. @default only quick queries */
  readonly deep?: boolean | undefined;
  /** Which pending migrations, as for `run`. */
  readonly phase?: Phase | 'all' | 'due' | undefined;
  readonly to?: string | undefined;
  readonly count?: number | undefined;
  /** As for `run`: one transaction for all migrations holds locks until the end of the last one. @default from the settings */
  readonly transaction?: TransactionMode | undefined;
  /** A server for the shadow (a temporary PostgreSQL), instead of PGlite. */
  readonly shadow?: string | undefined;
}

/**
 * `will block`: queries of the app would wait noticeably long for it. `not known`: whether it blocks or fails
 * depends on questions that the live database could not answer. `cannot be judged`: it was not tried at all.
 */
export type Verdict = 'safe now' | 'not known' | 'cannot be judged' | 'will block' | 'will fail';

/** The effects of one pending migration. */
export interface PlannedMigration {
  readonly name: string;
  readonly phase: Phase;
  readonly verdict: Verdict;
  /** The reasons for the verdict, one sentence each. */
  readonly why: readonly string[];
  /** Remarks that do not affect the verdict. */
  readonly remarks: readonly string[];
  readonly statements: readonly PlannedStatement[];
  /** The approximate duration; null if not known. */
  readonly seconds: Seconds | null;
}

/** In nine of ten cases, the duration is within this range. */
export interface Seconds {
  readonly from: number;
  readonly to: number;
}

/** The effects of one statement. */
export interface PlannedStatement {
  readonly sql: string;
  readonly locks: readonly { readonly table: string; readonly mode: LockMode; readonly blocks: string }[];
  readonly scans: readonly string[];
  readonly rewrites: readonly string[];
  readonly builds: readonly string[];
  /** The approximate duration; null if not known. */
  readonly seconds: Seconds | null;
  /** The estimate of the live database's planner, for a statement that reads or changes rows. */
  readonly explained?: { readonly rows: number; readonly cost: number; readonly node: string } | undefined;
  /** The approximate number of existing rows that it changes; null if not known. */
  readonly changes: readonly { readonly table: string; readonly rows: number | null }[];
}

/** The size of a table that a migration affects. */
export interface TableSize {
  readonly table: string;
  /** The server's estimate; null if it has none yet. */
  readonly rows: number | null;
  /** Whether the table has been analyzed; otherwise, estimates are guesses. */
  readonly analysed: boolean;
  readonly bytes: number;
  readonly indexBytes: number;
}

/** A session on the server that may block a migration. */
export interface Session {
  readonly pid: number;
  readonly user: string;
  readonly application: string;
  readonly state: string;
  readonly seconds: number;
  readonly query: string;
  /** The tables of the plan that it holds locks on. */
  readonly tables: readonly string[];
}

/** The current activity on the server. */
export interface ServerNow {
  readonly version: string;
  /** Sessions with a long-running transaction, or that block others. */
  readonly sessions: readonly Session[];
  readonly replicas: readonly {
    readonly name: string;
    readonly lagBytes: number;
    readonly lagSeconds: number | null;
  }[];
  /** Invalid indexes that a failed attempt has left behind. */
  readonly invalidIndexes: readonly string[];
  /** Indexes that a session is building right now. */
  readonly indexesBeingBuilt: readonly string[];
}

/** The result of `plan`: what `run` would do to this database now. */
export interface PlanResult {
  readonly migrations: readonly PlannedMigration[];
  /** Contract migrations that `run` would defer. */
  readonly deferred: readonly string[];
  readonly tables: readonly TableSize[];
  readonly now: ServerNow;
  /** The extra disk space that table rewrites need until they are done. */
  readonly diskBytes: number;
  /** The worst verdict of the migrations. */
  readonly verdict: Verdict;
}
