import type { PendingMigration, StatusProblem } from '../types.js';
import { status } from '../status.js';
import type { CheckFinding } from './types.js';
import { placeOf } from './work.js';
import type { CheckWork } from './work.js';

/** Checks that the database matches the files: no migration is pending, edited, missing, out of order or half-done. */
export async function databaseStep({ context, migrations }: CheckWork): Promise<readonly CheckFinding[]> {
  const { pending, problems } = await status(context);
  const fileOf = (name: string | null): { readonly file?: string } =>
    placeOf(migrations.find((migration) => migration.name === name)?.file);
  return [
    ...pending.filter(isToRun).map(({ name }): CheckFinding => {
      const message = `${name} is pending.`;
      return { severity: 'error', message, migration: name, ...fileOf(name), next: 'nest-migrate run' };
    }),
    // Problems of the files alone are reported by the step `files`.
    ...problems
      .filter(({ code }) => code !== 'NO_FILES' && code !== 'STALE_OUTPUT')
      .map(({ code, message, migration }): CheckFinding => {
        const about = migration === null ? {} : { migration, ...fileOf(migration) };
        return { severity: 'error', message, ...about, next: nextOf[code] };
      }),
  ];
}

/** A deferred migration that is not due yet needs no action now. */
function isToRun({ deferred, due }: PendingMigration): boolean {
  return !deferred || due === 'next run';
}

const nextOf: Readonly<Record<StatusProblem['code'], string>> = {
  FILE_MISSING: 'Restore the file from git, so that it can be reverted.',
  EDITED: 'Restore the file, and write a new migration for the change.',
  OUT_OF_ORDER:
    'Give it a newer timestamp, in the names of the file and the class; or accept it: nest-migrate run --out-of-order run',
  HALF_DONE: 'nest-migrate run continues there; or decide yourself: nest-migrate resolve',
  LEDGER_DUPLICATE: 'Review what it did, then delete the extra rows with the statement above.',
  NO_FILES: 'Correct `migrations` in the data source.',
  STALE_OUTPUT: 'Build the project from scratch, so that the stale file does not run.',
  NOT_COMPILED: 'npm run build',
  LEDGER_LOST: 'Record them again, or empty the log, as the message says.',
  OTHER_LEDGER:
    'Name the same table in the app and in the data source (migrationsTableName); or set the search path again, if the message says so.',
};
