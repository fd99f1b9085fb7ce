import { MigrateError } from '../errors.js';
import type { SqlClient } from '../database/client.js';
import { readDetails } from '../database/log.js';
import type { AppliedDetail } from '../database/log.js';
import type { KnownMigration } from '../files/migration.js';
import type { CommandContext, Survey } from './context.js';

/** The applied .sql migrations whose text is not what was applied. Classes have no checksum: compiled, they are another text. */
export async function findEdited(now: Survey, details: ReadonlyMap<string, AppliedDetail>): Promise<readonly string[]> {
  const edited: string[] = [];
  for (const migration of appliedSql(now)) {
    const then = details.get(migration.name)?.checksum;
    if (then && then !== (await migration.load()).checksum) edited.push(migration.name);
  }
  return edited;
}

export async function refuseEdited(now: Survey, client: SqlClient, context: CommandContext): Promise<void> {
  if (appliedSql(now).length === 0 || !now.state.exists.log) return;
  const edited = await findEdited(now, await readDetails(client, context.tables));
  if (edited.length === 0) return;
  const message = `Changed after being applied, so that the database is not what the files say: ${edited.join(', ')}.`;
  if (context.settings.edited === 'warn') {
    context.onEvent({ type: 'warning', code: 'MIGRATION_EDITED', message });
    return;
  }
  throw new MigrateError({
    code: 'MIGRATION_EDITED',
    message: `${message} Nothing was changed now.`,
    next: 'Put the file back as it was and write a new migration for the change; or accept it: --edited warn',
    migration: edited[0] ?? '',
  });
}

function appliedSql(now: Survey): readonly KnownMigration[] {
  return now.known.filter((migration) => now.isApplied(migration.name) && migration.file?.endsWith('.sql'));
}
