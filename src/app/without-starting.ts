import { withoutConnecting } from '../data-source/without-connecting.js';
import type { HeldBack } from '../data-source/without-connecting.js';
import { learnEntities } from '../typeorm/learn-entities.js';
import type { Connectable } from '../typeorm/learn-entities.js';

/** The parts of TypeORM and Nest that are held still while an app is taken apart: those of the app, which may be other copies than ours. */
export interface AppLibraries extends Pick<HeldBack<Connectable>, 'DataSource'> {
  readonly NestApplicationContext: { readonly prototype: { init(): Promise<unknown> } };
}

/**
 * While `work` makes a Nest app, its data sources learn their entities but do not connect, Nest calls no lifecycle hooks, and
 * `MigrationsModule` does nothing. What was changed for that is put back at once.
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
