import { withoutPasswords, withoutPasswordsIn, withoutPasswordsInData } from './passwords.js';

/**
 * The exit codes of the command. 3 means that nothing failed, but something is left to do.
 *
 * @example
 * process.exitCode = (await migrator.pending()).length > 0 ? ExitCode.todo : ExitCode.done;
 */
export const ExitCode = { done: 0, failed: 1, usage: 2, todo: 3 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode] | 130 | 143;

/** The error codes, in the order of the work that fails. */
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
  'ONLY_RECORDED',
  'LEDGER_LOST',
  'LEDGER_CHANGED',
  'LEDGER_DAMAGED',
  'MIGRATIONS_PENDING',
  'WAIT_TIMEOUT',
  // creating the entities on a shadow
  'ENTITIES_INVALID',
  'SHADOW_EXTENSION',
  // the initial state of a database
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

/** A statement in a dry run. */
export interface DryRunStatement {
  readonly migration: string;
  readonly sql: string;
  readonly parameters?: readonly unknown[];
  /** False if it was only recorded; `note` gives the reason. */
  readonly executed: boolean;
  /** How the executed statement differs from the original, or why nothing was executed. */
  readonly note?: string;
}

/** The parts of a `MigrateError`. */
export interface ErrorDetails {
  readonly code: ErrorCode;
  /** What happened, to which migration and statement, and the state of the database. */
  readonly message: string;
  /** What to type or do next. */
  readonly next: string;
  readonly exitCode?: ExitCode;
  readonly cause?: unknown;
  /** The migration at fault, by its name in the ledger. */
  readonly migration?: string;
  /** The statement at fault. */
  readonly sql?: string;
  /** The number of the statement in its migration, starting from 1. */
  readonly statement?: number;
  /** The work that the command had finished before it failed. */
  readonly finished?: readonly string[];
  /** The statements that a dry run had collected before it failed. */
  readonly statements?: readonly DryRunStatement[];
}

// Two copies of this package (ESM and CommonJS) may be loaded in one process, so a brand identifies errors, not instanceof.
const brand = Symbol.for('nest-migrate.error');

/**
 * The only error class of this package: it tells what happened, what to do next, and the exit code. It never contains a password.
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
  /** Only for a dry run. */
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

  /** The same failure with more details, such as the migration and the work that was finished before. */
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
 * Whether an error comes from this package, or from another loaded copy of it, which `instanceof` would not recognise.
 *
 * @example
 * catch (error) {
 *   if (isMigrateError(error)) console.error(error.code, error.message, error.next);
 * }
 */
export function isMigrateError(error: unknown): error is MigrateError {
  return typeof error === 'object' && error !== null && brand in error;
}

/** The message of any thrown value, without passwords: it may quote an address, a statement, or a piece of a JSON file. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  const { query } = (error ?? {}) as { readonly query?: unknown };
  const text = error instanceof Error ? error.message : String(error);
  return withoutPasswords(withoutQuotedJson(text), typeof query === 'string' ? query : undefined);
}

/** The message as part of a sentence, which ends it: many authors end theirs with a period. */
export function clauseOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '');
}

/** `Unexpected token 'p', ..."e-url": postgres:/"... is not valid JSON` */
function withoutQuotedJson(text: string): string {
  return text.replace(/, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s, '');
}

/** `ENOENT` for a failed file operation, `42P01` for a failed query. */
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

/** For people, who need to know how far a command got; a list of hundreds would hide the rest of the message. `--json` has all of them. */
export function finishedBefore({ finished }: MigrateError): string | undefined {
  if (finished.length === 0) return undefined;
  const names = finished.length <= 5 ? finished.join(', ') : `${finished.length} migrations, up to ${finished.at(-1)}`;
  return `Finished before it, and kept: ${names}.`;
}
