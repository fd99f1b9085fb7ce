import { ExitCode, MigrateError } from '../../errors.js';
import type { Schema } from '../../schema/read.js';
import { idsOfPath } from './named-objects.js';
import { pathOf } from './path-of.js';

/** A table or column cannot get a name that another one has, unless that one is renamed too. */
export function refuseTakenNames(renames: readonly string[] = [], from: Schema): void {
  const pairs = renames.map((text) => text.split('=').map((part) => part.trim()));
  const given = new Set(pairs.map(([path = '']) => path));
  for (const [path = '', name = ''] of pairs) {
    const found = idsOfPath(path).find((id) => from.has(id));
    const renamed = found && { ...found, name };
    if (renamed === undefined || name === found?.name || !from.has(renamed) || given.has(pathOf(renamed))) continue;
    throw new MigrateError({
      code: 'USAGE',
      message: `--rename ${path}=${name}: ${pathOf(renamed)} exists already, beside ${path}. Nothing was written.`,
      next: `If the migration that added ${pathOf(renamed)} is applied only here, or nowhere: revert it (nest-migrate revert), delete its file, then type this command again.\nOtherwise, write a migration that copies the values (nest-migrate create --data), and drop ${path} later: --drop ${path}`,
      exitCode: ExitCode.usage,
    });
  }
}
