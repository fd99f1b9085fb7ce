import type { Instantiate, LoadedMigration } from '../files/migration.js';
import { replayOne } from '../shadow/replay.js';
import type { ConnectedShadow } from '../shadow/connected.js';
import type { Observed } from './observed.js';
import type { Observer } from './observer.js';

export type { WayBack } from '../shadow/there-and-back.js';

export interface ObservedMigration {
  readonly migration: LoadedMigration;
  /** False if it runs without a transaction. */
  readonly transactional: boolean;
  readonly statements: readonly Observed[];
  /** The error that stopped it. */
  readonly error: unknown;
}

/** Executes a migration on the shadow as a run would, and observes it. */
export async function observeMigration(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  observer: Observer,
  instantiate: Instantiate,
): Promise<ObservedMigration> {
  const seen = { transactional: true };
  let error: unknown;
  try {
    await replayOne(shadow, watched(migration, observer), instantiate, async (queryRunner, transactional) => {
      seen.transactional = transactional;
      await observer.attach(queryRunner);
    });
  } catch (failure) {
    error = failure;
  }
  return { migration, ...seen, statements: observer.take(), error };
}

function watched(migration: LoadedMigration, observer: Observer): LoadedMigration {
  return {
    ...migration,
    prepare: async (...args) => {
      const runnable = await migration.prepare(...args);
      return { ...runnable, up: (queryRunner) => observer.duringMigration(() => runnable.up(queryRunner)) };
    },
  };
}
