import { join } from 'node:path';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';
import { typeScriptToInstall } from '../files/import-file.js';

/** Why a data source could not be initialised there. */
export function notSetUp(error: unknown): unknown {
  if (isMigrateError(error)) return error;
  // Node does not say which file it was.
  const toInstall = error instanceof SyntaxError ? typeScriptToInstall(join(process.cwd(), 'entity.ts')) : undefined;
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: toInstall ?? 'Correct the entities or options that it names. Nothing was written.',
    cause: error,
  });
}
