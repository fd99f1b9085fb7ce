import { countStage } from '../events.js';
import { listMigrations } from '../files/list-migrations.js';
import type { KnownMigration } from '../files/migration.js';
import { resolveMigrations } from '../files/resolve.js';
import type { ObjectId } from '../schema/object-id.js';
import { hashOf } from '../shadow/cache.js';
import type { SchemaCache } from '../shadow/cache.js';
import type { ConnectedShadow } from '../shadow/connected.js';
import { chainOf, executing, keyWith, wholeKey } from '../shadow/replay-key.js';
import type { Chain, MigrationText } from '../shadow/replay-key.js';
import { initialStateOf } from '../shadow/initial-state.js';
import { replayWithOrigins } from '../shadow/replay-origins.js';
import { Transcriber } from '../shadow/transcriber.js';
import type { Transcripts } from '../shadow/transcriber.js';
import { beginningOf, withMigratableShadow } from './migratable-shadow.js';
import type { Project } from './project.js';
import { rememberTranscripts, retoldChain } from './retold.js';
import { leftOut, restored, storedOf, take } from './snapshot.js';
import type { Snapshot, StoredSnapshot } from './snapshot.js';

/** The migrations that produce the schema, if they are certain. */
export interface Current extends Snapshot {
  readonly chain?: Chain | undefined;
}

export interface Replaying {
  /** A server to replay on, instead of in the process. */
  readonly url: string | undefined;
  readonly cache: SchemaCache;
  /** Tables to leave out. */
  readonly unmanaged: readonly ObjectId[];
  /** Is waited for before anything is replayed. */
  readonly makeRoom?: () => Promise<void>;
}

/** The schema that the data source's migrations produce on an empty database. */
export async function ofMigrations(project: Project, replaying: Replaying): Promise<Current> {
  return ofTheseMigrations(await resolveMigrations(await listMigrations(project)), project, replaying);
}

/** The schema that these migrations produce, from the cache if their texts are the same. */
export async function ofTheseMigrations(
  migrations: readonly KnownMigration[],
  project: Project,
  replaying: Replaying,
): Promise<Current> {
  const { cache, unmanaged } = replaying;
  const chain = chainOf(migrations, await beginningOf(project));
  const key = keyOfSnapshot(wholeKey(chain), project, unmanaged);
  const known = key === undefined ? undefined : await cache.get<StoredSnapshot>(key);
  if (known) return { ...restored(known), chain };
  const { value: made, isSure } = await executing([chain], () => onShadow(chain, project, replaying));
  const { transcripts, ...current } = made;
  if (transcripts === undefined) return current;
  if (!isSure) return { ...current, chain: undefined };
  await rememberTranscripts(chain, transcripts, cache);
  const after = keyOfSnapshot(wholeKey(current.chain), project, unmanaged);
  if (after !== undefined) await cache.set(after, storedOf(current));
  return current;
}

interface Made extends Snapshot {
  readonly chain: Chain;
  /** New ones; undefined if nothing was replayed. */
  readonly transcripts?: Transcripts;
}

async function onShadow(chain: Chain, project: Project, replaying: Replaying): Promise<Made> {
  const { url, unmanaged, makeRoom } = replaying;
  await makeRoom?.();
  const initial = await initialStateOf(project);
  return withMigratableShadow(project, { url, initial: () => initial }, async (shadow) => {
    const isCertain = wholeKey(chain) !== undefined;
    const known = isCertain ? undefined : await retold(shadow, chain, project, replaying);
    if (known) return known;
    const transcriber = isCertain ? undefined : new Transcriber(chain, initial);
    const onEach = countStage(project.onEvent, 'replaying the migrations', chain.migrations.length);
    const origins = await replayWithOrigins(shadow, chain.migrations, project.instantiate, { transcriber, onEach });
    const snapshot = await take(shadow.pool, project, { unmanaged, texts: 'settled' });
    return { ...snapshot, origins, ...(transcriber?.finish() ?? { chain, transcripts: new Map() }) };
  });
}

/** From the cache, if migrations whose texts leave doubt send the same as before. */
async function retold(
  shadow: ConnectedShadow,
  chain: Chain,
  project: Project,
  { cache, unmanaged }: Replaying,
): Promise<Made | undefined> {
  const longer = await retoldChain(shadow, chain, project, cache);
  const key = keyOfSnapshot(wholeKey(longer), project, unmanaged);
  const known = key === undefined ? undefined : await cache.get<StoredSnapshot>(key);
  return known && { ...restored(known), chain: longer };
}

/** The schema that a chain of migrations produces together with the newly proven ones. */
interface Proven {
  readonly chain: Chain;
  readonly written: readonly MigrationText[];
  readonly snapshot: Snapshot;
}

/**
 * After generating, it is known where the migrations lead, and they need not be replayed the next time. It is kept under the texts that
 * were replayed and proven: what the data source finds when it is asked now may be something else.
 */
export async function rememberProven(
  { chain, written, snapshot }: Proven,
  project: Project,
  { cache, unmanaged }: Pick<Replaying, 'cache' | 'unmanaged'>,
): Promise<void> {
  const key = keyOfSnapshot(keyWith(chain, written), project, unmanaged);
  if (key !== undefined) await cache.set(key, storedOf(snapshot));
}

/** What is left out of a snapshot is not part of what was replayed, but of what was read. */
function keyOfSnapshot(
  replayed: string | undefined,
  project: Project,
  unmanaged: readonly ObjectId[],
): string | undefined {
  return replayed && `snapshot ${hashOf([replayed, ...leftOut(project, unmanaged)])}`;
}
