import { readDowns } from '../database/downs.js';
import type { LedgerRow } from '../database/ledger.js';
import type { SqlClient } from '../database/sql-client.js';
import { MigrateError } from '../errors.js';
import { keptMigration } from '../files/kept-migration.js';
import type { KnownMigration } from '../files/migration.js';
import type { CommandContext, Survey } from './context.js';

/** Whether a migration is only reverted, for which its kept statements are enough, or also run again, for which its file is needed. */
export type Need = 'to revert' | 'to run again';

interface Found {
  readonly migrations: readonly KnownMigration[];
  /** The migrations among them that have no file here. */
  readonly kept: readonly string[];
}

/** The migrations to revert, from their files, or without these, from the statements that were kept when they were applied. */
export async function findToRevert(
  rows: readonly LedgerRow[],
  need: Need,
  now: Survey,
  client: SqlClient,
  context: CommandContext,
): Promise<Found> {
  const files = new Map(now.known.map((migration) => [migration.name, migration]));
  const gone = rows.filter(({ name }) => !files.has(name));
  const downs =
    need === 'to revert' ? await readDowns(client, context.tables, gone, now.state) : new Map<string, never>();
  const migrations = rows.map((row) => {
    const down = downs.get(row.name);
    const found = files.get(row.name) ?? (down && keptMigration(row, down));
    if (found === undefined) throw fileMissing(row.name, need);
    return found;
  });
  const kept = gone.map(({ name }) => name);
  if (kept.length > 0) tell(kept, context);
  return { migrations, kept };
}

function tell(names: readonly string[], context: CommandContext): void {
  const [files, they] = names.length === 1 ? ['its file is', 'it was'] : ['their files are', 'they were'];
  context.onEvent({
    type: 'warning',
    code: 'REVERTED_FROM_KEPT',
    message: `${names.join(', ')}: ${files} not here; reverting with the statements that were kept when ${they} applied.`,
  });
}

function fileMissing(name: string, need: Need): MigrateError {
  const what = need === 'to revert' ? 'and no statements were kept that revert it' : 'so it cannot be run again';
  return new MigrateError({
    code: 'MIGRATION_FILE_MISSING',
    message: `Migration ${name} is applied, but its file is not here, ${what}. Nothing was changed.`,
    next: 'Bring the file back (git log --diff-filter=D --name-only), or check the `migrations` patterns of the data source.',
    migration: name,
  });
}
