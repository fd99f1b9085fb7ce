import type { ErrorCode } from '../../errors.js';

/** What `check` looks at, one after the other. */
export type CheckStepName = 'files' | 'branches' | 'replay' | 'entities' | 'lint' | 'rows' | 'database' | 'drift';

/** Which steps `check` takes. */
export interface CheckOptions {
  /** Also looks at the database of the data source: pending, edited, missing, out of order, half-done. */
  readonly database?: boolean | undefined;
  /** Also tries the new migrations on rows that are made up: up, down and up. */
  readonly withRows?: boolean | undefined;
  /** Rewrites `migrations.lock` before checking, unless two branches in it conflict. */
  readonly writeLock?: boolean | undefined;
  /** Only these steps. @default all */
  readonly only?: readonly CheckStepName[] | undefined;
  readonly skip?: readonly CheckStepName[] | undefined;
  /** For `lint`: the migrations that this revision of git does not have are judged. @default where the main branch was left */
  readonly since?: string | undefined;
  /** What is left alone, beside the setting `ignore`. */
  readonly ignore?: readonly string[] | undefined;
  /** A server for the throwaway databases, instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Whether what was proven before may be taken for granted. @default true */
  readonly cache?: boolean | undefined;
}

/** Something that `check` has found. */
export interface CheckFinding {
  /** A notice is worth knowing, but does not fail the check. */
  readonly severity: 'error' | 'notice';
  readonly message: string;
  readonly migration?: string;
  /** A relative path. */
  readonly file?: string;
  readonly line?: number;
  /** The rule of `lint` that found it. */
  readonly rule?: string;
  /** What to type or do next. */
  readonly next?: string;
}

/** The migrations that a step has looked at. */
export interface Judged {
  readonly migrations: number;
  /** In words, such as `new since main`; empty if it is not known which are new. */
  readonly chosen: string;
}

/** One step of `check`, with what it has found. */
export interface CheckStep {
  readonly name: CheckStepName;
  readonly state: 'ok' | 'notice' | 'failed';
  readonly findings: readonly CheckFinding[];
  /** For `lint` and `rows`, which look at some of the migrations: how many, and how they were chosen. */
  readonly judged?: Judged;
  /** Why the step could not run at all. */
  readonly error?: ErrorCode;
}

/** What `check` has found, by step. */
export interface CheckResult {
  /** Whether no step has failed. */
  readonly ok: boolean;
  readonly steps: readonly CheckStep[];
  /** The lock that was written. */
  readonly written?: string;
}
