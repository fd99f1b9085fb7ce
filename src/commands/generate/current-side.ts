import { listMigrations } from '../../files/list.js';
import type { KnownMigration } from '../../files/migration.js';
import { resolveMigrations } from '../../files/resolve.js';
import type { ObjectId } from '../../schema/object-id.js';
import { hashOf } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { withLive } from '../../shadow/live.js';
import type { OriginMap } from '../../shadow/origins.js';
import { chainOf, executing, keyWith, wholeKey } from '../../shadow/replay-key.js';
import type { Chain, MigrationText } from '../../shadow/replay-key.js';
import { replayWithOrigins } from '../../shadow/replay-origins.js';
import type { CommandContext } from '../context.js';
import type { GenerateOptions } from './contract.js';
import { beginningOf, withEmptyShadow } from './on-shadow.js';
import { leftOut, restored, sideOf, storedOf } from './side.js';
import type { Side, StoredSide } from './side.js';

export interface CurrentSide extends Side {
  /** Who made what, by the key of the object. */
  readonly origins: OriginMap;
  /** The migrations that lead there, where that is sure. */
  readonly chain?: Chain;
}

interface StoredCurrent extends StoredSide {
  readonly origins: OriginMap;
}

interface Replaying {
  readonly url: string | undefined;
  readonly cache: SchemaCache;
  /** Tables to leave out. */
  readonly unmanaged: readonly ObjectId[];
}

/** Where it begins: what the migrations lead to on an empty database, or what a live one has. */
export async function currentSide(
  context: CommandContext,
  { shadow: url, from }: Pick<GenerateOptions, 'shadow' | 'from'>,
  cache: SchemaCache,
  unmanaged: readonly ObjectId[],
): Promise<CurrentSide> {
  // Who made what is not known of a live database.
  if (from !== undefined)
    return {
      ...(await withLive(from, (pool) => sideOf(pool, context, { unmanaged, texts: 'printed' }))),
      origins: new Map(),
    };
  const migrations = await resolveMigrations(await listMigrations(context.migrations));
  return replayedSide(migrations, context, { url, cache, unmanaged });
}

/** What these migrations lead to on an empty database, as it was read before where the texts are the same. */
export async function replayedSide(
  migrations: readonly KnownMigration[],
  context: CommandContext,
  replaying: Replaying,
): Promise<CurrentSide> {
  const { cache, unmanaged } = replaying;
  const chain = chainOf(migrations, await beginningOf(context));
  const key = keyOfSide(wholeKey(chain), context, unmanaged);
  const known = key === undefined ? undefined : await cache.get<StoredCurrent>(key);
  if (known) return { ...restored(known), origins: known.origins, chain };
  const { value: side, isSure } = await executing([chain], () => replayed(migrations, context, replaying));
  if (!isSure) return side;
  if (key !== undefined) await cache.set(key, { ...storedOf(side), origins: side.origins });
  return { ...side, chain };
}

function replayed(
  migrations: readonly KnownMigration[],
  context: CommandContext,
  { url, unmanaged }: Replaying,
): Promise<CurrentSide> {
  return withEmptyShadow(context, { url }, async (shadow) => {
    const origins = await replayWithOrigins(shadow, migrations, context.instantiate);
    return { ...(await sideOf(shadow.pool, context, { unmanaged, texts: 'settled' })), origins };
  });
}

/** Where the migrations of a chain lead together with the ones that were just proven to come after them. */
interface Proven {
  readonly chain: Chain;
  readonly written: readonly MigrationText[];
  readonly side: CurrentSide;
}

/**
 * After generating, it is known where the migrations lead, and they need not be replayed the next time. It is kept under the texts that
 * were replayed and proven: what the data source finds when it is asked now may be something else.
 */
export async function rememberProven(
  { chain, written, side }: Proven,
  context: CommandContext,
  { cache, unmanaged }: Pick<Replaying, 'cache' | 'unmanaged'>,
): Promise<void> {
  const key = keyOfSide(keyWith(chain, written), context, unmanaged);
  if (key !== undefined) await cache.set(key, { ...storedOf(side), origins: side.origins });
}

/** What is left out of a side is not part of what was replayed, but of what was read. */
function keyOfSide(
  replayed: string | undefined,
  context: CommandContext,
  unmanaged: readonly ObjectId[],
): string | undefined {
  return replayed && `side ${hashOf([replayed, ...leftOut(context, unmanaged)])}`;
}
