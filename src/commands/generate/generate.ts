import { abortable } from '../../database/cancel.js';
import { inLanguage } from '../../files/language.js';
import type { InLanguage } from '../../files/language.js';
import { listMigrations } from '../../files/list-migrations.js';
import type { MigrationList } from '../../files/migration.js';
import type { ObjectId } from '../../schema/object-id.js';
import { writeLater } from '../../shadow/cache.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { withLive } from '../../shadow/live.js';
import { foundSchemas, withFoundSchemas } from '../../shadow/search-path.js';
import { openShadow } from '../../shadow/shadow.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { ofDatabaseAt } from '../../snapshot/of-database.js';
import { rememberProven } from '../../snapshot/of-migrations.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import type { CommandContext } from '../context.js';
import { ignoring } from '../ignore.js';
import { folderFor, foundByOf, placementOf, refuseNotCompiled } from '../placement.js';
import type { TakenOver } from './aim.js';
import { confirmLoss } from './confirm-loss.js';
import { readFlags } from './decide.js';
import { findChange, readEntities } from './find.js';
import type { Finding } from './find.js';
import type { GenerateOptions, GenerateResult } from './types.js';
import { newFile, writeFiles } from './write-files.js';

/**
 * Writes the migrations that lead from what the migrations give to what the entities describe, proven up and down; and to what else is to
 * be there.
 */
export async function generate(
  given: GenerateOptions,
  project: CommandContext,
  takenOver?: TakenOver,
): Promise<GenerateResult> {
  const existing = await listMigrations(project);
  const options = inLanguage(withSettings(given, project), existing, process.cwd());
  // What is mistyped is said before anything takes its time.
  readFlags(options);
  ignoring([], options.ignore ?? []);
  await refuseUnfindable(options, existing, project);
  const { from: address } = options;
  const context = address === undefined ? project : withFoundSchemas(project, await withLive(address, foundSchemas));
  const shadow = openShadow({ url: options.shadow, initial: () => initialStateOf(context) });
  const cache = writeLater(cacheFor(options));
  try {
    const database =
      address === undefined
        ? undefined
        : (unmanaged: readonly ObjectId[]): Promise<Snapshot> => ofDatabaseAt(address, context, unmanaged);
    const finding: Finding = { shadow, takenOver, cache, database };
    const seek = async (): ReturnType<typeof findChange> => {
      const found = await findChange(finding, await readEntities(finding, options, context), options, context);
      if ('change' in found) await confirmLoss(found.change.losses, options);
      return found;
    };
    const outcome = await abortable(context.signal, seek, 'Nothing was written.');
    if (!('change' in outcome)) return { files: [], statements: [], renames: [], warnings: outcome.warnings };
    const write = async (): Promise<GenerateResult> => {
      const { result, texts: written } = await writeFiles(outcome.change, options, context);
      const { chain, next } = outcome;
      // Objects made by hand have other names after a rename: they are read when the migrations are replayed.
      if (chain && next && !outcome.change.renames)
        await rememberProven({ chain, written, snapshot: next() }, context, { cache, unmanaged: outcome.unmanaged });
      return result;
    };
    // Closing takes as long as writing.
    const [result] = await Promise.all([write(), shadow.close()]);
    return result;
  } finally {
    await shadow.close();
    await cache.settled();
  }
}

/** Flags go before what the project has set. */
export function withSettings(options: GenerateOptions, { settings }: CommandContext): GenerateOptions {
  const { online = settings.online, renameDirectly = settings.rename === 'directly' } = options;
  return { ...options, online, renameDirectly };
}

/** Before anything takes its time, as far as it is known already what the files will be called. `own` ones are written again. */
export async function refuseUnfindable(
  options: GenerateOptions & InLanguage,
  existing: MigrationList,
  context: CommandContext,
  own: readonly string[] = [],
): Promise<void> {
  const file = newFile(options.name ?? 'Change', options, existing, context);
  const folder = folderFor(existing, file);
  const foundBy = await foundByOf(folder, existing, file);
  if (foundBy === 'build') refuseNotCompiled(folder, existing, file.cwd, own);
  const isSure = options.name !== undefined || existing.patterns.length === 0;
  if (foundBy === undefined && isSure && options.dryRun !== true) await placementOf(existing, file);
}
