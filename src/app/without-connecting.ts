/** The parts of TypeORM and Nest that are held still while an app is taken apart. */
interface DataSourcePrototype {
  initialize(this: Connectable): Promise<Connectable>;
}

interface Connectable {
  readonly options: object;
  buildMetadatas(): Promise<void>;
}

interface ContextPrototype {
  init(): Promise<unknown>;
}

/**
 * While `work` makes a Nest app, its data sources learn their entities but do not connect, and Nest calls no lifecycle hooks.
 * Both are methods of prototypes, put back at once.
 */
export async function withoutConnecting<T>(require: NodeJS.Require, work: () => Promise<T>): Promise<T> {
  const dataSource = (require('typeorm') as { readonly DataSource: { readonly prototype: DataSourcePrototype } }).DataSource.prototype;
  const context = (require('@nestjs/core') as { readonly NestApplicationContext: { readonly prototype: ContextPrototype } }).NestApplicationContext.prototype;
  const { initialize } = dataSource;
  const { init } = context;
  const mode = process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
  dataSource.initialize = async function learnEntities() {
    const { migrations, subscribers } = this.options as { migrations?: unknown; subscribers?: unknown };
    Object.assign(this.options, { migrations: [], subscribers: [] });
    try {
      // Repositories are injected all over the app, and they need to know their entity.
      await this.buildMetadatas();
    } finally {
      Object.assign(this.options, { migrations, subscribers });
    }
    return this;
  };
  context.init = function withoutHooks() {
    return Promise.resolve(this);
  };
  process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = 'off';
  try {
    return await work();
  } finally {
    dataSource.initialize = initialize;
    context.init = init;
    if (mode === undefined) delete process.env['NEST_MIGRATE_ON_BOOTSTRAP'];
    else process.env['NEST_MIGRATE_ON_BOOTSTRAP'] = mode;
  }
}
