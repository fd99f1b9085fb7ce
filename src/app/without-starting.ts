import { withoutConnecting } from '../data-source/without-connecting.js';
import type { HeldBack } from '../data-source/without-connecting.js';
import { learnEntities } from '../typeorm/learn-entities.js';
import type { Connectable } from '../typeorm/learn-entities.js';

/** The parts of TypeORM and Nest that are disabled while an app is loaded. They are the app's copies, which may differ from ours. */
export interface AppLibraries extends Pick<HeldBack<Connectable>, 'DataSource'> {
  readonly NestApplicationContext: { readonly prototype: { init(): Promise<unknown> } };
}

/**
 * While `work` creates a Nest app, data sources learn their entities but do not connect, `MigrationsModule` does nothing, and Nest calls no
 * lifecycle hooks. Afterwards, everything that was changed is restored at once.
 */
export async function withoutStarting<T>(libraries: AppLibraries, work: () => Promise<T>): Promise<T> {
  const context = libraries.NestApplicationContext.prototype;
  const { init } = context;
  context.init = function withoutHooks() {
    return Promise.resolve(this);
  };
  try {
    return await withoutConnecting({ DataSource: libraries.DataSource, instead: learnEntities }, work);
  } finally {
    context.init = init;
  }
}

/** Lets a data source of the app's copy of TypeORM learn its entities. */
export function learn(dataSource: object): Promise<void> {
  return learnEntities(dataSource as Connectable);
}
