import { ExitCode, MigrateError } from '../errors.js';
import { requireFrom } from '../require-from.js';

/** Refuses a project whose TypeORM has no class DataSource, which version 0.3 has introduced: nothing here could work with it. */
export function refuseOldTypeorm(file: string): void {
  const version = versionFor(file);
  if (version === undefined || !/^0\.[0-2]\./.test(version)) return;
  throw new MigrateError({
    code: 'PACKAGE_MISMATCH',
    message: `The project has TypeORM ${version}, and nest-migrate needs 0.3.20 or newer, and Nest 10 or newer. Nothing was done.`,
    next: 'Upgrade both first. The changelog of TypeORM 0.3.0 says what changes for ormconfig, getConnection and @EntityRepository.',
    exitCode: ExitCode.usage,
  });
}

/** Undefined if the file's package has no TypeORM, which is reported when it is loaded. */
function versionFor(file: string): string | undefined {
  try {
    return (requireFrom(file)('typeorm/package.json') as { readonly version?: string }).version;
  } catch {
    return undefined;
  }
}
