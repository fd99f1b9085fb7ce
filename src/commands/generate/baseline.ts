import { resolve } from 'node:path';
import { abortable } from '../../database/cancel.js';
import type { SqlClient } from '../../database/sql-client.js';
import { compareSchemas } from '../../schema/compare.js';
import { followInitial } from '../../schema/follow.js';
import { withOrderOfEnums } from '../../schema/enum-order.js';
import { keepUnknown } from '../../schema/keep.js';
import { lossesIn } from '../../schema/loss.js';
import { isMember } from '../../schema/differences.js';
import { describeObject, keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { withPresentNames } from '../../schema/present-names.js';
import type { Schema } from '../../schema/read.js';
import { setAside } from '../../schema/set-aside.js';
import { noCache } from '../../shadow/cache.js';
import { ExitCode, MigrateError } from '../../errors.js';
import { classListOf } from '../../files/class-list.js';
import { inLanguage } from '../../files/language.js';
import { listMigrations } from '../../files/list-migrations.js';
import { literally } from '../../files/pattern-folder.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { foundSchemas, searchPathOf, withFoundSchemas } from '../../shadow/search-path.js';
import { withShadow } from '../../shadow/shadow.js';
import { describeEntities } from '../../snapshot/described.js';
import type { Described } from '../../snapshot/described.js';
import { initialOf } from '../../snapshot/initial.js';
import type { Initial } from '../../snapshot/initial.js';
import { ofDatabase } from '../../snapshot/of-database.js';
import { ofEntities } from '../../snapshot/of-entities.js';
import { remarksOnFrozen } from '../../snapshot/frozen-moments.js';
import { withPresentDefaults } from '../../snapshot/same-defaults.js';
import { inSameWords } from '../../snapshot/same-words.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { asMigrationsSay } from '../../snapshot/unsaid.js';
import { poolOf } from '../../typeorm/driver.js';
import type { CommandContext } from '../context.js';
import { foreignTo, ignoring, isLeftAlone } from '../ignore.js';
import { refuseMissing } from '../entities.js';
import { placementOf } from '../placement.js';
import { pending, run } from '../run.js';
import type { BaselineOptions, BaselineResult } from './types.js';
import { generate } from './generate.js';
import { withPendingByHand } from './pending-by-hand.js';
import { printedOnShadow, withOthers } from './take-over.js';
import { newFile } from './write-files.js';

/**
 * For a database that `synchronize` has created: writes the migration that would create it, ensures that the database really has that
 * schema, and records the migration as applied without executing it.
 */
export async function baseline(options: BaselineOptions, given: CommandContext): Promise<BaselineResult> {
  if (options.check !== true) await refuseUnrecordable(options, given);
  given.onEvent({ type: 'stage', stage: 'reading the entities' });
  const first = await describeEntities(given, refuseMissing(given));
  if (options.check === true) return given.whileConnected(() => takeOver(options, given, first));
  await given.initialise();
  return takeOver(options, given, first);
}

/** Compares the connected database with the entities and, if it has their schema, writes and records the migration. */
async function takeOver(options: BaselineOptions, given: CommandContext, first: Described): Promise<BaselineResult> {
  const client = poolOf(given.dataSource) as SqlClient;
  const context = withFoundSchemas(given, await foundSchemas(client));
  const described = context === given ? first : await describeEntities(context, refuseMissing(context));
  const { shadow: url } = options;
  const make = (): Promise<readonly [Snapshot, Initial]> =>
    withShadow({ url, initial: () => initialStateOf(context) }, async (shadow) => {
      const initial = await initialOf(context, { ...described, shadow, cache: noCache });
      return [await ofEntities({ project: context, described, initial, shadow, url, cache: noCache }), initial];
    });
  const [desired, initial] = await abortable(context.signal, make, 'Nothing was changed.');
  context.onEvent({ type: 'stage', stage: 'reading the database' });
  const { schema: live } = await ofDatabase(context);
  const entities = asPresent(desired.schema, live, described, context);
  const { schema: known, remarksOn } = await withPendingByHand(described, { entities, live }, options, context);
  const { schema: own } = await inSameWords(known, live, context, {
    url,
    cache: noCache,
    searchPath: await searchPathOf(client),
  });
  const whole = followInitial(known, own, initial);
  const isAside = isLeftAlone(ignoring(context.settings.ignore, options.ignore ?? []), foreignTo(whole));
  const { schema: wanted, kept } = keepUnknown(withOrderOfEnums(setAside(whole, own, isAside), own), own, () => true);
  const changes = await compareSchemas(own, wanted);
  const drift = changes.map(({ sql }) => sql);
  const told = (ids: readonly ObjectId[]): readonly string[] =>
    ids.filter((id) => !isMember(id, own)).map(describeObject);
  const unknown = told(kept.filter(({ kind }) => kind !== 'extension'));
  const warnings = [...remarksOnFrozen(described.loose.frozen), ...remarksOn(own)];
  const found = { drift, losses: lossesIn(changes), unknown, takenOver: [], files: [], recorded: [], warnings };
  if (options.check === true || drift.length > 0) return found;
  const all = withOthers(whole, own, isAside);
  const isTaking = await takesOver(told(all.kept), options);
  const others = isTaking ? await printedOnShadow(all.schema, described.unmanaged, context, url) : undefined;
  const made = await generate({ ...options, name: options.name ?? defaultName }, context, {
    live,
    others,
  });
  const taken = isTaking ? told(all.kept) : [];
  const result = {
    ...found,
    unknown: unknown.filter((object) => !taken.includes(object)),
    takenOver: taken,
    files: made.files,
    warnings: made.warnings,
    ...(made.list && { list: made.list }),
  };
  // A class that the list lacks would be recorded, and then be missing.
  if (made.list?.state === 'to add') return result;
  const complete = made.list === undefined ? context : withFiles(context, made.files);
  const recorded = (await pending(complete)).map(({ name }) => name);
  if (recorded.length > 0) await run({ mode: 'fake' }, complete);
  return { ...result, recorded };
}

/** What entities leave open is as the database has it. */
function asPresent(desired: Schema, live: Schema, described: Described, { onEvent }: CommandContext): Schema {
  const said = asMigrationsSay(desired, live, described, onEvent);
  const isGiven = (id: ObjectId): boolean => described.givenKeys.has(keyOf(id));
  return withPresentNames(withPresentDefaults(live, said, described.loose), live, isGiven);
}

/** All objects that no entity describes are listed in a single question. */
async function takesOver(
  objects: readonly string[],
  { others, ask }: Pick<BaselineOptions, 'others' | 'ask'>,
): Promise<boolean> {
  if (objects.length === 0 || others === 'leave') return false;
  if (others === 'take over') return true;
  const list = objects.map((object) => `  ${object}`).join('\n');
  const question = `No entity describes these objects of the database:\n${list}\nInclude them in the migration?`;
  return (await ask?.confirm(question)) === true;
}

/** Adds the files of new classes, because the list was loaded before they were added. */
function withFiles(context: CommandContext, files: readonly string[]): CommandContext {
  const given = context.migrations;
  const classes = Array.isArray(given) ? given : Object.values(given ?? {});
  return { ...context, migrations: [...classes, ...files.map((file) => literally(resolve(file)))] };
}

const defaultName = 'Baseline';

/** A migration that the data source will not find cannot be recorded as applied. */
async function refuseUnrecordable(
  { name = defaultName, dir, ask, addToList = false, ...given }: BaselineOptions,
  context: CommandContext,
): Promise<void> {
  const existing = await listMigrations(context);
  const { language } = inLanguage(given, existing, process.cwd());
  const { foundBy } = await placementOf(existing, newFile(name, { dir, language }, existing, context));
  if (foundBy === 'pattern') return;
  const mayAdd = addToList || ask !== undefined;
  const isBuilt = foundBy === 'build';
  const isPlain = !isBuilt && classListOf(context.dataSource)?.adding([]) !== undefined;
  // If the list cannot be added to, the result says so, and nothing is recorded.
  if (foundBy === 'list' && (mayAdd || !isPlain)) return;
  throw new MigrateError({
    code: 'FILE_NOT_MATCHED',
    message: `The data source ${isBuilt ? 'finds compiled files' : 'lists its migrations as classes'}, so it would not find the new migration yet, and it could not be recorded as applied. Nothing was written or recorded.`,
    next: `${isPlain ? 'To have it added to the list and recorded: nest-migrate baseline --yes. Or: ' : ''}nest-migrate generate ${name}${dir === undefined ? '' : ` --dir ${dir}`}, then ${isBuilt ? 'npm run build' : 'add its class to the `migrations` list of the data source'}, then nest-migrate run --fake`,
    exitCode: ExitCode.usage,
  });
}
