import { abortable } from '../../database/cancel.js';
import type { Stage } from '../../events.js';
import { metadataChanges } from '../../plan/metadata.js';
import { inLanguage } from '../../files/language.js';
import type { InLanguage } from '../../files/language.js';
import { listMigrations } from '../../files/list-migrations.js';
import type { MigrationList } from '../../files/migration.js';
import { isSame } from '../../schema/compare.js';
import { followInitial } from '../../schema/follow.js';
import { otherwiseOrdered, withOrderOfEnums } from '../../schema/enum-order.js';
import { keepUnknown } from '../../schema/keep.js';
import { setAside } from '../../schema/set-aside.js';
import type { Schema } from '../../schema/read.js';
import { narrow } from '../../schema/narrow.js';
import type { ObjectId } from '../../schema/object-id.js';
import { withOwnWords } from '../../schema/own-words.js';
import { writeLater } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import { originIn, originKey } from '../../shadow/origins.js';
import type { Chain } from '../../shadow/replay-key.js';
import { foundSchemas, withFoundSchemas } from '../../shadow/search-path.js';
import { withLive } from '../../shadow/live.js';
import { openShadow } from '../../shadow/shadow.js';
import type { Shadow } from '../../shadow/shadow.js';
import { metadataTableOf } from '../../shadow/typeorm-metadata.js';
import { cacheFor } from '../../snapshot/cache-for.js';
import { describeEntities } from '../../snapshot/described.js';
import { remarksOnFrozen } from '../../snapshot/frozen-moments.js';
import { initialOf } from '../../snapshot/initial.js';
import { ofDatabaseAt } from '../../snapshot/of-database.js';
import { ofEntities } from '../../snapshot/of-entities.js';
import { ofMigrations, rememberProven } from '../../snapshot/of-migrations.js';
import type { Current } from '../../snapshot/of-migrations.js';
import { withSameDefaults } from '../../snapshot/same-defaults.js';
import { unnamedSchema } from '../../snapshot/unnamed-schema.js';
import { withSchemaOnShadow } from '../../snapshot/schema-on-shadow.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { withPresentValues } from '../../snapshot/valueless-enums.js';
import type { CommandContext } from '../context.js';
import { foreignTo, ignoring, isLeftAlone, remarksOnIdle } from '../ignore.js';
import { refuseMissing } from '../entities.js';
import { folderFor, foundByOf, placementOf, refuseNotCompiled } from '../placement.js';
import { change, remarksOnKept, remarksOnOrder, staysBy, wanted } from './change.js';
import type { ProvenChange, Sides } from './change.js';
import type { GenerateOptions, GenerateResult } from './types.js';
import { readFlags } from './decide.js';
import type { GivenExpressions } from './decide.js';
import { hasFlags, refuseUnusedFlags } from './unused-flags.js';
import { newFile, writeFiles } from './write-files.js';

/** What a baseline knows of the database that it takes over. */
export interface TakenOver {
  readonly live: Schema;
  /** What is to be there beside what the entities describe. */
  readonly others: Schema | undefined;
}

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
  const expressions = readFlags(options);
  ignoring([], options.ignore ?? []);
  await refuseUnfindable(options, existing, project);
  const { from: address } = options;
  const context = address === undefined ? project : withFoundSchemas(project, await withLive(address, foundSchemas));
  const shadow = openShadow({ url: options.shadow, initial: () => initialStateOf(context) });
  const cache = writeLater(cacheFor(options));
  try {
    const seek = (): ReturnType<typeof find> => find({ shadow, expressions, takenOver, cache }, options, context);
    const outcome = await abortable(context.signal, seek, 'Nothing was written.');
    if ('files' in outcome) return outcome;
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
function withSettings(options: GenerateOptions, { settings }: CommandContext): GenerateOptions {
  const { online = settings.online, renameDirectly = settings.rename === 'directly' } = options;
  return { ...options, online, renameDirectly };
}

/** What there is to write. */
interface Found {
  readonly change: ProvenChange;
  /** What the migrations will lead to then, where that is known. */
  readonly next: (() => Snapshot) | undefined;
  /** The migrations that it comes after; undefined of a live database. */
  readonly chain: Chain | undefined;
  readonly unmanaged: readonly ObjectId[];
}

/** Before anything takes its time, as far as it is known already what the files will be called. */
async function refuseUnfindable(
  options: GenerateOptions & InLanguage,
  existing: MigrationList,
  context: CommandContext,
): Promise<void> {
  const file = newFile(options.name ?? 'Change', options, existing, context);
  const folder = folderFor(existing, file);
  const foundBy = await foundByOf(folder, existing, file);
  if (foundBy === 'build') refuseNotCompiled(folder, existing, file.cwd);
  const isSure = options.name !== undefined || existing.patterns.length === 0;
  if (foundBy === undefined && isSure && options.dryRun !== true) await placementOf(existing, file);
}

interface Finding {
  readonly shadow: Shadow;
  readonly expressions: GivenExpressions;
  readonly takenOver: TakenOver | undefined;
  readonly cache: SchemaCache;
}

async function find(
  { shadow, expressions: given, takenOver, cache }: Finding,
  options: GenerateOptions,
  context: CommandContext,
): Promise<Found | GenerateResult> {
  const stage = (now: Stage): void => context.onEvent({ type: 'stage', stage: now });
  stage('reading the entities');
  const described = await describeEntities(context, refuseMissing(context));
  const { unmanaged, history, words, frozen } = described;
  const { from: address, shadow: url } = options;
  const initial = await initialOf(context, { ...described, shadow, cache });
  stage(address === undefined ? 'replaying the migrations' : 'reading the database');
  const [entities, current] = await both<Snapshot, Current>(
    ofEntities({ project: context, described, initial, shadow, url, cache }),
    address === undefined
      ? ofMigrations(context, { url, cache, unmanaged })
      : ofDatabaseAt(address, context, unmanaged),
  );
  stage('comparing the schemas');
  const known = withPresentValues(entities.schema, current.schema, described.valueless, context.onEvent);
  const idle = idleIn([known, current.schema, takenOver?.live], options, context);
  const own = withoutIgnored(followInitial(known, current.schema, initial), current.schema, options, context);
  const { whole, byHand } = beside(own, takenOver?.others);
  const desired = {
    ...entities,
    schema: await withSameDefaults(current.schema, whole, { shadow, cache, frozen }),
  };
  const unnamed = await unnamedSchema(described, context);
  const table = metadataTableOf(context.dataSource);
  const metadata = metadataChanges(current.metadata, desired.metadata, { table, unnamed });
  const origins = { desired: desired.schema, origins: current.origins };
  if (hasFlags(options))
    refuseUnusedFlags(options, current.schema, wanted(current.schema, [], options, origins).schema, history);
  const { from, to } = narrow(current.schema, desired.schema);
  const sides: Sides = {
    desired: withOwnWords(to, words),
    history,
    origins: current.origins,
    metadata,
    given,
    frozen,
    unnamed,
    ...(byHand && { byHand }),
  };
  const { schema, kept } = wanted(from, [], options, sides);
  if (metadata.length === 0 && (await isSame(from, schema)))
    return nothingToDo([
      ...idle,
      ...remarksOnFrozen(frozen),
      ...remarksOnKept(kept, sides, from),
      ...remarksOnOrder(otherwiseOrdered(desired.schema, from)),
    ]);
  const at = { shadow, unmanaged, to: schema, cache, inOtherWords: address !== undefined };
  const isKnown = address === undefined && options.dryRun !== true && takenOver?.others === undefined;
  const next = isKnown ? once(() => after(current, desired, options)) : undefined;
  const proven = await withSchemaOnShadow(from, context, at, (made) =>
    change(options, sides, { ...made, read: meanwhile(made.read, next) }, context),
  );
  return { change: telling(idle, proven), next, chain: current.chain, unmanaged };
}

/** With what a baseline takes over. */
function beside(
  described: Schema,
  others: Schema | undefined,
): { readonly whole: Schema; readonly byHand?: (id: ObjectId) => boolean } {
  if (others === undefined) return { whole: described };
  const byHand = (id: ObjectId): boolean => others.has(id) && !described.has(id);
  return { whole: keepUnknown(described, others, () => true).schema, byHand };
}

/** What is left alone is as it is: neither made, nor changed, nor dropped. What other programs make is met in a live database only. */
function withoutIgnored(
  described: Schema,
  present: Schema,
  { ignore = [], from }: GenerateOptions,
  { settings }: CommandContext,
): Schema {
  const isForeign = from === undefined ? (): boolean => false : foreignTo(described);
  return setAside(described, present, isLeftAlone(ignoring(settings.ignore, ignore), isForeign));
}

/** The setting may be about what only a database in use has. */
function idleIn(
  schemas: readonly (Schema | undefined)[],
  { from, ignore = [] }: GenerateOptions,
  { settings }: CommandContext,
): readonly string[] {
  const known = schemas.filter((schema) => schema !== undefined);
  return remarksOnIdle(ignoring(from === undefined ? [] : settings.ignore, ignore), known);
}

function telling(remarks: readonly string[], { told, ...change }: ProvenChange): ProvenChange {
  return { ...change, told: { ...told, warnings: [...remarks, ...told.warnings] } };
}

function nothingToDo(warnings: readonly string[]): GenerateResult {
  return { files: [], statements: [], renames: [], warnings };
}

/** Does some work while something else, which has begun, is waited for. */
function meanwhile<T>(begin: () => Promise<T>, work: (() => unknown) | undefined): () => Promise<T> {
  return () => {
    const begun = begin();
    work?.();
    return begun;
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** What was proven need not be replayed the next time. */
function after(current: Snapshot, desired: Snapshot, options: GenerateOptions): Snapshot {
  const shallStay = (id: ObjectId): boolean => staysBy(id, current.origins, options);
  const wanted = withOrderOfEnums(desired.schema, current.schema);
  const { schema } = keepUnknown(wanted, current.schema, shallStay);
  const origins = new Map(
    schema.objects.map(({ id }) => [originKey(id), originIn(current.origins, id) ?? 'generated']),
  );
  return { schema, metadata: desired.metadata, origins };
}

/** Side by side. Both are waited for: what one of them has open is closed before an error of the other is told. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}
