import { learnEntities } from '../typeorm/learn-entities.js';
import type { Connectable } from '../typeorm/learn-entities.js';

/** The parts of TypeORM and Nest that are held still while an app is taken apart: those of the app, which may be other copies than ours. */
export interface AppLibraries {
  readonly DataSource: { readonly prototype: DataSourcePrototype };
  readonly NestApplicationContext: { readonly prototype: ContextPrototype };
}

interface DataSourcePrototype {
  initialize(this: Connectable): Promise<Connectable>;
}

interface ContextPrototype {
  init(): Promise<unknown>;
}

/**
 * While `work` makes a Nest app, its data sources learn their entities but do not connect, Nest calls no lifecycle hooks, and
 * `MigrationsModule` does nothing. What was changed for that is put back at once, and the data sources can be initialised for real.
 */
export async function withoutConnecting<T>(libraries: AppLibraries, work: () => Promise<T>): Promise<T> {
  const dataSource = libraries.DataSource.prototype;
  const context = libraries.NestApplicationContext.prototype;
  const { initialize } = dataSource;
  const { init } = context;
  const mode = process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
  const learned = new Set<Connectable>();
  dataSource.initialize = async function learnOnly() {
    learned.add(this);
    await learnEntities(this);
    // Whoever asks is told that it is connected: @nestjs/typeorm and our own module would try again.
    return Object.assign(this, { isInitialized: true });
  };
  context.init = function withoutHooks() {
    return Promise.resolve(this);
  };
  process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'off';
  process.on('unhandledRejection', ignoreNotConnected);
  try {
    const result = await work();
    // A rejection that nobody handles is reported only when everything else has had its turn.
    await new Promise((turn) => setImmediate(turn));
    return result;
  } finally {
    process.off('unhandledRejection', ignoreNotConnected);
    dataSource.initialize = initialize;
    context.init = init;
    for (const one of learned) Object.assign(one, { isInitialized: false });
    if (mode === undefined) delete process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
    else process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = mode;
  }
}

/** A constructor may have sent off a query without waiting for it. That it cannot be answered here is no reason to end. */
function ignoreNotConnected(reason: unknown): void {
  if (/not connected|not established/i.test(String((reason as Error | undefined)?.message))) return;
  throw reason;
}
