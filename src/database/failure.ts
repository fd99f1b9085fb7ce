import { clauseOf, isMigrateError, MigrateError } from '../errors.js';
import { describeBlocker, endOf } from '../events.js';
import type { Blocker, Direction } from '../events.js';
import { unsetVariables } from '../files/unset-variables.js';
import { classify } from '../sql/index.js';
import { withoutPasswords } from '../passwords.js';
import { setTo } from '../options.js';
import { remedyFor } from './scarce.js';

/** The error of the server for a failed statement. TypeORM wraps it once. */
interface ServerError {
  readonly code?: string;
  readonly message?: string;
  readonly position?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly constraint?: string;
}

/** The error of the server, if this is one. */
export function serverErrorOf(error: unknown): ServerError | undefined {
  const wrapped = (error as { readonly driverError?: unknown } | undefined)?.driverError;
  const candidate = (wrapped ?? error) as ServerError | undefined;
  // Our own code `USAGE` and the system's `EPIPE` look like codes of the server.
  if (!candidate || isMigrateError(candidate) || 'syscall' in Object(candidate)) return undefined;
  return typeof candidate.code === 'string' && /^[0-9A-Z]{5}$/.test(candidate.code) ? candidate : undefined;
}

/** The error of the server, even if an error of the migration wraps it as its cause. */
export function serverErrorBelow(error: unknown): ServerError | undefined {
  const seen = new Set<unknown>();
  for (let one = error; one instanceof Error && !seen.has(one); one = one.cause) {
    const server = serverErrorOf(one);
    if (server) return server;
    seen.add(one);
  }
  return undefined;
}

/** The code of the error, if it came from the server. */
export function sqlState(error: unknown): string | undefined {
  return serverErrorOf(error)?.code;
}

/** Whether a lock was not granted in time, or the transaction was the victim of a deadlock: a retry may succeed a moment later. */
export function isLockFailure(error: unknown): boolean {
  const code = sqlState(error);
  return code === '55P03' || code === '40P01';
}

/** Whether the statement failed because it cannot run inside a transaction block. */
export function needsAutocommit(error: unknown): boolean {
  const code = sqlState(error);
  return code === '25001' || code === '2D000';
}

/** The beginning of the next step if nothing more is known. */
export const correctIt = 'Correct the migration or the data';

/** What to do if the server lacks something, such as disk space; the beginning of a sentence. */
export function remedyOf(error: unknown): string | undefined {
  return remedyFor(serverErrorBelow(error) ?? {});
}

/** The error for a query of nest-migrate itself that failed because the server lacks something; undefined if it failed otherwise. */
export function serverLacks(error: unknown): MigrateError | undefined {
  const remedy = isMigrateError(error) ? undefined : remedyOf(error);
  if (remedy === undefined) return undefined;
  return new MigrateError({
    code: 'INTERNAL',
    message: `A query of nest-migrate itself failed on the server: ${clauseOf(error)} (${sqlState(error) ?? ''}).`,
    next: `${remedy}, then run the same command again. \`nest-migrate status\` shows what is applied.`,
    cause: error,
  });
}

/** The beginning of the next step, before the command to run again: the given words if nothing more is known. */
export function correctionOf(error: unknown, otherwise = correctIt): string {
  const unset = serverErrorOf(error) === undefined ? unsetVariables(error) : undefined;
  return remedyOf(error) ?? unset ?? otherwise;
}

export interface FailedAt {
  /** @default 'Migration' */
  readonly what?: 'Seed';
  readonly migration: string;
  readonly direction: Direction;
  /** The statement that failed; undefined if something else failed, between two statements or at the COMMIT. */
  readonly sql: string | undefined;
  /** The number of the last statement that was started. */
  readonly statement: number;
  /** The current state of the database. */
  readonly state: string;
  readonly next?: string;
  /** The reason, if it is known. */
  readonly hint?: string | undefined;
  /** The statements that create the extensions which this role may not create. */
  readonly denied?: readonly string[];
}

/** The error for a failed migration, with everything that the person on call needs to know. */
export function migrationFailed(error: unknown, at: FailedAt): MigrateError {
  if (isMigrateError(error)) {
    const { message } = error;
    return error.with({ migration: at.migration, ...(isLockLost(error) && { message: `${message}\n${at.state}` }) });
  }
  const server = serverErrorOf(error);
  const doing = at.direction === 'up' ? 'failed' : 'could not be reverted';
  const after = at.statement === 0 ? '' : ` after its statement ${at.statement}`;
  const where = at.sql === undefined ? after : ` at its statement ${at.statement}${lineOf(error)}`;
  const lines = [
    `${at.what ?? 'Migration'} ${at.migration} ${doing}${where}: ${clauseOf(error)}${server?.code ? ` (${server.code})` : ''}.`,
  ];
  if (server?.detail) lines.push(`Detail: ${server.detail}`);
  if (server?.hint) lines.push(`Hint: ${server.hint}`);
  if (at.sql !== undefined) lines.push(excerpt(at.sql, Number(server?.position ?? 0)));
  lines.push(at.state);
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: lines.join('\n'),
    next:
      [permissionHint(server, at), at.hint, at.next].filter((part) => part !== undefined).join('\n') ||
      `${correctionOf(error)}, then run \`nest-migrate ${at.direction === 'up' ? 'run' : 'revert'}\` again.`,
    migration: at.migration,
    ...(at.sql !== undefined && { sql: at.sql, statement: at.statement }),
    cause: error,
  });
}

/** The connection of the lock was lost, which says nothing of the migration yet. Other errors with this code say what is known. */
function isLockLost({ code, cause }: MigrateError): boolean {
  return code === 'LOCK_LOST' && cause !== undefined;
}

/** The work that was rolled back because it did not get its locks in time. */
export interface NotGranted {
  readonly migration: string;
  readonly sql: string | undefined;
  readonly reason: string;
  readonly blockers: readonly Blocker[];
  readonly error: unknown;
}

export function migrationBlocked(
  outcome: NotGranted,
  attempts: number,
  lockTimeoutMs: number,
  state: string,
): MigrateError {
  const who = outcome.blockers.map((blocker) => `\n  ${describeBlocker(blocker)}`).join('');
  const [first] = outcome.blockers;
  return new MigrateError({
    code: 'MIGRATION_BLOCKED',
    message: `Migration ${outcome.migration} did not get its locks in ${attempts} attempts (each waits at most ${lockTimeoutMs} ms, because other queries queue up in the meantime): ${outcome.reason}.${who === '' ? '' : `\nBlocked by:${who}`}\n${state}`,
    next:
      first === undefined
        ? `Run again when the table is less busy, or try for longer: ${setTo('retryFor', '30min')}`
        : `End what blocks it (${endOf(first)}), or try for longer (${setTo('retryFor', '30min')}), then run again.`,
    migration: outcome.migration,
    ...(outcome.sql !== undefined && { sql: outcome.sql }),
    cause: outcome.error,
  });
}

/** A query of our own, outside a migration, that waited for a lock for too long. */
export function queryBlocked(what: string, waitedMs: number, blockers: readonly Blocker[]): MigrateError {
  const who = blockers.map((blocker) => `\n  ${describeBlocker(blocker)}`).join('');
  const ends = blockers.map(endOf).join(' ');
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `After ${Math.round(waitedMs / 1000)} s, ${what} was still waiting for a lock, and was given up. Blocked by:${who}`,
    next: `End what blocks it (${ends}), then run the command again. To wait longer: ${setTo('retryFor', '30min')}.`,
  });
}

function lineOf(error: unknown): string {
  const line = (error as { readonly line?: unknown } | undefined)?.line;
  return typeof line === 'number' ? ` (line ${line} of its file)` : '';
}

function permissionHint(
  server: ServerError | undefined,
  { sql = '', denied = [sql] }: Pick<FailedAt, 'sql' | 'denied'>,
): string | undefined {
  if (server?.code !== '42501') return undefined;
  const created = denied.flatMap((text) => classify(text)).filter(({ command }) => command === 'CREATE EXTENSION');
  if (created.length > 0) {
    const names = created.map(({ name }) => name?.join('.') ?? '').join(', ');
    const then = created.every((one) => one.mentions('IF', 'NOT', 'EXISTS'))
      ? 'with IF NOT EXISTS, the migration succeeds'
      : 'the migration needs IF NOT EXISTS for that, which changes nothing where it is already applied';
    const lines = created.map(({ text }) => `${text};`).join(' ');
    return `Ask an administrator of the database to install the extension${created.length === 1 ? '' : 's'} ${names}, once: ${lines} Then run again: ${then}. To see what else this role may not do: nest-migrate plan`;
  }
  if (/row-level security/.test(server.message ?? ''))
    return 'Migrate as the owner of the table (not enough with FORCE ROW LEVEL SECURITY) or as a role with BYPASSRLS: for any other role, the statement would have left out the rows that the policy hides.';
  const parameter = /^permission denied to set parameter "(.+)"/.exec(server.message ?? '')?.[1];
  if (parameter !== undefined)
    return `Only a superuser may set it, and since PostgreSQL 15 a role to which a superuser has granted it: GRANT SET ON PARAMETER ${parameter} TO …; Then run again.`;
  return 'Give the role of this connection the missing privilege (GRANT … TO …, or ownership of the table), or migrate with the role that owns the schema.';
}

/** The line of the statement that the server refers to, with a caret below the position. */
export function excerpt(statement: string, position: number): string {
  // Passwords are removed before the text is cut, because half a password must not be shown either.
  const sql = withoutPasswords(statement);
  const lines = sql.trim().split('\n');
  if (position <= 0 || sql !== statement)
    return (
      lines
        .slice(0, 3)
        .map((line) => `  ${shorten(line)}`)
        .join('\n') + (lines.length > 3 ? '\n  …' : '')
    );
  const before = sql.slice(0, position - 1);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = sql.indexOf('\n', position - 1);
  const line = sql.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  const column = position - 1 - lineStart;
  const from = Math.max(0, column - 80);
  return `  ${line.slice(from, from + 160)}\n  ${' '.repeat(column - from)}^`;
}

function shorten(line: string): string {
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
