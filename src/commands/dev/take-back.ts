import { withReader } from '../../database/client.js';
import type { Draft, Holder } from '../../database/drafts.js';
import { readLedger } from '../../database/ledger.js';
import type { SqlClient } from '../../database/sql-client.js';
import { poolOf } from '../../typeorm/driver.js';
import type { CommandContext } from '../context.js';
import { changeDatabase } from './change-database.js';
import { removeDraft } from './draft-files.js';
import { confirmLosses, holding } from './losses.js';
import type { DevOptions } from './types.js';

/** Reverts a draft whose files are gone, with the statements that were stored with it. Does nothing if another process was faster. */
export async function takeBack(
  draft: Draft,
  folder: string,
  options: DevOptions,
  context: CommandContext,
): Promise<readonly string[] | 'overtaken'> {
  const remove = (): Promise<void> => removeDraft(draft, folder, context);
  if (await isReverted(draft, context)) {
    const nothing = { kept: draft, steps: [], earlier: [], draft: undefined };
    return (await changeDatabase(nothing, context, remove)) === 'overtaken' ? 'overtaken' : [];
  }
  const held = await holding(draft.holders, poolOf(context.dataSource) as SqlClient);
  const names = draft.files.map(({ name }) => name).join(', ');
  const happens = `The draft ${names} is no longer here: it was deleted, or belongs to another branch. Reverting it would lose:`;
  await confirmLosses(held.map(describe), happens, options);
  const change = { kept: draft, steps: draft.down, earlier: draft.migrations, draft: undefined };
  // Some of several files may still exist.
  const outcome = await changeDatabase(change, context, remove);
  return outcome === 'overtaken' ? outcome : draft.migrations.map(({ name }) => name);
}

/** Whether `revert` has reverted it before its file was deleted. */
async function isReverted({ migrations }: Draft, context: CommandContext): Promise<boolean> {
  const { applied } = await withReader(context, (client) => readLedger(client, context.tables));
  return !migrations.some(({ name }) => applied.some((row) => row.name === name));
}

function describe({ schema, table, column }: Holder): string {
  const place = schema === 'public' ? table : `${schema}.${table}`;
  return `the data of ${column === undefined ? `table ${place}` : `column ${place}.${column}`}`;
}
