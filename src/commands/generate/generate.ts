import { planAndProve } from '../../plan/attempts.js';
import type { PlanContext } from '../../plan/context.js';
import { metadataChanges } from '../../plan/metadata.js';
import { nameOf } from '../../plan/name.js';
import { plannedRename } from '../../plan/renames.js';
import type { PlannedChange } from '../../plan/step.js';
import { tryTypeChanges } from '../../plan/try-types.js';
import { compareSchemas, isSame } from '../../schema/compare.js';
import type { Change } from '../../schema/compare.js';
import { keepUnknown } from '../../schema/keep.js';
import { narrow } from '../../schema/narrow.js';
import { describeObject } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { noCache, openCache } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { originIn, originKey } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import { metadataTableOf } from '../../shadow/typeorm-metadata.js';
import { versionsOfEngines } from '../../shadow/versions.js';
import type { CommandContext } from '../context.js';
import type { GenerateOptions, GenerateResult } from './contract.js';
import { confirmLoss } from './confirm-loss.js';
import { decide, readFlags } from './decide.js';
import type { GivenExpressions } from './decide.js';
import { nameBefore, renameOnShadow } from './rename-on-shadow.js';
import type { Renamed } from './rename-on-shadow.js';
import type { History } from './history.js';
import { withWorkbench } from './on-shadow.js';
import type { Workbench } from './on-shadow.js';
import { currentSide, desiredSide, rememberCurrent } from './schemas.js';
import type { CurrentSide, DesiredSide } from './schemas.js';
import { writeFiles } from './write-files.js';

/** Writes the migrations that lead from what the migrations give to what the entities describe, proven up and down. */
export async function generate(options: GenerateOptions, context: CommandContext): Promise<GenerateResult> {
  // What is mistyped is said before anything takes its time.
  const given = readFlags(options);
  const cache = cacheFor(options);
  const desired = await desiredSide(context, options.shadow, cache);
  const current = await currentSide(context, options, cache, desired.unmanaged);
  const metadata = metadataChanges(current.metadata, desired.metadata, metadataTableOf(context.dataSource));
  const { from, to } = await narrow(current.schema, desired.schema);
  const sides: Sides = { desired: to, history: desired.history, origins: current.origins, metadata, given };
  const { schema, kept } = await wanted(from, [], options, sides);
  if (metadata.length === 0 && (await isSame(from, schema)))
    return { files: [], statements: [], renames: [], warnings: told(kept) };
  const bench = { url: options.shadow, unmanaged: desired.unmanaged };
  return withWorkbench(from, context, bench, async (workbench) => {
    const { result, renamed } = await change(options, context, sides, workbench);
    // What somebody made by hand has other names after a rename: it is read when it is replayed.
    const isKnown = options.from === undefined && options.dryRun !== true && renamed.inCatalog.length === 0;
    if (isKnown) await remember(current, desired, options, context, cache);
    return result;
  });
}

/** A server that is the shadow may be another version tomorrow. */
function cacheFor({ shadow, cache = true }: GenerateOptions): SchemaCache {
  return shadow === undefined && cache ? openCache(versionsOfEngines()) : noCache;
}

/** What was proven need not be replayed the next time. */
async function remember(
  current: CurrentSide,
  desired: DesiredSide,
  options: GenerateOptions,
  context: CommandContext,
  cache: SchemaCache,
): Promise<void> {
  const shallStay = (id: ObjectId): boolean => staysBy(id, current.origins, options);
  const { schema } = await keepUnknown(desired.schema, current.schema, shallStay);
  const origins = new Map(
    schema.objects.map(({ id }) => [originKey(id), originIn(current.origins, id) ?? 'generated']),
  );
  await rememberCurrent(context, { schema, metadata: desired.metadata, origins }, cache, desired.unmanaged);
}

interface Sides {
  readonly desired: Schema;
  readonly history: History;
  readonly origins: OriginMap;
  readonly metadata: readonly PlannedChange[];
  readonly given: GivenExpressions;
}

async function change(
  options: GenerateOptions,
  context: CommandContext,
  sides: Sides,
  workbench: Workbench,
): Promise<{ readonly result: GenerateResult; readonly renamed: Renamed }> {
  const renamed = await renameOnShadow(workbench.schema, {
    ...workbench,
    options,
    history: sides.history,
    wantedFor: async (present, renames) => (await wanted(present, renames, options, sides)).schema,
  });
  const { schema: from } = renamed;
  const { schema: to, kept } = await wanted(from, renamed.inCatalog, options, sides);
  const changes = await compareSchemas(from, to);
  const tryType = await tryTypeChanges(workbench.client, from, to);
  const question = {
    from,
    to,
    options,
    given: sides.given,
    history: sides.history,
    renames: renamed.bridged,
    tryType,
  };
  const planContext: PlanContext = {
    from,
    to,
    decisions: await decide(changes, question),
    targetVersion: options.targetVersion ?? 15,
    tryType,
  };
  const inCatalog = renamesInCatalog(renamed, workbench, changes, options);
  const { planned, files } = await planAndProve(changes, {
    plan: planContext,
    around: (rest) => [...inCatalog, ...rest, ...sides.metadata],
    proof: { ...workbench, from: workbench.schema },
    online: options.online !== false,
  });
  await confirmLoss(planned, options);
  const renames = [...renamed.inCatalog, ...renamed.bridged]
    .filter(({ from: { kind } }) => kind === 'table' || kind === 'column')
    .map((rename) => ({
      from: describeObject(rename.from),
      to: describeObject(rename.to),
    }));
  const named = { ...options, name: options.name ?? nameOf(planned) };
  return { renamed, result: await writeFiles(files, named, context, { warnings: told(kept), renames }) };
}

function told(kept: readonly ObjectId[]): readonly string[] {
  return kept
    .filter(({ kind }) => kind !== 'extension')
    .map((id) => `${describeObject(id)} is not in the entities, but was made by hand: it stays (--prune drops it).`);
}

/** What the entities describe, and beside it what somebody made by hand. */
function wanted(
  present: Schema,
  renames: Renamed['inCatalog'],
  options: GenerateOptions,
  { desired, origins }: Sides,
): ReturnType<typeof keepUnknown> {
  return keepUnknown(desired, present, (id) => staysBy(nameBefore(id, renames), origins, options));
}

function staysBy(id: ObjectId, origins: OriginMap, { prune = false }: GenerateOptions): boolean {
  return id.kind === 'extension' || (!prune && originIn(origins, id) !== 'generated');
}

function renamesInCatalog(
  { inCatalog }: Renamed,
  { schema }: Workbench,
  changes: readonly Change[],
  { renameDirectly = false, online = true }: GenerateOptions,
): readonly PlannedChange[] {
  return inCatalog.map((rename) => {
    // A view would be in the way of another type of one of its columns.
    const retyped = changes.some(
      ({ sql, uses }) =>
        / TYPE /.test(sql) && uses.some((id) => id.table === rename.to.name && id.schema === rename.to.schema),
    );
    return plannedRename(rename, schema, { keepOldName: online && !renameDirectly && !retyped });
  });
}
