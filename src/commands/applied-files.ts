import { MigrateError } from '../errors.js';
import type { LedgerRow } from '../database/ledger.js';
import type { HalfDone } from '../database/log.js';
import type { WarningCode } from '../events.js';
import { timestampOf } from '../files/name.js';
import type { MigrationName } from '../files/name.js';
import { sqlChecksum } from '../files/sql-file.js';
import { setTo } from '../options.js';
import type { CommandContext, Survey } from './context.js';
import type { StatusProblem } from './types.js';

/**
 * The applied .sql migrations whose text has changed since. Classes have no checksum, because their text changes when they are compiled.
 */
export function findEdited({ known, state: { checksums }, isApplied }: Survey): readonly string[] {
  if (checksums.size === 0) return [];
  return known
    .filter(({ name, file }) => {
      const then = file?.endsWith('.sql') && isApplied(name) ? checksums.get(name) : undefined;
      return then !== undefined && file !== undefined && then !== sqlChecksum(file);
    })
    .map(({ name }) => name);
}

/** Only files with a checksum are read. */
export function editedProblems(now: Survey): readonly StatusProblem[] {
  return findEdited(now).map((name) => ({
    code: 'EDITED' as const,
    migration: name,
    message: `${name} was edited after it was applied.`,
  }));
}

/**
 * The applied migrations that have no file here. If they are newer than every file, a newer deploy or another branch has applied them,
 * which is the expected state after a deploy was rolled back.
 */
export function withoutFile({ known, state }: Survey): {
  readonly missing: readonly LedgerRow[];
  readonly newer: readonly LedgerRow[];
} {
  const files = new Set(known.map(({ name }) => name));
  const gone = state.applied.filter(({ name }) => !files.has(name));
  if (gone.length === 0) return { missing: [], newer: [] };
  const isNewer = newerThanAll(known);
  return { missing: gone.filter((row) => !isNewer(row)), newer: gone.filter(isNewer) };
}

function newerThanAll(known: Survey['known']): (one: MigrationName) => boolean {
  const newest = Math.max(...known.map(({ timestamp }) => timestamp));
  return ({ timestamp }) => known.length > 0 && timestamp > newest;
}

/**
 * The migrations that stopped in the middle, and are newer than every file here: a newer deploy that failed, and was rolled back. The older
 * version works without them.
 */
export function newerHalfDone({ known, state }: Pick<Survey, 'known' | 'state'>): readonly HalfDone[] {
  if (state.halfDone.length === 0) return [];
  const isNewer = newerThanAll(known);
  return state.halfDone.filter(({ migration: name }) => isNewer({ name, timestamp: timestampOf(name) ?? 0 }));
}

/** If the kept statements were read from the database, the problem says whether the migration can be reverted. */
export function missingProblems(missing: readonly LedgerRow[], kept?: ReadonlySet<string>): readonly StatusProblem[] {
  return missing.map(({ name }) => {
    const problem = { code: 'FILE_MISSING' as const, migration: name };
    const message = `${name} is applied, but its file is not here`;
    if (kept === undefined) return { ...problem, message: `${message}.` };
    const revertible = kept.has(name);
    const how = revertible
      ? 'the statements that revert it are kept in the database, so `revert` does not need it.'
      : 'it cannot be reverted.';
    return { ...problem, message: `${message}: ${how}`, revertible };
  });
}

/** Refuses an edited file or warns of it, depending on the settings, and warns of missing files. */
export function judgeFiles(now: Survey, context: CommandContext): readonly StatusProblem[] {
  const { missing: gone, newer } = withoutFile(now);
  const [edited, missing] = [editedProblems(now), missingProblems(gone)];
  const warn = (code: WarningCode, message: string): void => context.onEvent({ type: 'warning', code, message });
  if (edited.length > 0) {
    const message = `Edited after being applied: ${shortened(namesOf(edited))}. The database still has what the earlier version created.`;
    if (context.settings.edited === 'refuse') throw refused(message, edited[0]?.migration ?? '');
    warn('MIGRATION_EDITED', message);
  }
  if (missing.length > 0)
    warn(
      'MIGRATION_FILE_MISSING',
      `Applied, but the file is not here: ${shortened(namesOf(missing))}. \`nest-migrate status\` shows whether it can be reverted.`,
    );
  if (newer.length > 0)
    warn(
      'NEWER_APPLIED',
      `Applied, and newer than every file here: ${shortened(newer.map(({ name }) => name))}. A newer deploy or another branch has applied ${newer.length === 1 ? 'it' : 'them'}.`,
    );
  const begun = newerHalfDone(now).map(({ migration }) => migration);
  if (begun.length > 0)
    warn(
      'NEWER_HALF_DONE',
      `Stopped in the middle, and newer than every file here: ${shortened(begun)}. The version that contains ${begun.length === 1 ? 'it' : 'them'} can finish ${begun.length === 1 ? 'it' : 'them'}.`,
    );
  return [...edited, ...missing];
}

function refused(message: string, migration: string): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_EDITED',
    message: `${message} Nothing was changed.`,
    next: `Restore the file and write a new migration for the change; or accept the edit: ${setTo('edited', 'warn')}`,
    migration,
  });
}

const most = 5;

function namesOf(problems: readonly StatusProblem[]): readonly string[] {
  return problems.flatMap(({ migration }) => migration ?? []);
}

function shortened(names: readonly string[]): string {
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more (nest-migrate status)`;
}
