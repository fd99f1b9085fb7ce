import { rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isMigrateError, MigrateError } from '../../errors.js';
import { moduleKindOf } from '../../files/import-file.js';
import { listMigrations } from '../../files/list-migrations.js';
import { lockPlace, relock } from '../../files/lock-place.js';
import type { KnownMigration } from '../../files/migration.js';
import { writeNew } from '../../files/write.js';
import type { Observed } from '../../observe/observed.js';
import { columnPath } from '../../schema/object-id.js';
import { metadataChanges } from '../../plan/metadata.js';
import { columnOf } from '../../schema/column.js';
import { narrow } from '../../schema/narrow.js';
import type { Schema } from '../../schema/read.js';
import { initialSessionOf } from '../../shadow/initial-session.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { withShadow } from '../../shadow/shadow.js';
import { metadataTableOf } from '../../shadow/typeorm-metadata.js';
import { noLooseDefaults } from '../../snapshot/loose-defaults.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { ofTheseMigrations } from '../../snapshot/of-migrations.js';
import { fileNamesSchema } from '../../shadow/names-schema.js';
import { withSchemaOnShadow } from '../../snapshot/schema-on-shadow.js';
import type { CommandContext } from '../context.js';
import { change } from '../generate/change.js';
import type { Sides } from '../generate/change.js';
import type { InLanguage } from '../../files/language.js';
import type { GenerateOptions, GenerateResult } from '../generate/types.js';
import { writeFiles } from '../generate/write-files.js';
import { shown } from './choose.js';
import type { FixedMigration, LintOptions } from './types.js';
import { obstacleIn } from './obstacles.js';

/** A migration that blocks queries, and the observations about it. */
export interface ToFix {
  readonly migration: KnownMigration;
  readonly statements: readonly Observed[];
}

/**
 * Rewrites a migration as `generate` would have written it: from the schema before it to the schema after it, proven up and down.
 * Only a migration that changes nothing but the schema can be fixed: its effect on rows cannot be proven.
 */
export async function fix(
  { migration, statements }: ToFix,
  all: readonly KnownMigration[],
  options: LintOptions,
  context: CommandContext,
): Promise<FixedMigration> {
  const { name, file } = migration;
  const about = { migration: name, ...(file !== undefined && { file: shown(file) }) };
  const isAlone = file !== undefined && all.filter((one) => one.file === file).length === 1;
  const obstacle = !isAlone ? 'it has no file of its own' : obstacleIn(statements, metadataTableOf(context.dataSource));
  if (obstacle !== undefined || file === undefined) return { ...about, files: [], left: obstacle };
  try {
    const planned = await planOf(migration, file, all, options, context);
    const room = migration.timestamp - (all[all.indexOf(migration) - 1]?.timestamp ?? 0);
    if (new Set(planned.statements.map((one) => one.migration)).size > room)
      return { ...about, files: [], left: `the migration before it is only ${room} ms earlier` };
    const blocks = planned.statements.filter(({ effect }) => effect.includes('wait')).map(({ sql }) => sql);
    const isOneStep = new Set(planned.statements.map((one) => one.migration)).size === 1;
    if (isOneStep && blocks.length > 0)
      return { ...about, files: [], left: 'generate would block in the same way', blocks };
    const files = await replace(file, planned.texts ?? [], context);
    return { ...about, files, ...(blocks.length > 0 && { blocks }) };
  } catch (error) {
    if (!isMigrateError(error)) throw error;
    return { ...about, files: [], left: error.message };
  }
}

async function planOf(
  migration: KnownMigration,
  file: string,
  all: readonly KnownMigration[],
  options: LintOptions,
  context: CommandContext,
): Promise<GenerateResult> {
  const index = all.indexOf(migration);
  const replaying = { url: options.shadow, cache: cacheFor(options), unmanaged: [] };
  const before = await ofTheseMigrations(all.slice(0, index), context, replaying);
  const after = await ofTheseMigrations(all.slice(0, index + 1), context, replaying);
  const { schema } = initialSessionOf(context);
  const unnamed = (await fileNamesSchema(file, schema)) ? undefined : schema;
  const { from, to } = narrow(before.schema, after.schema);
  const sides: Sides = {
    desired: to,
    history: { renames: [], backfills: new Map() },
    origins: new Map(),
    metadata: metadataChanges(before.metadata, after.metadata, {
      table: metadataTableOf(context.dataSource),
      unnamed,
    }),
    given: { backfills: asWritten(from, to), usings: new Map() },
    loose: noLooseDefaults,
    unnamed,
  };
  const wanted: GenerateOptions & InLanguage & { readonly name: string } = {
    name: migration.name.replace(/\d{13}$/, ''),
    ...languageOf(file),
    dir: dirname(file),
    timestamp: migration.timestamp,
    // Everything that is not in the later schema is dropped, including handmade objects: the author has decided what is lost.
    prune: true,
    allowDestructive: true,
    targetVersion: options.targetVersion,
    shadow: options.shadow,
    dryRun: true,
  };
  const proven = await withShadow({ url: options.shadow, initial: () => initialStateOf(context) }, (shadow) =>
    withSchemaOnShadow(from, context, { shadow, unmanaged: [], to, cache: replaying.cache }, (made) =>
      change(wanted, sides, made, context),
    ),
  );
  return (await writeFiles(proven, wanted, context)).result;
}

/** The author of the statement filled nothing, so neither does the fix. */
function asWritten(from: Schema, to: Schema): ReadonlyMap<string, string> {
  const required = to.objects.filter(({ id }) => columnOf(from, id)?.notNull === false && columnOf(to, id)?.notNull);
  return new Map(required.map(({ id }) => [columnPath(id), 'NULL']));
}

function languageOf(file: string): InLanguage {
  const extension = extname(file).slice(1);
  if (extension === 'sql') return { language: 'sql' };
  return extension.endsWith('ts') ? { language: 'ts' } : { language: 'js', moduleKind: moduleKindOf(file) };
}

/** Replaces the old file with the new ones. If that fails, the old file is restored. */
async function replace(
  file: string,
  texts: NonNullable<GenerateResult['texts']>,
  context: CommandContext,
): Promise<readonly string[]> {
  const aside = join(dirname(file), `.${basename(file)}.old`);
  await rename(file, aside);
  const written: string[] = [];
  try {
    for (const { file: made, text } of texts) {
      const path = resolve(made);
      if (!(await writeNew(dirname(path), basename(path), text))) throw inTheWay(made);
      written.push(path);
    }
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    await rename(aside, file);
    throw error;
  }
  await rm(aside, { force: true });
  await relock(file, written, await lockPlace(await listMigrations(context), context.settings.dir));
  return texts.map(({ file: made }) => made);
}

function inTheWay(file: string): MigrateError {
  return new MigrateError({
    code: 'FILE_EXISTS',
    message: `${file} exists already; nothing was changed`,
    next: 'Move it away, or fix the migration by hand.',
  });
}
