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
 * Writes the migrations that lead from the schema of the existing migrations to the schema of the entities, proven up and down. `takenOver`
 * adds objects of a database that a baseline takes over.
 */
export async function generate(
  given: GenerateOptions,
  project: CommandContext,
  takenOver?: TakenOver,
): Promise<GenerateResult> {
  const existing = await listMigrations(project);
  const options = inLanguage(withSettings(given, project), existing, process.cwd());
  // Mistyped flags are reported before anything that takes time.
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
      if ('change' in found) await confirmLoss(found.change, options);
      return found;
    };
    const outcome = await abortable(context.signal, seek, 'Nothing was written.');
    if (!('change' in outcome)) return { files: [], statements: [], renames: [], warnings: outcome.warnings };
    const write = async (): Promise<GenerateResult> => {
      const { result, texts: written } = await writeFiles(outcome.change, options, context);
      const { chain, next } = outcome;
      // What handmade objects read like afterwards is read when the migrations are replayed.
      if (chain && next && !outcome.change.rewords)
        await rememberProven({ chain, written, snapshot: next() }, context, { cache, unmanaged: outcome.unmanaged });
      return result;
    };
    // Closing the shadow takes as long as writing.
    const [result] = await Promise.all([write(), shadow.close()]);
    return result;
  } finally {
    await shadow.close();
    await cache.settled();
  }
}

/** Flags override the settings of the project. */
export function withSettings(options: GenerateOptions, { settings }: CommandContext): GenerateOptions {
  const { online = settings.online, renameDirectly = settings.rename === 'directly' } = options;
  return { ...options, online, renameDirectly };
}

/** Checks this before anything that takes time, as far as the names of the files are already known. Files in `own` are rewritten. */
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
