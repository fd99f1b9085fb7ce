import type { Draft, Holder } from '../../database/drafts.js';
import type { SqlClient } from '../../database/sql-client.js';
import { ExitCode, MigrateError } from '../../errors.js';
import { poolOf } from '../../typeorm/driver.js';
import type { CommandContext } from '../context.js';
import { changeDatabase } from './change-database.js';
import { removeDraft } from './draft-files.js';
import { holding } from './losses.js';
import type { DevOptions } from './types.js';

/** Takes back a draft whose files are gone, by the statements that were kept with it. */
export async function takeBack(
  draft: Draft,
  folder: string,
  options: DevOptions,
  context: CommandContext,
): Promise<readonly string[]> {
  await confirmHeld(await holding(draft.holders, poolOf(context.dataSource) as SqlClient), draft, options);
  const change = { kept: draft, steps: draft.down, earlier: draft.migrations, draft: undefined };
  // Some of several files may still be there.
  await changeDatabase(change, context, () => removeDraft(draft, folder, context));
  return draft.migrations.map(({ name }) => name);
}

async function confirmHeld(
  held: readonly Holder[],
  { files }: Draft,
  { allowDestructive = false, ask }: DevOptions,
): Promise<void> {
  if (held.length === 0 || allowDestructive) return;
  const names = files.map(({ name }) => name).join(', ');
  const what = held.map((one) => `  - the data of ${describe(one)}`).join('\n');
  const gone = `The draft ${names} is not here any more (deleted, or another branch). To take it back would lose:\n${what}`;
  if (await ask?.confirm(`${gone}\nTake it back?`)) return;
  throw new MigrateError({
    code: 'DECISION_NEEDED',
    message: `${gone}\nNothing was changed.`,
    next: 'If this is intended: nest-migrate dev --allow-destructive. Else bring the file back, for example by checking out its branch.',
    exitCode: ExitCode.todo,
  });
}

function describe({ schema, table, column }: Holder): string {
  const place = schema === 'public' ? table : `${schema}.${table}`;
  return column === undefined ? `table ${place}` : `column ${place}.${column}`;
}
