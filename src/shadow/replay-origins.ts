import type { Instantiate, KnownMigration, LoadedMigration } from '../files/migration.js';
import { originBefore, originOf, Origins } from './origins.js';
import type { OriginMap } from './origins.js';
import { replayIf, replayOne } from './replay.js';
import type { ConnectedShadow } from './connected.js';

/** Executes migrations on the shadow as a run would, and records the origin of each object. */
export async function replayWithOrigins(
  shadow: ConnectedShadow,
  migrations: readonly KnownMigration[],
  instantiate: Instantiate,
): Promise<OriginMap> {
  const origins = await Origins.open(shadow.pool);
  for (const known of migrations) {
    const migration = await known.load();
    await origins.after(...(await followed(shadow, migration, instantiate, origins)));
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
  origins: Origins,
): Promise<Parameters<Origins['after']>> {
  const before = originBefore(migration);
  if (before !== undefined && !origins.mayFollow(before)) await origins.look();
  const watch = async (_queryRunner: unknown, transactional: boolean): Promise<void> => {
    if (!transactional && !origins.mayFollow(before)) await origins.look();
  };
  const stays = (statements: readonly string[]): boolean => origins.mayFollow(originOf(migration, statements));
  let statements = await replayIf(shadow, migration, instantiate, { watch, stays });
  if (statements === undefined) {
    await origins.look();
    statements = await replayOne(shadow, migration, instantiate);
  }
  return [originOf(migration, statements), statements];
}
