import { codeOf, messageOf, MigrateError } from '../errors.js';
import { pgDelta, pglite } from '../version.js';

/** Why a throwaway database could not be had, in words that help. */
export function notOpened(error: unknown): unknown {
  if (codeOf(error) !== 'PACKAGE_MISSING') return error;
  return new MigrateError({
    code: 'PACKAGE_MISSING',
    message:
      'A throwaway PostgreSQL is needed to compare schemas, and PGlite, which runs in the process, is not installed.',
    next: `Install it for development: npm i -D ${pglite} ${pgDelta}. Or name a server: --shadow postgres://…`,
    cause: error,
  });
}

/** Why a data source could not be initialised there. */
export function notSetUp(error: unknown): unknown {
  const known = notOpened(error);
  if (known instanceof MigrateError) return known;
  return new MigrateError({
    code: 'DATA_SOURCE_INVALID',
    message: `TypeORM could not set up the data source: ${messageOf(error)}`,
    next: 'Correct the entities or options that it names. Nothing was written.',
    cause: error,
  });
}
