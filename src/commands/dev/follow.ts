import { join } from 'node:path';
import { fromHere } from '../../data-source/describe.js';
import { poolOf } from '../../typeorm/driver.js';
import { abortable } from '../../database/cancel.js';
import type { Draft } from '../../database/drafts.js';
import type { SqlClient } from '../../database/sql-client.js';
import { listMigrations } from '../../files/list-migrations.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { openShadow } from '../../shadow/shadow.js';
import type { MigrationText } from '../../shadow/replay-key.js';
import type { CommandContext } from '../context.js';
import { refuseUnfindable } from '../generate/generate.js';
import { changeDatabase } from './change-database.js';
import { removeDraft, withoutDraft, writeDraft } from './draft-files.js';
import { draftOf, sameFiles } from './draft-of.js';
import { findBoth } from './find-both.js';
import type { Both, Following } from './find-both.js';
import { confirmLosses, lossesHere } from './losses.js';
import type { DevResult } from './types.js';

export type Followed = Omit<DevResult, 'applied' | 'takenBack'>;

/** Makes the database match the entities, and writes a migration that does the same for other databases. */
export async function follow(
  following: Following,
  cache: SchemaCache,
  context: CommandContext,
): Promise<Followed | 'overtaken'> {
  const { draft, options } = following;
  const project = withoutDraft(context, draft);
  await refuseUnfindable(options, await listMigrations(project), project, draft?.names);
  const shadow = openShadow({ url: options.shadow, initial: () => initialStateOf(project) });
  let closed: Promise<void> | undefined;
  // Its end need not be waited for before the database is changed.
  const find = (): Promise<Both> =>
    findBoth(following, { shadow, cache }, project).finally(() => {
      closed = shadow.close();
    });
  try {
    const both = await abortable(context.signal, find, 'Nothing was changed.');
    const losses = await lossesHere(both.losses, poolOf(context.dataSource) as SqlClient);
    await confirmLosses(losses, 'In this database, this would lose:', options);
    return await carryOut(both, following, context);
  } finally {
    await closed;
  }
}

async function carryOut(both: Both, following: Following, context: CommandContext): Promise<Followed | 'overtaken'> {
  const { kept, draft, folder } = following;
  const { steps, file, isSettled } = both;
  if (isSettled && draft) return settled(draft, folder, both);
  const statements = steps.flatMap((one) => one.statements);
  const next = file && (await draftOf(file, following));
  const warnings = next?.foundBy === 'list' ? [...both.warnings, toEnlist(next.texts)] : both.warnings;
  const result = { statements, losses: both.later, warnings };
  const files = next?.files.map(({ shown }) => shown) ?? [];
  const names = new Set(next?.files.map(({ name }) => name));
  const gone = draft?.files.filter(({ name }) => !names.has(name)) ?? [];
  const removed = gone.map(({ name }) => fromHere(join(folder, name)));
  const isWritten = next === undefined ? draft === undefined : draft !== undefined && sameFiles(draft, next.draft);
  if (isWritten && statements.length === 0)
    return { ...result, draft: next ? 'unchanged' : 'none', files, removed: [] };
  const change = { kept, steps, earlier: draft?.migrations ?? [], draft: next?.draft ?? (draft ? undefined : kept) };
  const outcome = await changeDatabase(change, context, async () => {
    if (next) await writeDraft(next.draft, draft?.names ?? [], folder, context);
    else if (draft) await removeDraft(draft, folder, context);
    if (next && file) await file.remember(next.texts);
  });
  if (outcome === 'overtaken') return outcome;
  if (next === undefined) return { ...result, draft: draft ? 'removed' : 'none', files: [], removed };
  return { ...result, draft: isWritten ? 'unchanged' : draft ? 'amended' : 'written', files, removed };
}

function settled({ files }: Draft, folder: string, { warnings }: Both): Followed {
  const shown = files.map(({ name }) => fromHere(join(folder, name)));
  return { draft: 'unchanged', files: shown, removed: [], statements: [], losses: [], warnings };
}

/** The name may change while it is a draft. */
function toEnlist(texts: readonly MigrationText[]): string {
  const classes = texts.map(({ name }) => name).join(', ');
  return `The data source lists its migrations as classes. Before you commit the draft, add to the list: ${classes}.`;
}
