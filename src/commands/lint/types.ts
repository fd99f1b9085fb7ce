import type { Severity } from '../../rules/rule.js';

/** Which migrations `lint` judges, and how. */
export interface LintOptions {
  /** The migrations that this revision of git does not have are judged. @default where the main branch was left */
  readonly since?: string | undefined;
  /** All of them, each as if the ones before it were in use. */
  readonly all?: boolean | undefined;
  /** Files or names. */
  readonly files?: readonly string[] | undefined;
  /** A server for the throwaway database, instead of PGlite. */
  readonly shadow?: string | undefined;
  /** Major version of the server that migrations are for. @default 15 */
  readonly targetVersion?: number | undefined;
  /** Whether what was replayed before may be used. @default true */
  readonly cache?: boolean | undefined;
  /** Rewrites migrations that block queries, as `generate` would have written them. */
  readonly fix?: boolean | undefined;
  /** Each `create-index-blocking=off`; before what the settings say. */
  readonly rules?: readonly string[] | undefined;
}

/** Something that a rule has found in a migration. */
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
  /** What to write instead of the statement: it leads to the same schema. */
  readonly fix?: string | undefined;
  /** What else to do or decide. */
  readonly advice?: string | undefined;
}

/** A migration that `lint --fix` has rewritten. */
export interface FixedMigration {
  readonly migration: string;
  readonly file?: string | undefined;
  /** The files that replace it; empty if it was left as it is. */
  readonly files: readonly string[];
  /** Why it was left as it is. */
  readonly left?: string | undefined;
  /** Statements of the replacement that still block reads or writes. */
  readonly blocks?: readonly string[] | undefined;
}

/** What `lint` has found. */
export interface LintResult {
  /** How many were judged. */
  readonly migrations: number;
  readonly findings: readonly Finding[];
  /** Findings that a comment ignores, with its reason. */
  readonly ignored: readonly { readonly rule: string; readonly migration: string; readonly reason: string }[];
  /** With `fix`: the result for each migration that blocked queries. The findings are those from before the fix. */
  readonly fixed?: readonly FixedMigration[];
  /** How they were chosen, in words. */
  readonly chosen: string;
}
