import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import { missingLine } from './missing-line.js';
import { lacksExtension } from './make-initial-state.js';
import type { ConnectedShadow } from './connected.js';

/** Why a migration could not be replayed, and what to do about it. */
export function notReplayed(
  error: unknown,
  migration: string,
  sql: string | undefined,
  { missing, hint }: Pick<ConnectedShadow, 'missing'> & { readonly hint: string | undefined },
): MigrateError {
  if (isMigrateError(error)) return error.with({ migration });
  const statement = sql === undefined ? '' : `\n  ${sql.trim().split('\n').slice(0, 3).join('\n  ')}`;
  const code = codeOf(error);
  const also = missing.map((reason) => `\nTypeORM could not install an extension there: ${reason}.`).join('');
  return new MigrateError({
    code: 'REPLAY_FAILED',
    message: `Migration ${migration} could not be replayed on the empty shadow database: ${messageOf(error)}${code === undefined ? '' : ` (${code})`}.${statement}${also}\nNothing was written.`,
    next: hint ?? nextAfter(error, missing),
    migration,
    ...(sql !== undefined && { sql }),
    cause: error,
  });
}

function nextAfter(error: unknown, missing: readonly string[]): string {
  const line = missingLine(error);
  if (lacksExtension(error) || (line !== undefined && missing.length > 0))
    return 'PGlite does not have that extension. Use a server that has it as the shadow: --shadow postgres://user:password@host/database';
  if (line !== undefined)
    return `If your databases have it before the first migration, add it to the settings of nest-migrate: initialState: ${JSON.stringify(line)}`;
  return 'Migrations must run on an empty database, such as that of a new colleague or of CI. If this one needs rows, make it succeed without them.';
}
