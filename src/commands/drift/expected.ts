import { MigrateError } from '../../errors.js';
import type { KnownMigration } from '../../files/migration.js';
import type { Survey } from '../context.js';

export interface AppliedMigrations {
  /** In replay order. */
  readonly migrations: readonly KnownMigration[];
  readonly warnings: readonly string[];
}

/**
 * The migrations that are applied according to the ledger. A migration without a file cannot be replayed. If newer migrations than the
 * files are missing, the files belong to another version of the app, and everything that the missing migrations created would seem
 * unexpected, so this is refused. If only migrations older than all files are missing, they were squashed into those.
 */
export function appliedMigrations({ known, state, isApplied }: Survey): AppliedMigrations {
  const migrations = known.filter(({ name }) => isApplied(name));
  const files = new Set(migrations.map(({ name }) => name));
  const missing = state.applied.filter(({ name }) => !files.has(name));
  const oldest = Math.min(...migrations.map(({ timestamp }) => timestamp));
  const needed = missing.filter(({ timestamp }) => migrations.length === 0 || timestamp >= oldest);
  if (needed[0] !== undefined) throw fileMissing(needed.map(({ name }) => name));
  return { migrations, warnings: missing.length === 0 ? [] : [squashed(missing.map(({ name }) => name))] };
}

function fileMissing(names: readonly string[]): MigrateError {
  const many = names.length > 1;
  return new MigrateError({
    code: 'MIGRATION_FILE_MISSING',
    message: `Applied in the database, but not here: ${shortened(names)}. What ${many ? 'they' : 'it'} created is unknown without the file${many ? 's' : ''}, so nothing was compared.`,
    next: 'Check out the deployed version of the app, with its migrations; `nest-migrate status` lists the applied migrations.',
    migration: names[0] ?? '',
  });
}

function squashed(names: readonly string[]): string {
  return `Applied, but without a file, and older than every file: ${shortened(names)}. The files are assumed to contain their changes.`;
}

function shortened(names: readonly string[]): string {
  const more = names.length - 5;
  return names.slice(0, 5).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
