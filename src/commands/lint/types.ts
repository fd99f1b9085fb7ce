import type { Severity } from '../../rules/rule.js';

/** Options of `lint`. */
export interface LintOptions {
  /** Lints the migrations that are new since this Git revision. @default where the current branch left the main branch */
  readonly since?: string | undefined;
  /** Lints all migrations, each as if the objects of the earlier ones were in use. */
  readonly all?: boolean | undefined;
  /** Lints these migrations: files or names. */
  readonly files?: readonly string[] | undefined;
  /** A server for the shadow (a temporary PostgreSQL), instead of PGlite. */
  readonly shadow?: string | undefined;
  /** The major version of the server on which the migrations will run. @default 15 */
  readonly targetVersion?: number | undefined;
  /** Whether to use cached replays. @default true */
  readonly cache?: boolean | undefined;
  /** Rewrites migrations that block queries as `generate` would write them. */
  readonly fix?: boolean | undefined;
  /** Severities such as `create-index-blocking=off`, which override the settings. */
  readonly rules?: readonly string[] | undefined;
}

/** A problem that a rule has found in a migration. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly migration: string;
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly sql?: string | undefined;
  /** The position of a syntax error in the statement, from 0. */
  readonly position?: number | undefined;
  readonly message: string;
  readonly observed?: readonly string[] | undefined;
  /** The SQL to write instead of the statement, which results in the same schema. */
  readonly fix?: string | undefined;
  /** Other steps or decisions. */
  readonly advice?: string | undefined;
}

/** A migration that `lint --fix` has rewritten. */
export interface FixedMigration {
  readonly migration: string;
  readonly file?: string | undefined;
  /** The files that replace it; empty if it was left unchanged. */
  readonly files: readonly string[];
  /** Why it was left unchanged. */
  readonly left?: string | undefined;
  /** Statements of the replacement that still block reads or writes. */
  readonly blocks?: readonly string[] | undefined;
}

/** The result of `lint`. */
export interface LintResult {
  /** The number of migrations that were judged. */
  readonly migrations: number;
  readonly findings: readonly Finding[];
  /** Findings that a comment ignores, with the reason it gives. */
  readonly ignored: readonly { readonly rule: string; readonly migration: string; readonly reason: string }[];
  /** With `fix`: the result for each migration that blocked queries. `findings` still lists the problems from before the fix. */
  readonly fixed?: readonly FixedMigration[];
  /** How the migrations were chosen, in words. */
  readonly chosen: string;
}
