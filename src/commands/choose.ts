import { basename } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';
import { changesIn, titleIn } from '../files/change.js';
import { withoutExtension } from '../files/name.js';

interface Named {
  readonly name: string;
  readonly timestamp: number;
  readonly file?: string | undefined;
}

/**
 * Finds a migration by a reference that a user types: its name with or without the timestamp, its timestamp, its file (source or compiled),
 * or an unambiguous part of its name. A reference to a whole change means its last migration.
 */
export function findByReference<T extends Named>(reference: string, among: readonly T[]): T {
  const wanted = reference.trim().toLowerCase();
  const file = baseOf(wanted);
  const exact = among.findLast(
    (one) =>
      one.name.toLowerCase() === wanted ||
      String(one.timestamp) === wanted ||
      (one.file !== undefined && baseOf(one.file.toLowerCase()) === file),
  );
  if (exact) return exact;
  const short = among.filter((one) => titleIn(one.name).toLowerCase() === wanted);
  const partly =
    wanted === ''
      ? []
      : among.filter((one) =>
          `${one.name} ${one.file === undefined ? '' : baseOf(one.file)}`.toLowerCase().includes(wanted),
        );
  const found = onlyChange(short) ?? onlyChange(partly);
  if (found) return found;
  const names = (partly.length > 0 ? partly : among).map((migration) => migration.name);
  throw new MigrateError({
    code: 'MIGRATION_UNKNOWN',
    message:
      partly.length > 0
        ? `"${reference}" could be any of ${partly.length} migrations: ${names.slice(0, 10).join(', ')}. Nothing was changed.`
        : `There is no migration "${reference}"${names.length > 0 ? `; the last ones are ${names.slice(-5).join(', ')}` : ''}. Nothing was changed.`,
    next: 'Give its full name or its timestamp, as `nest-migrate status` shows them.',
    exitCode: ExitCode.usage,
  });
}

function baseOf(file: string): string {
  return basename(withoutExtension(file));
}

/** The last migration of the change, if all of these belong to the same one. */
function onlyChange<T extends Named>(migrations: readonly T[]): T | undefined {
  const [change, ...others] = changesIn(migrations.toSorted((a, b) => a.timestamp - b.timestamp));
  return others.length === 0 ? change?.migrations.at(-1) : undefined;
}

/** Checks a count given by the user. */
export function checkCount(count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count > 0)) return;
  throw new MigrateError({
    code: 'USAGE',
    message: `The count must be a positive integer, but is ${count}.`,
    next: 'For example: --count 1',
    exitCode: ExitCode.usage,
  });
}
