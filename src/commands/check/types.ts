import type { ErrorCode } from '../../errors.js';

/** The steps of `check`, in order. */
export type CheckStepName = 'files' | 'branches' | 'replay' | 'entities' | 'lint' | 'rows' | 'database' | 'drift';

/** Options of `check`. */
export interface CheckOptions {
  /** Also checks the database of the data source for migrations that are pending, edited, missing, out of order or half-done. */
  readonly database?: boolean | undefined;
  /** Also tries the new migrations on invented rows: up, down and up again. */
  readonly withRows?: boolean | undefined;
  /** Rewrites `migrations.lock` before checking, unless two branches in it conflict. */
  readonly writeLock?: boolean | undefined;
  /** The steps to perform. @default all */
  readonly only?: readonly CheckStepName[] | undefined;
  readonly skip?: readonly CheckStepName[] | undefined;
  /** Lints the migrations that are new since this Git revision. @default where the current branch left the main branch */
  readonly since?: string | undefined;
  /** Objects to ignore, in addition to the setting `ignore`. */
  readonly ignore?: readonly string[] | undefined;
  /** A server for the shadow (a temporary PostgreSQL), instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Whether to use cached proofs. @default true */
  readonly cache?: boolean | undefined;
}

/** A finding of `check`. */
export interface CheckFinding {
  /** A notice does not fail the check. */
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

/** The migrations that a step has judged. */
export interface Judged {
  readonly migrations: number;
  /** How they were chosen, such as `new since main`; empty if the new ones are not known. */
  readonly chosen: string;
}

/** One step of `check`, with its findings. */
export interface CheckStep {
  readonly name: CheckStepName;
  readonly state: 'ok' | 'notice' | 'failed';
  readonly findings: readonly CheckFinding[];
  /** For `lint` and `rows`, which judge only some migrations: how many, and how they were chosen. */
  readonly judged?: Judged;
  /** Why the step could not run at all. */
  readonly error?: ErrorCode;
}

/** The result of `check`, by step. */
export interface CheckResult {
  /** Whether every step has passed. */
  readonly ok: boolean;
  readonly steps: readonly CheckStep[];
  /** The path of the `migrations.lock` that was written. */
  readonly written?: string;
}
