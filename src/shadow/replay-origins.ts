import type { Instantiate, KnownMigration, LoadedMigration } from '../files/migration.js';
import { originBefore, originOf, Origins } from './origins.js';
import type { OriginMap } from './origins.js';
import { replayIf } from './replay.js';
import type { ConnectedShadow } from './connected.js';
import type { Transcriber } from './transcriber.js';
import type { Around } from './transcript.js';

/** Executes migrations on the shadow as a run would, and records the origin of each object. */
export async function replayWithOrigins(
  shadow: ConnectedShadow,
  migrations: readonly KnownMigration[],
  instantiate: Instantiate,
  {
    transcriber,
    onEach = () => undefined,
  }: { readonly transcriber?: Transcriber | undefined; readonly onEach?: () => void } = {},
): Promise<OriginMap> {
  const origins = await Origins.open(shadow.pool);
  for (const known of migrations) {
    onEach();
    const migration = await known.load();
    const around = transcriber?.of(migration);
    await origins.after(...(await followed(shadow, migration, instantiate, { origins, around })));
  }
  return origins.finish();
}

/**
 * The origin of a migration may be known only once it is executed. If it differs from that of the earlier ones, the migration is rolled
 * back, so that their objects can be told from its own. That is cheaper than reading the whole catalog after each migration.
 */
async function followed(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  instantiate: Instantiate,
  { origins, around }: { readonly origins: Origins; readonly around: Around | undefined },
): Promise<Parameters<Origins['after']>> {
  const before = originBefore(migration);
  if (before !== undefined && !origins.mayFollow(before)) await origins.look();
  const watch = async (_queryRunner: unknown, transactional: boolean): Promise<void> => {
    if (!transactional && !origins.mayFollow(before)) await origins.look();
  };
  const stays = (statements: readonly string[]): boolean => origins.mayFollow(originOf(migration, statements));
  let statements = await replayIf(shadow, migration, instantiate, { watch, stays, around });
  if (statements === undefined) {
    await origins.look();
    statements = (await replayIf(shadow, migration, instantiate, { around })) ?? [];
  }
  return [migration, statements];
}
