import { MigrateError } from '../errors.js';
import type { WarningCode } from '../events.js';
import { sqlChecksum } from '../files/sql-file.js';
import type { CommandContext, Survey } from './context.js';
import type { StatusProblem } from './types.js';

/** The applied .sql migrations whose text is not what was applied. Classes have no checksum: compiled, they are another text. */
export function findEdited({ known, state: { checksums }, isApplied }: Survey): readonly string[] {
  return known
    .filter(({ name, file }) => {
      const then = isApplied(name) && file?.endsWith('.sql') ? checksums.get(name) : undefined;
      return then !== undefined && file !== undefined && then !== sqlChecksum(file);
    })
    .map(({ name }) => name);
}

/** Only the files that have a checksum are read. */
export function editedProblems(now: Survey): readonly StatusProblem[] {
  return findEdited(now).map((name) => ({
    code: 'EDITED' as const,
    migration: name,
    message: `${name} was changed after it had been applied.`,
  }));
}

export function missingProblems({ known, state }: Survey): readonly StatusProblem[] {
  const files = new Set(known.map(({ name }) => name));
  return state.applied
    .filter(({ name }) => !files.has(name))
    .map(({ name }) => ({
      code: 'FILE_MISSING' as const,
      migration: name,
      message: `${name} is applied, but its file is not here: it cannot be reverted.`,
    }));
}

/** Refuses to go on where a file was edited, or warns of it, as the settings say; warns of files that are missing. */
export function judgeFiles(now: Survey, context: CommandContext): readonly StatusProblem[] {
  const [edited, missing] = [editedProblems(now), missingProblems(now)];
  const warn = (code: WarningCode, message: string): void => context.onEvent({ type: 'warning', code, message });
  if (edited.length > 0) {
    const message = `Edited after being applied: ${shortened(edited)}. The database has what the earlier text created.`;
    if (context.settings.edited === 'refuse') throw refused(message, edited[0]?.migration ?? '');
    warn('MIGRATION_EDITED', message);
  }
  if (missing.length > 0)
    warn(
      'MIGRATION_FILE_MISSING',
      `Applied, but the file is not here: ${shortened(missing)}. Without it, a migration cannot be reverted.`,
    );
  return [...edited, ...missing];
}

function refused(message: string, migration: string): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_EDITED',
    message: `${message} Nothing was changed.`,
    next: 'Put the file back as it was and write a new migration for the change; or accept it: --edited warn',
    migration,
  });
}

const most = 5;

function shortened(problems: readonly StatusProblem[]): string {
  const names = problems.map(({ migration }) => migration);
  if (names.length <= most) return names.join(', ');
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more (nest-migrate status)`;
}
