import type { Stage } from '../../events.js';
import type { ProofContext } from '../../plan/prove.js';
import { metadataChanges } from '../../plan/metadata.js';
import { isSame } from '../../schema/compare.js';
import { otherwiseOrdered, withOrderOfEnums } from '../../schema/enum-order.js';
import { keepUnknown } from '../../schema/keep.js';
import { narrow } from '../../schema/narrow.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { withOwnWords } from '../../schema/own-words.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { originIn, originKey } from '../../shadow/origins.js';
import type { Chain } from '../../shadow/replay-key.js';
import type { Shadow } from '../../shadow/shadow.js';
import { metadataTableOf } from '../../shadow/typeorm-metadata.js';
import { describeEntities } from '../../snapshot/described.js';
import type { Described } from '../../snapshot/described.js';
import { remarksOnFrozen } from '../../snapshot/frozen-moments.js';
import { initialOf } from '../../snapshot/initial.js';
import type { Initial } from '../../snapshot/initial.js';
import { ofEntities } from '../../snapshot/of-entities.js';
import { ofMigrations } from '../../snapshot/of-migrations.js';
import type { Current } from '../../snapshot/of-migrations.js';
import { withSchemaOnShadow } from '../../snapshot/schema-on-shadow.js';
import type { Standing } from '../../snapshot/schema-on-shadow.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { unnamedSchema } from '../../snapshot/unnamed-schema.js';
import type { CommandContext } from '../context.js';
import { refuseMissing } from '../entities.js';
import { aimOf } from './aim.js';
import type { TakenOver } from './aim.js';
import { change, remarksOnOrder, staysBy, wanted } from './change.js';
import type { ProvenChange, Sides } from './change.js';
import { readFlags } from './decide.js';
import { withHandedOver } from './handed-over.js';
import { remarksOnKept } from './kept-remarks.js';
import { refuseKeysAcrossPartitions } from './partition-keys.js';
import type { GenerateOptions } from './types.js';
import { refuseTakenNames } from './taken-names.js';
import { refuseUnused, withoutUnused } from './unused-flags.js';
import type { Unused } from './unused-flags.js';

/** What is needed to find a change. */
export interface Finding {
  readonly shadow: Shadow;
  readonly takenOver?: TakenOver | undefined;
  readonly cache: SchemaCache;
  /** Reads the current schema if it is not the result of the migrations. */
  readonly database?: ((unmanaged: readonly ObjectId[]) => Promise<Snapshot>) | undefined;
  /** The state in which an earlier proof has left the shadow. */
  readonly stands?: Standing | undefined;
  /** Which ways are proven. */
  readonly ways?: ProofContext['ways'];
  /** Reports unused flags instead of refusing them. */
  readonly unused?: 'left out' | undefined;
}

/** The schema that the entities describe, and how they describe it. */
export interface Said {
  readonly described: Described;
  readonly initial: Initial;
  readonly wanted: Promise<Snapshot>;
}

/** The change to write. */
export interface Found {
  readonly change: ProvenChange;
  /** The snapshot of the migrations after this change, if it is known. */
  readonly next: (() => Snapshot) | undefined;
  /** The migrations before the change; undefined for a live database. */
  readonly chain: Chain | undefined;
  readonly unmanaged: readonly ObjectId[];
  readonly stands: Standing;
  readonly unused: readonly Unused[];
}

/** There is no difference between the current and the desired schema. */
export interface Nothing {
  readonly warnings: readonly string[];
  readonly unused: readonly Unused[];
}

/** Reads the entities, and starts to create them on the shadow. */
export async function readEntities(
  { shadow, cache }: Pick<Finding, 'shadow' | 'cache'>,
  { shadow: url }: GenerateOptions,
  context: CommandContext,
): Promise<Said> {
  context.onEvent({ type: 'stage', stage: 'reading the entities' });
  const described = await describeEntities(context, refuseMissing(context));
  const initial = await initialOf(context, { ...described, shadow, cache });
  const wanted = ofEntities({ project: context, described, initial, shadow, url, cache });
  wanted.catch(() => undefined);
  return { described, initial, wanted };
}

/** Plans and proves the change from the current to the desired schema. */
export async function findChange(
  finding: Finding,
  said: Said,
  options: GenerateOptions,
  context: CommandContext,
): Promise<Found | Nothing> {
  const { shadow, takenOver, cache, database } = finding;
  const { described } = said;
  const stage = (now: Stage): void => context.onEvent({ type: 'stage', stage: now });
  const { unmanaged, history, words, loose } = described;
  const isLive = database !== undefined;
  // Two shadows at the same time would take twice the memory. If the entities are invalid, nothing is replayed.
  const makeRoom = (): Promise<void> => said.wanted.then(shadow.makeRoom);
  stage(isLive ? 'reading the database' : 'replaying the migrations');
  const [entities, current] = await both<Snapshot, Current>(
    said.wanted,
    isLive ? database(unmanaged) : ofMigrations(context, { url: options.shadow, cache, unmanaged, makeRoom }),
  );
  stage('comparing the schemas');
  const aiming = { ...said, entities, current, isLive, takenOver, shadow, cache };
  const { desired, byHand, idle } = await aimOf(aiming, options, context);
  const unnamed = await unnamedSchema(described, context);
  const table = metadataTableOf(context.dataSource);
  const metadata = metadataChanges(current.metadata, desired.metadata, { table, unnamed });
  const origins = withHandedOver(current.origins, { from: current.schema, to: desired.schema }, options, history);
  refuseTakenNames(options.renames, current.schema);
  const wholeOf = (): Schema => wanted(current.schema, [], options, { desired: desired.schema, origins }).schema;
  const { used, unused } = withoutUnused(options, current.schema, wholeOf, history);
  if (finding.unused !== 'left out') refuseUnused(unused);
  const { from, to } = narrow(current.schema, desired.schema);
  const sides: Sides = {
    desired: withOwnWords(to, words),
    history,
    origins,
    metadata,
    given: readFlags(used),
    loose,
    unnamed,
    ...(byHand && { byHand }),
  };
  const { schema, kept } = wanted(from, [], options, sides);
  if (metadata.length === 0 && (await isSame(from, schema)))
    return { unused, warnings: [...idle, ...remarksOn(kept, sides, { from, to: desired.schema })] };
  refuseKeysAcrossPartitions({ from, to: schema }, described.entityNames);
  const at = { shadow, unmanaged, to: schema, cache, inOtherWords: isLive, stands: finding.stands };
  const isKnown = !isLive && options.dryRun !== true && takenOver?.others === undefined;
  const next = isKnown ? once(() => after({ ...current, origins }, desired, options)) : undefined;
  return withSchemaOnShadow(from, context, at, async (made, stands) => {
    const on = { ...made, read: meanwhile(made.read, next) };
    const proven = await change(used, sides, on, { onEvent: context.onEvent, ways: finding.ways });
    const standing = { database: stands.database, schema: proven.stands };
    return { change: telling(idle, proven), next, chain: current.chain, unmanaged, stands: standing, unused };
  });
}

/** Remarks on objects that are kept as they are. */
function remarksOn(
  kept: readonly ObjectId[],
  sides: Sides,
  { from, to }: { readonly from: Schema; readonly to: Schema },
): readonly string[] {
  return [
    ...remarksOnFrozen(sides.loose.frozen),
    ...remarksOnKept(kept, sides, from),
    ...remarksOnOrder(otherwiseOrdered(to, from)),
  ];
}

function telling(remarks: readonly string[], { told, ...change }: ProvenChange): ProvenChange {
  return { ...change, told: { ...told, warnings: [...remarks, ...told.warnings] } };
}

/** Does some work after `begin` has started, and before it finishes. */
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

/** The snapshot after the change, which need not be replayed the next time. */
function after(current: Snapshot, desired: Snapshot, options: GenerateOptions): Snapshot {
  const shallStay = (id: ObjectId): boolean => staysBy(id, current.origins, options);
  const wanted = withOrderOfEnums(desired.schema, current.schema);
  const { schema } = keepUnknown(wanted, current.schema, shallStay);
  const origins = new Map(
    schema.objects.map(({ id }) => [originKey(id), originIn(current.origins, id) ?? 'generated']),
  );
  return { schema, metadata: desired.metadata, origins };
}

/** Waits for both even if one fails, so that all resources are closed before the error is reported. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}
