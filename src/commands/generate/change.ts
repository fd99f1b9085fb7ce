import { arrange } from '../../plan/arrange.js';
import { planAndProve } from '../../plan/attempts.js';
import type { ByHand, PlanContext } from '../../plan/context.js';
import { nameOf } from '../../plan/name.js';
import { planChanges } from '../../plan/plan.js';
import { readingElsewhere } from '../../plan/try-rows.js';
import type { Rename } from '../../plan/renames.js';
import type { PlannedChange, Step } from '../../plan/step.js';
import type { ProofContext, ProvenFile } from '../../plan/prove.js';
import { hasCast, tryTypeChanges } from '../../plan/try-types.js';
import { compareSchemas } from '../../schema/compare.js';
import type { Change } from '../../schema/change.js';
import { otherwiseOrdered, withOrderOfEnums } from '../../schema/enum-order.js';
import { keepUnknown } from '../../schema/keep.js';
import { describeObject, keyOf, relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { supersededKeys } from '../../schema/superseded-keys.js';
import { originIn } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import { remarksOnFrozen } from '../../snapshot/frozen-moments.js';
import type { LooseDefaults } from '../../snapshot/loose-defaults.js';
import type { History } from '../../snapshot/history.js';
import { withSameDefaultsThere } from '../../snapshot/same-defaults.js';
import type { SchemaOnShadow } from '../../snapshot/schema-on-shadow.js';
import type { CommandContext } from '../context.js';
import { withOtherQuestions } from './all-questions.js';
import type { GenerateOptions, GenerateResult } from './types.js';
import { remarksOnExtensions, remarksOnFormerExtensions } from './extension-remarks.js';
import { isPrepared, remarksOnKept } from './kept-remarks.js';
import { isPartOf, remarksOnPartitions, remarksOnRewrites } from './partition-remarks.js';
import { indexAdvice, remarksOnConditions } from './index-advice.js';
import { decide } from './decide.js';
import type { Wanted } from './decide-renames.js';
import type { GivenExpressions } from './decide.js';
import { expressionsAfter, nameBefore, renameOnShadow } from './rename-on-shadow.js';
import type { Renamed } from './rename-on-shadow.js';
import { remarksOnDirectRenames, renamesInCatalog } from './renames-in-catalog.js';
import { withUnfitObjects } from './unfit-objects.js';
import { withWrongExpression } from './wrong-expression.js';
import { supersededColumns } from './unfilled-columns.js';

/** The two schemas of a change, and what is known of the objects in them. */
export interface Sides {
  readonly desired: Schema;
  readonly history: History;
  readonly origins: OriginMap;
  readonly metadata: readonly PlannedChange[];
  readonly given: GivenExpressions;
  readonly loose: LooseDefaults;
  /** The schema that statements leave to the search path. */
  readonly unnamed: string | undefined;
  /** Whether an object that a baseline takes over is not described by any entity. */
  readonly byHand?: ByHand;
}

/** A change between two schemas, as it will be written. */
export interface ProvenChange {
  readonly files: readonly ProvenFile[];
  /** The name that is used if none is given. */
  readonly name: string;
  readonly told: Pick<GenerateResult, 'warnings' | 'renames' | 'reason' | 'advice'>;
  /** Whether handmade objects read otherwise afterwards: with new names, or for new types. */
  readonly rewords: boolean;
  /** The schema on the shadow afterwards. */
  readonly stands: Schema;
  /** The steps that lose data. */
  readonly losses: readonly Step[];
  /** The tables that are dropped with their rows. */
  readonly droppedTables: readonly ObjectId[];
  /** The decisions of its author. */
  readonly answers: Answers;
}

/** Answers from flags, from the user or from an earlier run, to questions that no tool can answer. */
export interface Answers {
  /** Renamed tables and columns. A column has the current name of its table. */
  readonly renames: readonly Rename[];
  /** Objects that are dropped although they could have been renamed to new ones. */
  readonly drops: readonly ObjectId[];
  /** Objects created by hand that are kept although they could have been renamed to new ones. */
  readonly keeps: readonly ObjectId[];
  readonly backfills: ReadonlyMap<string, string>;
  readonly usings: ReadonlyMap<string, string>;
  readonly storedTimezone: string | undefined;
}

/** Plans and proves the change from the schema on the shadow to the desired one. */
export async function change(
  options: GenerateOptions,
  sides: Sides,
  shadow: SchemaOnShadow,
  { onEvent, ways }: Pick<CommandContext, 'onEvent'> & Pick<ProofContext, 'ways'>,
): Promise<ProvenChange> {
  const renamed = await renamedOnShadow(options, sides, shadow);
  const { schema: from } = renamed;
  const { schema: described, kept, lost } = wanted(renamed.inNewWords, renamed.inCatalog, options, sides);
  const to = await withSameDefaultsThere(from, described, shadow.client, sides.loose);
  const changes = await compareSchemas(from, to);
  const planContext = await decided(changes, { from, to, renamed }, options, sides, shadow);
  const inCatalog = renamesInCatalog(renamed, shadow, changes, options);
  onEvent({ type: 'stage', stage: 'proving the migrations' });
  const { planned, files, notTried, stands, reworded } = await planAndProve(changes, {
    plan: planContext,
    around: (rest) => [...inCatalog, ...rest, ...sides.metadata],
    renames: renamed.inCatalog,
    proof: { ...shadow, from: shadow.schema, unnamed: sides.unnamed, ways },
    online: options.online !== false,
  }).catch(async (error: unknown) => {
    const written = { from, to, decisions: planContext.decisions, inCatalog: renamed.inCatalog };
    throw await withUnfitObjects(await withWrongExpression(error, written, shadow.client), written, shadow.client);
  });
  const { backfill: backfills, using: usings, storedTimezone } = planContext.decisions;
  const named = namedIn(renamed);
  const renames = named.map((rename) => ({ from: describeObject(rename.from), to: describeObject(rename.to) }));
  return {
    files,
    name: nameOf({ changes, renames: named, from, to }),
    told: {
      warnings: [
        ...remarksOnFrozen(sides.loose.frozen),
        ...remarksOnKept(kept, sides, from),
        ...remarksOnLost(lost),
        ...remarksOnConditions(from, to),
        ...remarksOnOrder(otherwiseOrdered(sides.desired, from)),
        ...remarksOnExtensions(files, to),
        ...remarksOnFormerExtensions(from, to, sides.origins),
        ...notTried,
        ...readingElsewhere(files.flatMap(({ steps }) => steps)),
        ...remarksOnDirectRenames(renamed, shadow.schema, options),
        ...(options.online === false
          ? []
          : [...remarksOnRewrites(files, from), ...remarksOnPartitions(changes, { from, to })]),
      ],
      renames,
      ...reasonOf(files.length, options, () => {
        const planned = planChanges(changes, planContext, 'direct');
        const direct = arrange([...inCatalog, ...planned, ...sides.metadata], from, to);
        return { direct: direct.length, tables: tablesInUse(changes, from) };
      }),
      ...indexAdvice(changes, to),
    },
    rewords: named.length > 0 || reworded,
    stands,
    ...lossesIn(planned),
    answers: { renames: named, drops: renamed.dropped, keeps: renamed.kept, backfills, usings, storedTimezone },
  };
}

function lossesIn(planned: readonly PlannedChange[]): Pick<ProvenChange, 'losses' | 'droppedTables'> {
  const losing = planned.map(({ steps, drops }) => ({
    steps: steps.filter(({ loses }) => loses !== undefined),
    drops,
  }));
  return {
    losses: losing.flatMap(({ steps }) => steps),
    droppedTables: losing.flatMap(({ steps, drops }) =>
      steps.length === 0 ? [] : drops.filter(({ kind }) => kind === 'table'),
    ),
  };
}

async function decided(
  changes: readonly Change[],
  { from, to, renamed }: { readonly from: Schema; readonly to: Schema; readonly renamed: Renamed },
  options: GenerateOptions,
  sides: Sides,
  { client }: SchemaOnShadow,
): Promise<PlanContext> {
  const { history, byHand } = sides;
  const given = expressionsAfter(sides.given, renamed.inCatalog);
  const tryType = await tryTypeChanges(client, from, to);
  const decisions = await decide(changes, {
    from,
    to,
    options,
    given,
    history,
    renames: renamed.bridged,
    tryType,
    hasCast: (before, after) => hasCast(client, before, after),
  });
  return { from, to, decisions, targetVersion: options.targetVersion ?? 15, byHand, tryType };
}

async function renamedOnShadow(options: GenerateOptions, sides: Sides, shadow: SchemaOnShadow): Promise<Renamed> {
  return renameOnShadow(shadow.schema, {
    ...shadow,
    options,
    history: sides.history,
    wantedFor: (present, renames) => wantedWithHandmade(present, renames, options, sides),
    isByHand: (id, renames) => staysBy(nameBefore(id, renames), sides.origins, options),
  }).catch(async (error: unknown) => {
    const described = wantedWithHandmade(shadow.schema, [], options, sides);
    throw await withOtherQuestions(error, described, { ...sides, options }, shadow);
  });
}

/** The objects that a handwritten migration created may be renamed. Partitions are described by no entity. */
function wantedWithHandmade(
  present: Schema,
  renames: readonly Rename[],
  options: GenerateOptions,
  sides: Sides,
): Wanted {
  const { schema, kept } = wanted(present, renames, options, sides);
  const handmade = kept.filter(
    (id) => originIn(sides.origins, nameBefore(id, renames)) === 'hand' && !isPartOf(id, sides.desired, present),
  );
  return { schema, byHand: new Set(handmade.map(keyOf)) };
}

/** The renamed tables and columns. */
function namedIn({ inCatalog, bridged }: Renamed): readonly Rename[] {
  return [...inCatalog, ...bridged].filter(({ to: { kind } }) => kind === 'table' || kind === 'column');
}

/** The reason why a change takes several steps, if it could be made in fewer. */
function reasonOf(
  steps: number,
  { online = true }: GenerateOptions,
  compare: () => { readonly direct: number; readonly tables: readonly string[] },
): Pick<GenerateResult, 'reason'> {
  if (!online || steps < 2) return {};
  const { direct, tables } = compare();
  if (direct >= steps || tables.length === 0) return {};
  const named =
    tables.length > 3 ? `${tables.slice(0, 2).join(', ')} and ${tables.length - 2} more` : tables.join(', ');
  const stay = tables.length === 1 ? 'stays' : 'stay';
  return { reason: `${steps} steps: ${named} ${stay} in use; --no-online writes ${direct}` };
}

function tablesInUse(changes: readonly Change[], from: Schema): readonly string[] {
  const tables = changes.flatMap(({ id, uses }) => [id, ...uses].map((one) => relationOf(one)));
  const found = tables.filter((one) => one.kind === 'table' && from.has(one)).map(({ name = '' }) => name);
  return [...new Set(found)];
}

function remarksOnLost(lost: readonly ObjectId[]): readonly string[] {
  return lost.map(
    (id) => `${describeObject(id)} was created by hand, but depends on a dropped object, so it is dropped too.`,
  );
}

export function remarksOnOrder(enums: readonly ObjectId[]): readonly string[] {
  return enums.map(
    (id) =>
      `The values of ${describeObject(id)} have a different order in the entities. The type stays unchanged, since a new order would rewrite every table that uses it.`,
  );
}

/** The schema that the entities describe, with handmade objects. */
export function wanted(
  present: Schema,
  renames: Renamed['inCatalog'],
  options: GenerateOptions,
  { desired, origins, byHand }: Pick<Sides, 'desired' | 'origins' | 'byHand'>,
): ReturnType<typeof keepUnknown> {
  const superseded = new Set([...supersededColumns(present, desired), ...supersededKeys(present, desired)]);
  const shallStay = (id: ObjectId): boolean =>
    staysBy(nameBefore(id, renames), origins, options) && !superseded.has(keyOf(id));
  const properties = byHand === undefined ? 'as present' : 'as wanted';
  return keepUnknown(withOrderOfEnums(desired, present), present, shallStay, properties);
}

export function staysBy(id: ObjectId, origins: OriginMap, { prune = false }: GenerateOptions): boolean {
  return id.kind === 'extension' || isPrepared(id, origins) || (!prune && originIn(origins, id) !== 'generated');
}
