import { readdirSync } from 'node:fs';
import { fromHere } from '../data-source/describe.js';
import { lockName } from '../files/lock-place.js';
import type { MigrationList } from '../files/migration.js';
import { ExitCode, MigrateError } from '../errors.js';
import type { CommandContext, Survey } from './context.js';

/**
 * Refuses to start if an app's bundle may lack its migrations, because the app would run on a database without tables. An empty existing
 * folder belongs to a project that has no migrations yet.
 */
export function refuseNoMigrations(
  { files, classes, unmatched, folder }: MigrationList,
  { state }: Pick<Survey, 'state'>,
  { settings }: Pick<CommandContext, 'settings'>,
): void {
  if (settings.noMigrations === 'warn' || files.length + classes.length + state.applied.length > 0) return;
  const folders = [...unmatched.map((one) => one.folder), ...(folder === undefined ? [] : [folder])];
  if (unmatched.length === 0 || folders.some(isEmpty)) return;
  const looked = unmatched.map((one) => `${fromHere(one.pattern)} (in ${fromHere(one.folder)})`).join(', ');
  throw new MigrateError({
    code: 'MIGRATIONS_NOT_FOUND',
    message: `No migration was found, and none is applied to the database, so it has no schema to start on. Searched for ${looked}. The database was not changed.`,
    next: "Correct the `migrations` of the data source, or copy the files there in the build (a bundle needs them as classes). If the project has no migrations yet, create the folder, or set noMigrations: 'warn'",
    exitCode: ExitCode.usage,
  });
}

function isEmpty(folder: string): boolean {
  try {
    return readdirSync(folder).every((name) => name.startsWith('.') || name === lockName);
  } catch {
    return false;
  }
}
