import type { LockMode } from '../../observe/relation.js';
import type { TransactionMode } from '../../options.js';
import type { Phase } from '../types.js';

/** How `plan` looks at what is pending. */
export interface PlanOptions {
  /** Questions that read whole tables are asked too, whether values would be in the way. @default only as far as they are quick */
  readonly deep?: boolean | undefined;
  /** As `run` has it: which of the pending ones. */
  readonly phase?: Phase | 'all' | 'due' | undefined;
  readonly to?: string | undefined;
  readonly count?: number | undefined;
  /** As `run` has it: in one transaction for all of them, locks are held to the end of the last one. @default what the settings say */
  readonly transaction?: TransactionMode | undefined;
  /** A server for the throwaway database, instead of PGlite. */
  readonly shadow?: string | undefined;
}

/**
 * `will block`: queries of the app would have to wait for it, and long enough to be noticed. `not known`: whether it blocks or fails
 * depends on what the live database could not answer. `cannot be judged`: it was not tried at all.
 */
export type Verdict = 'safe now' | 'not known' | 'cannot be judged' | 'will block' | 'will fail';

/** What one pending migration will do. */
export interface PlannedMigration {
  readonly name: string;
  readonly phase: Phase;
  readonly verdict: Verdict;
  /** The reasons for the verdict, each a sentence. */
  readonly why: readonly string[];
  /** Worth knowing, whatever the verdict. */
  readonly remarks: readonly string[];
  readonly statements: readonly PlannedStatement[];
  /** About how long it takes; null if that is not known. */
  readonly seconds: Seconds | null;
}

/** In nine of ten cases, the truth lies between them. */
export interface Seconds {
  readonly from: number;
  readonly to: number;
}

/** What one statement of it will do. */
export interface PlannedStatement {
  readonly sql: string;
  readonly locks: readonly { readonly table: string; readonly mode: LockMode; readonly blocks: string }[];
  readonly scans: readonly string[];
  readonly rewrites: readonly string[];
  readonly builds: readonly string[];
  /** About how long it takes; null if that is not known. */
  readonly seconds: Seconds | null;
  /** The estimate of the live database's planner, for a statement that reads or changes rows. */
  readonly explained?: { readonly rows: number; readonly cost: number; readonly node: string } | undefined;
  /** About how many existing rows it changes; null if that is not known. */
  readonly changes: readonly { readonly table: string; readonly rows: number | null }[];
}

/** How large a table is that a migration touches. */
export interface TableSize {
  readonly table: string;
  /** The estimate of the server; null if it has none yet. */
  readonly rows: number | null;
  /** Whether the table has been analysed; otherwise estimates are guesses. */
  readonly analysed: boolean;
  readonly bytes: number;
  readonly indexBytes: number;
}

/** A session on the server that may be in the way. */
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

/** What is going on at the server. */
export interface ServerNow {
  readonly version: string;
  /** Sessions whose transaction has been open for long, or that block others. */
  readonly sessions: readonly Session[];
  readonly replicas: readonly {
    readonly name: string;
    readonly lagBytes: number;
    readonly lagSeconds: number | null;
  }[];
  /** Indexes that a failed attempt has left behind. */
  readonly invalidIndexes: readonly string[];
  /** Indexes that are invalid because a session is building them right now. */
  readonly indexesBeingBuilt: readonly string[];
}

/** What `run` would do to this database now. */
export interface PlanResult {
  readonly migrations: readonly PlannedMigration[];
  /** Contract migrations that `run` would defer. */
  readonly deferred: readonly string[];
  readonly tables: readonly TableSize[];
  readonly now: ServerNow;
  /** The extra space that rewritten tables need until the rewrite is done. */
  readonly diskBytes: number;
  /** The worst verdict of the migrations. */
  readonly verdict: Verdict;
}
