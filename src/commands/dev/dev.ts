import { readDraft } from '../../database/drafts.js';
import type { Draft } from '../../database/drafts.js';
import { withReader } from '../../database/client.js';
import type { SqlClient } from '../../database/sql-client.js';
import { ExitCode, isMigrateError, MigrateError } from '../../errors.js';
import type { MigrateEvent } from '../../events.js';
import { inLanguage } from '../../files/language.js';
import { listMigrations } from '../../files/list-migrations.js';
import { writeLater } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { ofDatabaseCached } from '../../snapshot/of-database.js';
import { foundSchemas, withFoundSchemas } from '../../shadow/search-path.js';
import { poolOf } from '../../typeorm/driver.js';
import type { CommandContext } from '../context.js';
import { createDatabase } from '../database.js';
import { withSettings } from '../generate/generate.js';
import { newFile } from '../generate/write-files.js';
import { refuseElsewhere } from '../guard.js';
import { makeInitialState } from '../initial-state.js';
import { folderFor } from '../placement.js';
import { run } from '../run.js';
import { changeDatabase } from './change-database.js';
import { isPublished, stateOfFiles, writeDraft } from './draft-files.js';
import type { FilesState } from './draft-files.js';
import { follow } from './follow.js';
import { serviceKey } from './record.js';
import { takeBack } from './take-back.js';
import { confirmUnknown, takeBackUnknown, unknownHere } from './unknown.js';
import type { DevOptions, DevResult } from './types.js';

/**
 * Makes a development database match the entities, as `synchronize` would, and writes a migration that does the same for other databases.
 * While the migration is a draft, it is rewritten, so that five attempts leave one file.
 */
export async function dev(options: DevOptions, context: CommandContext): Promise<DevResult> {
  refuseElsewhere('nest-migrate dev', { yesDrop: options.yesDrop ?? namedBySetting(context) }, context);
  await connect(context);
  const schemas = await foundSchemas(poolOf(context.dataSource) as SqlClient);
  const found = withFoundSchemas(quietAtFirst(context), schemas);
  const cache = writeLater(cacheFor(options));
  try {
    for (;;) {
      const result = await attempt(options, cache, found);
      // Another process has changed the draft in the meantime, so the plan is outdated.
      if (result === 'overtaken') continue;
      const { draft, files, statements } = result;
      context.onEvent({ type: 'followed', draft, files, statements });
      if (options.tell) {
        await options.tell(result);
        // Reading the whole catalog takes a good part of the time, and by the next save it has usually not changed.
        await ofDatabaseCached(found).catch(() => undefined);
      }
      return result;
    }
  } finally {
    await cache.settled();
  }
}

/** A setting in a file is not a decision for this time, so it does not count in production. */
function namedBySetting({ settings }: CommandContext): string | undefined {
  return process.env['NODE_ENV'] === 'production' ? undefined : settings.developmentDatabase;
}

/** On the first call, the database may not exist yet. */
async function connect(context: CommandContext): Promise<void> {
  const begin = async (): Promise<void> => {
    await makeInitialState(context, 'if empty');
    await context.initialise();
  };
  await begin().catch(async (error: unknown) => {
    if (!isMigrateError(error) || error.code !== 'DATABASE_MISSING') throw error;
    await createDatabase(context);
    await begin();
  });
}

/** Suppresses the warning that there are no migrations, which is normal at the beginning. */
function quietAtFirst(context: CommandContext): CommandContext {
  const isExpected = (event: MigrateEvent): boolean => event.type === 'warning' && event.code === 'NO_FILES_MATCH';
  const settings = { ...context.settings, noMigrations: 'warn' as const };
  return { ...context, settings, onEvent: (event) => void (isExpected(event) || context.onEvent(event)) };
}

async function attempt(
  options: DevOptions,
  cache: SchemaCache,
  context: CommandContext,
): Promise<DevResult | 'overtaken'> {
  const existing = await listMigrations(context);
  const settled = inLanguage(withSettings(options, context), existing, process.cwd());
  const folder = folderFor(existing, newFile('Change', settled, existing, context));
  const kept = await withReader(context, (client) => readDraft(client, context.tables, serviceKey(context)));
  const state = kept && (await stateOfFiles(kept, folder));
  if (kept && state === 'not written') await writeDraft(kept, kept.names, folder, context);
  const unknown = await unknownHere(kept, context);
  await confirmUnknown(unknown, options);
  const gone = kept && state === 'gone' ? await takeBack(kept, folder, options, context) : [];
  if (gone === 'overtaken') return gone;
  const takenBack = [...gone, ...(await takeBackUnknown(unknown, context))];
  if (kept && state === 'edited' && (await letGo(kept, context)) === 'overtaken') return 'overtaken';
  const isOpen = kept && state && (await isStillDraft(kept, state, options, folder));
  const draft = isOpen ? kept : undefined;
  const { applied } = await run({ phase: 'all' }, context);
  const followed = await follow(
    { kept: state === 'gone' || state === 'edited' ? undefined : kept, draft, folder, options: settled },
    cache,
    context,
  );
  return followed === 'overtaken' ? followed : { ...followed, applied, takenBack };
}

/** Whether the draft is rewritten. Otherwise, a new one begins. */
async function isStillDraft(
  draft: Draft,
  state: FilesState,
  { draft: wish }: DevOptions,
  folder: string,
): Promise<boolean> {
  if (state === 'gone' || state === 'edited' || wish === 'new') return false;
  if (state !== 'committed') return true;
  if (wish !== 'amend') return false;
  if (!(await isPublished(draft, folder))) return true;
  throw new MigrateError({
    code: 'USAGE',
    message: `${draft.files.map(({ name }) => name).join(', ')} is in the main branch, so others may have run it. Nothing was changed.`,
    next: 'nest-migrate dev   (writes a new file for what has changed since)',
    exitCode: ExitCode.usage,
  });
}

/** A draft that the user has edited becomes an ordinary migration, which is reported once. */
async function letGo(draft: Draft, context: CommandContext): Promise<'done' | 'overtaken'> {
  const change = { kept: draft, steps: [], earlier: [], draft: undefined };
  const outcome = await changeDatabase(change, context, () => Promise.resolve());
  if (outcome === 'done') tellEdited(draft, context);
  return outcome;
}

function tellEdited({ files, isAdopted = false }: Draft, { onEvent }: CommandContext): void {
  const names = files.map(({ name }) => name).join(', ');
  const message = `${names} ${files.length === 1 ? 'was edited, so it stays as it is' : 'were edited, so they stay as they are'}, and new changes go into a new file. The edited version ${isAdopted ? 'does not run here, because its tables were here before' : 'has not run here yet: nest-migrate redo (which first reverts it: the rows of what it created are lost)'}.`;
  onEvent({ type: 'warning', code: 'DRAFT_EDITED', message });
}
