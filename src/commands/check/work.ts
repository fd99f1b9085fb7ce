import { ExitCode, isMigrateError } from '../../errors.js';
import type { MigrateError } from '../../errors.js';
import { fromHere } from '../../data-source/describe.js';
import type { ReadPlace } from '../../files/lock-place.js';
import type { KnownMigration, MigrationList } from '../../files/migration.js';
import type { MigrationsLock } from '../../files/migrations-lock.js';
import type { CommandContext } from '../context.js';
import type { CheckFinding, CheckOptions, Judged } from './types.js';

/** The input of the steps, read once. */
export interface CheckWork {
  readonly context: CommandContext;
  readonly options: CheckOptions;
  readonly list: MigrationList;
  /** The migrations whose files could be loaded, in order. */
  readonly migrations: readonly KnownMigration[];
  /** Findings about files that could not be loaded, and about two migrations in the same place. */
  readonly broken: readonly CheckFinding[];
  readonly lock: CheckedLock;
}

export interface CheckedLock {
  readonly place: ReadPlace;
  /** Undefined if there is no lock file. */
  readonly content: MigrationsLock | undefined;
  /** The finding if the lock file could not be read. */
  readonly unread?: CheckFinding;
}

/** If the files are not in order, the effects of the migrations are unknown. */
export const notJudged: CheckFinding = {
  severity: 'error',
  message: 'This cannot be judged until every migration file can be loaded (see the step "files").',
};

/** Errors that are not about the migrations. With them, the step has no result. */
const impossible = new Set<string>([
  'PACKAGE_MISSING',
  'CONNECTION_FAILED',
  'AUTHENTICATION_FAILED',
  'DATABASE_MISSING',
  'PERMISSION_DENIED',
  'INTERNAL',
]);

/** Whether an error is not a finding, but the reason why there are none. */
export function isImpossible(error: MigrateError): boolean {
  return impossible.has(error.code) || error.exitCode === ExitCode.usage;
}

/** An error as a finding; an unexpected error is thrown again. */
export function findingOf(thrown: unknown, more: Partial<CheckFinding> = {}): CheckFinding {
  if (!isMigrateError(thrown) || thrown.code === 'CANCELLED') throw thrown;
  const { message, next, migration } = thrown;
  const text = message.replace(/\s*(?:Nothing was written|The database was not touched)\./g, '');
  return { severity: 'error', message: text, next, ...(migration !== undefined && { migration }), ...more };
}

export function rethrowImpossible(error: unknown): void {
  if (!isMigrateError(error) || isImpossible(error)) throw error;
}

export function isBroken({ broken }: CheckWork): boolean {
  return broken.some(({ severity }) => severity === 'error');
}

export function placeOf(file: string | undefined): { readonly file?: string } {
  return file === undefined ? {} : { file: fromHere(file) };
}

export const none: Judged = { migrations: 0, chosen: '' };

/** Without git, the new migrations are unknown. But a given revision that does not exist is an error. */
export function notChosen(error: unknown, { options }: CheckWork): CheckFinding {
  if (!isMigrateError(error) || error.code !== 'USAGE' || options.since !== undefined) throw error;
  const message = `No migration was judged: ${error.message}`;
  return { severity: 'notice', message, next: 'nest-migrate check --since <revision>, or nest-migrate lint --all' };
}

/** The first lines, and the number of further ones. */
export function shortened(lines: readonly string[], most = 10): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most), `… and ${lines.length - most} more`];
}
