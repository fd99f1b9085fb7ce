import { expectRejections } from '../rejections.js';

/** What `MigrationsModule` reads before its own option. */
const onBootstrap = 'NEST_MIGRATE_ON_BOOTSTRAP';

/** The copy of TypeORM whose data sources do not connect, and what they do instead. */
export interface HeldBack<DataSource> {
  readonly DataSource: { readonly prototype: { initialize(this: DataSource): Promise<DataSource> } };
  instead(dataSource: DataSource): Promise<void>;
}

/**
 * While `work` runs, `initialize` does not connect, and so neither runs migrations nor synchronizes, and `MigrationsModule` does nothing: the
 * file of a data source may create the app, to read its configuration. Everything is restored at once, so that the data sources can be
 * initialised afterwards.
 */
export async function withoutConnecting<T, DataSource extends object>(
  { DataSource, instead }: HeldBack<DataSource>,
  work: () => Promise<T>,
): Promise<T> {
  const { prototype } = DataSource;
  const { initialize } = prototype;
  const held = new Set<DataSource>();
  let isOver = false;
  prototype.initialize = async function heldBack() {
    // A file may keep it, to add something of its own: dataSource.initialize.bind(dataSource).
    if (isOver) return initialize.call(this);
    held.add(this);
    await instead(this);
    // The data source claims to be connected, because @nestjs/typeorm and our own module would otherwise retry.
    return Object.assign(this, { isInitialized: true });
  };
  const stopExpecting = expectRejections(isNotConnected);
  const mode = process.env[onBootstrap];
  process.env[onBootstrap] = 'off';
  try {
    const result = await work();
    // An unhandled rejection is reported only after everything else has had its turn.
    await new Promise((turn) => setImmediate(turn));
    return result;
  } finally {
    stopExpecting();
    isOver = true;
    prototype.initialize = initialize;
    if (mode === undefined) delete process.env[onBootstrap];
    else process.env[onBootstrap] = mode;
    for (const one of held) Object.assign(one, { isInitialized: false });
  }
}

/** A query may have been sent without awaiting it. That it cannot be answered here must not end the process. */
function isNotConnected(reason: unknown): boolean {
  return /not connected|not established/i.test(String((reason as Error | undefined)?.message));
}
