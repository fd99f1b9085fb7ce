import type { LedgerRow } from '../database/ledger.js';
import { readDetails } from '../database/log.js';
import type { SqlClient } from '../database/sql-client.js';
import { ExitCode, MigrateError } from '../errors.js';
import type { CommandContext, Survey } from './context.js';
import type { RevertOptions } from './types.js';

/**
 * Refuses to execute the `down` of a migration that was only recorded as applied: what it would drop was there before, in production often
 * everything. TypeORM's ledger does not tell the two apart, but the log does.
 */
export async function refuseOnlyRecorded(
  rows: readonly LedgerRow[],
  { mode, recordedToo = false }: RevertOptions,
  { state }: Pick<Survey, 'state'>,
  client: SqlClient,
  { tables }: Pick<CommandContext, 'tables'>,
): Promise<void> {
  if (recordedToo || mode === 'fake' || !state.exists.log || rows.length === 0) return;
  const details = await readDetails(client, tables);
  const recorded = rows.map(({ name }) => name).filter((name) => details.get(name)?.recorded);
  const [first] = recorded;
  if (first === undefined) return;
  const shown = recorded.slice(0, 3).join(', ') + (recorded.length > 3 ? ` and ${recorded.length - 3} others` : '');
  const [was, its] = recorded.length === 1 ? ['was', 'Its'] : ['were', 'Their'];
  throw new MigrateError({
    code: 'ONLY_RECORDED',
    message: `${shown} ${was} not executed on this database, only recorded as applied (by baseline, or with --fake). ${its} down would change what was there before: after a baseline, it drops the tables with their rows. Nothing was changed.`,
    next: 'To remove only the record: nest-migrate revert --fake\nTo execute the down nevertheless: add --recorded-too',
    exitCode: ExitCode.usage,
    migration: first,
  });
}
