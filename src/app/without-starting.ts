import { withoutConnecting } from '../data-source/without-connecting.js';
import type { HeldBack } from '../data-source/without-connecting.js';
import { learnEntities } from '../typeorm/learn-entities.js';
import type { Connectable } from '../typeorm/learn-entities.js';

/** The parts of TypeORM and Nest that are disabled while an app is loaded. They are the app's copies, which may differ from ours. */
export interface AppLibraries extends Pick<HeldBack<Connectable>, 'DataSource'> {
  readonly NestApplicationContext: { readonly prototype: { init(): Promise<unknown> } };
}

/**
 * While `work` creates a Nest app, data sources learn their entities but do not connect, Nest calls no lifecycle hooks, and
 * `MigrationsModule` does nothing. Afterwards, everything that was changed is restored at once.
 */
export async function withoutStarting<T>(libraries: AppLibraries, work: () => Promise<T>): Promise<T> {
  const context = libraries.NestApplicationContext.prototype;
  const { init } = context;
  const mode = process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
  context.init = function withoutHooks() {
    return Promise.resolve(this);
  };
  process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'off';
  try {
    return await withoutConnecting({ DataSource: libraries.DataSource, instead: learnEntities }, work);
  } finally {
    context.init = init;
    if (mode === undefined) delete process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
    else process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = mode;
  }
}
