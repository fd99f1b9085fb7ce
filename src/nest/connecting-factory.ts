import { DataSource } from 'typeorm';
import { Within } from '../within.js';

/** Connects a data source instead of TypeORM. */
type Connect = (dataSource: DataSource) => Promise<void>;

const factories = new Within<Connect | undefined>();
let running = 0;
let ofTypeorm = DataSource.prototype.initialize;

/**
 * Runs a factory of the app, in which `initialize()` calls `connect`. TypeORM itself would not wait for a server that is still starting, and
 * would synchronize, drop the schema or run migrations before the options are checked. Data sources elsewhere in the process are not affected.
 */
export async function connectingWith<T>(connect: Connect, factory: () => Promise<T>): Promise<T> {
  if (running++ === 0) replaceInitialize();
  try {
    return await factories.run(connect, factory);
  } finally {
    if (--running === 0) DataSource.prototype.initialize = ofTypeorm;
  }
}

function replaceInitialize(): void {
  const { prototype } = DataSource;
  const initialize = (ofTypeorm = prototype.initialize);
  prototype.initialize = async function replaced() {
    const connect = factories.current;
    if (connect === undefined || this.isInitialized) return initialize.call(this);
    // To connect, `initialize` is called again.
    await factories.run(undefined, () => connect(this));
    return this;
  };
}
