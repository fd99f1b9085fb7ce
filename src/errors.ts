import { withoutPasswords, withoutPasswordsIn, withoutPasswordsInData } from './passwords.js';

/**
 * What a process should exit with. 3 means: nothing failed, but there is something to do.
 *
 * @example
 * process.exitCode = (await migrator.pending()).length > 0 ? ExitCode.todo : ExitCode.done;
 */
export const ExitCode = { done: 0, failed: 1, usage: 2, todo: 3 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode] | 130 | 143;

/** In the order of the work that fails. */
export const errorCodes = [
  // wrong usage or configuration
  'USAGE',
  'OPTIONS_INVALID',
  'DATA_SOURCE_NOT_FOUND',
  'DATA_SOURCE_INVALID',
  'APP_INVALID',
  'SYNCHRONIZE_ON',
  'PACKAGE_MISSING',
  'PACKAGE_MISMATCH',
  'EMBEDDED_IN_PRODUCTION',
  'EMBEDDED_IN_USE',
  'EMBEDDED_VERSION',
  'NOT_CONFIRMED',
  // migration files
  'TYPESCRIPT_SYNTAX',
  'FILE_LOAD_FAILED',
  'FILE_INVALID',
  'FILE_EXISTS',
  'FILE_NOT_WRITTEN',
  'FILE_NOT_MATCHED',
  'BUILD_STALE',
  'MIGRATIONS_NOT_FOUND',
  'DUPLICATE_MIGRATION',
  'CHANGE_INCOMPLETE',
  'MIGRATION_UNKNOWN',
  'SEED_UNKNOWN',
  'MIGRATION_FILE_MISSING',
  'MIGRATION_EDITED',
  'MIGRATION_DEPENDENCY',
  'REPLAY_FAILED',
  'OUT_OF_ORDER',
  // the database
  'CONNECTION_FAILED',
  'AUTHENTICATION_FAILED',
  'DATABASE_MISSING',
  'DATABASE_IN_USE',
  'READ_ONLY',
  'PERMISSION_DENIED',
  'LOCK_NOT_ACQUIRED',
  'LOCK_LOST',
  // running
  'MIGRATION_FAILED',
  'MIGRATION_BLOCKED',
  'MIGRATION_HALF_DONE',
  'OUTCOME_UNKNOWN',
  'MIGRATIONS_PENDING',
  'WAIT_TIMEOUT',
  // what the entities describe, created on a throwaway database
  'ENTITIES_INVALID',
  'SHADOW_EXTENSION',
  // what a database has before its first migration
  'INITIAL_STATE_FAILED',
  // in tests
  'TEST_DATABASE_FAILED',
  // generating
  'DECISION_NEEDED',
  'PROOF_FAILED',
  'CANCELLED',
  'INTERNAL',
] as const;
/** Every failure this package reports has one of these codes; scripts can rely on them. */
export type ErrorCode = (typeof errorCodes)[number];

/** A statement that a dry run has met. */
export interface DryRunStatement {
  readonly migration: string;
  readonly sql: string;
  readonly parameters?: readonly unknown[];
  /** False when it was only recorded: `note` says why. */
  readonly executed: boolean;
  /** How what was executed differs from the statement, or why nothing was executed. */
  readonly note?: string;
}

/** What a `MigrateError` is made of. */
export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What happened, to which migration and statement, and what state the database is in now. */
  readonly message: string;
  /** What to type or do next. */
  readonly next: string;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
  /** The migration at fault, by its name in the ledger. */
  readonly migration?: string;
  /** The statement at fault. */
  readonly sql?: string;
  /** The number of that statement in its migration, from 1 on. */
  readonly statement?: number;
  /** What the same command had finished before it failed. */
  readonly finished?: readonly string[];
  /** What a dry run had collected before it failed. */
  readonly statements?: readonly DryRunStatement[];
}

// Two copies of this package (ESM and CommonJS) may meet in one process, so errors are known by a brand, not by instanceof.
const brand = Symbol.for('nest-migrate.error');

/**
 * The one error class: it says what happened, what to do next, and which exit code that deserves. Nothing in it contains a password.
 *
 * @example
 * new MigrateError({ code: 'USAGE', message: 'No name was given.', next: 'nest-migrate create <name>' });
 */
export class MigrateError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly exitCode: ExitCode;
  readonly migration: string | undefined;
  readonly sql: string | undefined;
  readonly statement: number | undefined;
  readonly finished: readonly string[];
  /** Only of a dry run. */
  readonly statements: readonly DryRunStatement[] | undefined;
  readonly [brand] = true;

  constructor(details: ErrorDetails) {
    const { message, sql, cause } = details;
    super(withoutPasswords(message, sql), cause === undefined ? undefined : { cause: withoutPasswordsIn(cause, sql) });
    this.name = 'MigrateError';
    this.code = details.code;
    this.next = details.next;
    this.exitCode = details.exitCode ?? ExitCode.failed;
    this.migration = details.migration;
    this.sql = sql === undefined ? undefined : withoutPasswords(sql);
    this.statement = details.statement;
    this.finished = details.finished ?? [];
    this.statements = withoutPasswordsInData(details.statements);
  }

  /** The same failure with more details: which migration it was, what had been finished before. */
  with(more: Partial<ErrorDetails>): MigrateError {
    const { code, message, next, exitCode, cause, migration, sql, statement, finished, statements } = this;
    const known = {
      code,
      message,
      next,
      exitCode,
      cause,
      finished,
      ...(migration && { migration }),
      ...(sql && { sql }),
      ...(statement && { statement }),
      ...(statements && { statements }),
    };
    return new MigrateError({ ...known, ...more });
  }
}

/**
 * Whether it was thrown by this package; also where another copy of it is loaded, which `instanceof` would not see.
 *
 * @example
 * catch (error) {
 *   if (isMigrateError(error)) console.error(error.code, error.message, error.next);
 * }
 */
export function isMigrateError(error: unknown): error is MigrateError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** The text of anything that was thrown, without passwords: it may quote an address, a statement, or a piece of a JSON file. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  const { query } = (error ?? {}) as { readonly query?: unknown };
  const text = error instanceof Error ? error.message : String(error);
  return withoutPasswords(withoutQuotedJson(text), typeof query === 'string' ? query : undefined);
}

/** `Unexpected token 'p', ..."e-url": postgres:/"... is not valid JSON` */
function withoutQuotedJson(text: string): string {
  return text.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');
}

/** `ENOENT` of a failed file operation, `42P01` of a failed query. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

const told = new WeakSet<object>();

/** The error of a query is that of its migration: a promise that was not waited for, and fails with it, has nothing to add. */
export function markTold(error: unknown): void {
  if (typeof error === 'object' && error !== null) told.add(error);
}

export function wasTold(error: unknown): boolean {
  return typeof error === 'object' && error !== null && told.has(error);
}

/** For people. They need to know where a command got to; a list of hundreds hides the rest of the message. `--json` has all of them. */
export function finishedBefore({ finished }: MigrateError): string | undefined {
  if (finished.length === 0) return undefined;
  const names = finished.length <= 5 ? finished.join(', ') : `${finished.length} migrations, up to ${finished.at(-1)}`;
  return `Finished before it, and kept: ${names}.`;
}
