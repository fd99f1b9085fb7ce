import { isMigrateError, messageOf, MigrateError } from '../errors.js';

/** Why a data source could not be initialised there. */
export function notSetUp(error: unknown): unknown {
  if (isMigrateError(error)) return error;
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: 'Correct the entities or options that it names. Nothing was written.',
    cause: error,
  });
}
