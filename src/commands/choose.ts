import { basename } from 'node:path';
import { ExitCode, MigrateError } from '../errors.js';
import { changesIn } from '../files/change.js';

interface Named {
  readonly name: string;
  readonly timestamp: number;
  readonly file?: string | undefined;
}

/**
 * Finds a migration as a person names it: its name, timestamp or file name, or a part that only one has. A file or a part that names a whole
 * change stands for its last migration.
 */
export function findByReference<T extends Named>(reference: string, among: readonly T[]): T {
  const wanted = reference.trim();
  const fileName = (migration: T): string => (migration.file === undefined ? '' : basename(migration.file));
  const exact = among.findLast(
    (migration) =>
      migration.name === wanted || String(migration.timestamp) === wanted || fileName(migration) === basename(wanted),
  );
  if (exact) return exact;
  const part = wanted.toLowerCase();
  const partly =
    part === ''
      ? []
      : among.filter((migration) => `${migration.name} ${fileName(migration)}`.toLowerCase().includes(part));
  const [change, ...others] = changesIn(partly.toSorted((a, b) => a.timestamp - b.timestamp));
  const last = change?.migrations.at(-1);
  if (last !== undefined && others.length === 0) return last;
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

/** A count that a user gave. */
export function checkCount(count: number | undefined): void {
  if (count === undefined || (Number.isInteger(count) && count > 0)) return;
  throw new MigrateError({
    code: 'USAGE',
    message: `The count must be a whole number from 1 on, but is ${count}.`,
    next: 'For example: --count 1',
    exitCode: ExitCode.usage,
  });
}
