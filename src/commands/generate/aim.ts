import { followInitial } from '../../schema/follow.js';
import { keepUnknown } from '../../schema/keep.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { withPresentNames } from '../../schema/present-names.js';
import type { Schema } from '../../schema/read.js';
import { setAside } from '../../schema/set-aside.js';
import type { SchemaCache } from '../../shadow/cache.js';
import type { Shadow } from '../../shadow/shadow.js';
import type { Described } from '../../snapshot/described.js';
import type { Initial } from '../../snapshot/initial.js';
import { withPresentDefaults, withSameDefaults } from '../../snapshot/same-defaults.js';
import type { Snapshot } from '../../snapshot/snapshot.js';
import { asMigrationsSay } from '../../snapshot/unsaid.js';
import type { CommandContext } from '../context.js';
import { foreignTo, ignoring, isLeftAlone, remarksOnIdle } from '../ignore.js';
import type { GenerateOptions } from './types.js';

/** What a baseline knows about the database that it takes over. */
export interface TakenOver {
  readonly live: Schema;
  /** Objects to include that the entities do not describe. */
  readonly others: Schema | undefined;
}

/** The input for the target of a change. */
export interface Aiming {
  readonly described: Described;
  readonly initial: Initial;
  readonly entities: Snapshot;
  readonly current: Snapshot;
  /** Whether `current` is a live database, which may contain objects of other programs. */
  readonly isLive: boolean;
  readonly takenOver: TakenOver | undefined;
  readonly shadow: Shadow;
  readonly cache: SchemaCache;
}

/** The target of a change. */
export interface Aim {
  readonly desired: Snapshot;
  /** Whether an object that a baseline takes over is not described by any entity. */
  readonly byHand?: (id: ObjectId) => boolean;
  /** Warnings about settings that name nothing. */
  readonly idle: readonly string[];
}

/** The schema that the entities describe, with the objects that are kept as they are. */
export async function aimOf(aiming: Aiming, options: GenerateOptions, context: CommandContext): Promise<Aim> {
  const { described, initial, entities, current, takenOver, shadow, cache } = aiming;
  // A new database gets the names, and the moments in defaults, of the one that is taken over.
  const present = takenOver?.live ?? current.schema;
  const known = asMigrationsSay(entities.schema, present, described, context.onEvent);
  const idle = idleIn([known, current.schema, takenOver?.live], aiming, options, context);
  const own = withoutIgnored(followInitial(known, current.schema, initial), aiming, options, context);
  const isGiven = (id: ObjectId): boolean => described.givenKeys.has(keyOf(id));
  const named = withPresentNames(withPresentDefaults(present, own, described.loose), present, isGiven);
  const { whole, byHand } = beside(named, takenOver?.others);
  const schema = await withSameDefaults(current.schema, whole, { shadow, cache, loose: described.loose });
  return { desired: { ...entities, schema }, ...(byHand && { byHand }), idle };
}

/** Adds the objects that a baseline takes over. */
function beside(described: Schema, others: Schema | undefined): { readonly whole: Schema } & Pick<Aim, 'byHand'> {
  if (others === undefined) return { whole: described };
  const byHand = (id: ObjectId): boolean => others.has(id) && !described.has(id);
  return { whole: keepUnknown(described, others, () => true).schema, byHand };
}

/** Ignored objects are neither created, changed nor dropped. Objects of other programs occur in a live database only. */
function withoutIgnored(
  described: Schema,
  { current, isLive }: Aiming,
  { ignore = [] }: GenerateOptions,
  { settings }: CommandContext,
): Schema {
  const isForeign = isLive ? foreignTo(described) : (): boolean => false;
  return setAside(described, current.schema, isLeftAlone(ignoring(settings.ignore, ignore), isForeign));
}

/** A pattern in the settings may refer to objects that exist only in a database in use. */
function idleIn(
  schemas: readonly (Schema | undefined)[],
  { isLive }: Aiming,
  { ignore = [] }: GenerateOptions,
  { settings }: CommandContext,
): readonly string[] {
  const known = schemas.filter((schema) => schema !== undefined);
  return remarksOnIdle(ignoring(isLive ? settings.ignore : [], ignore), known);
}
