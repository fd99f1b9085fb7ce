import { keepDraft, readDraft } from '../../database/drafts.js';
import type { Draft, DownStep } from '../../database/drafts.js';
import { isMigrateError } from '../../errors.js';
import type { MigrateError } from '../../errors.js';
import { lendQueryRunner } from '../../database/lend-query-runner.js';
import { ensureTables, readLedger } from '../../database/ledger.js';
import { holdLock } from '../../database/lock.js';
import { upgradeLog } from '../../database/log-columns.js';
import type { SqlClient } from '../../database/sql-client.js';
import type { MigrationName } from '../../files/name.js';
import type { CommandContext } from '../context.js';
import { recordOf, serviceKey } from './record.js';
import { updateDatabase } from './update-database.js';

/** A change of the database, and the draft after it. */
export interface DraftChange {
  /** The draft that was stored when the change was planned. */
  readonly kept: Draft | undefined;
  readonly steps: readonly DownStep[];
  /** The migrations to remove from the ledger. */
  readonly earlier: readonly MigrationName[];
  readonly draft: Draft | undefined;
}

/**
 * Changes the database and its draft under the lock, and then calls `afterwards`, which for example writes files. Does nothing if another
 * process has changed the draft first.
 */
export async function changeDatabase(
  { kept, steps, earlier, draft }: DraftChange,
  context: CommandContext,
  afterwards: () => Promise<void>,
): Promise<'done' | 'overtaken'> {
  const key = serviceKey(context);
  const locked = await holdLock(
    context,
    () => Promise.resolve(true),
    async (_lock, holder) => {
      const columns = await upgradeLog(undefined, holder, context);
      const isSame = await lendQueryRunner(context, async (queryRunner) => {
        const client = (await queryRunner.connect()) as SqlClient;
        await ensureTables(client, context.tables, (await readLedger(client, context.tables)).exists, context.onEvent);
        return (await readDraft(client, context.tables, key))?.id === kept?.id;
      });
      if (!isSame) return 'overtaken' as const;
      const change = draft?.migrations.at(-1)?.name;
      const log = { columns, service: context.service.name, changeOf: (name: string) => change ?? name };
      await updateDatabase({ steps, record: recordOf(earlier, draft, log, context) }, context);
      await afterwards().catch((error: unknown) => {
        throw isMigrateError(error) ? withoutFiles(error) : error;
      });
      // From now on, a missing file counts as deleted by the user. Until this is recorded, it would be written again, which is harmless.
      const record = draft && [keepDraft(context.tables, key, { ...draft, isWritten: true })];
      if (record) await updateDatabase({ steps: [], record }, context).catch(() => undefined);
      return 'done' as const;
    },
  );
  return locked.held ? locked.value : 'overtaken';
}

function withoutFiles(error: MigrateError): MigrateError {
  return error.with({
    message: `${error.message} The database already has the change.`,
    next: `${error.next} Then: nest-migrate dev, which writes the file.`,
  });
}
