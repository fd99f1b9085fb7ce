import type { DataSource } from 'typeorm';
import { dataSourceLike } from '../data-source/elsewhere.js';
import { poolOf } from '../typeorm/driver.js';
import { schemaOptionsOf } from './data-source-options.js';
import { Given } from './given.js';
import type { InitialState } from './initial-state.js';
import { makeInitialState } from './make-initial-state.js';
import { notSetUp } from './not-set-up.js';
import type { Place } from './place.js';
import { findPlace } from './shadow.js';
import type { Database, PlaceOptions } from './shadow.js';

/** A shadow with a TypeORM connection, initially in its initial state: for the data source's migrations or entities. */
export interface ConnectedShadow {
  /** A data source with the options of the real one, connected to the shadow. */
  readonly dataSource: DataSource;
  readonly pool: Database;
  /** Resets a session to its initial settings. */
  readonly resetSession: string;
  /** Why extensions that TypeORM would install are missing. */
  readonly missing: readonly string[];
  readonly given: Given;
  /** Whether generated migrations find extensions that TypeORM installed only as long as an entity needed them. */
  readonly lendsExtensions?: boolean;
  /** The statements of the migrations that were replayed on it; absent if its schema was not made by them. */
  readonly replayed?: string[];
  close(): Promise<void>;
}

export async function connectShadow(
  source: DataSource,
  initial: InitialState,
  options: Omit<PlaceOptions, 'initial'>,
): Promise<ConnectedShadow> {
  const place = await findPlace({ ...options, initial });
  const dataSource = dataSourceLike(source, { ...schemaOptionsOf(source), ...place.connection });
  const pool = place.openPool();
  pool.on('error', () => undefined);
  const endPool = (): Promise<void> => pool.end().catch(() => undefined);
  try {
    const missing = await makeInitialState(pool, initial, place.resetSession);
    // Not earlier, because TypeORM reads the current schema when it connects.
    await dataSource.initialize();
    await endPool();
    await giveNames(dataSource, source);
    const { resetSession } = place;
    return {
      dataSource,
      pool: poolOf(dataSource) as Database,
      resetSession,
      missing,
      given: new Given(initial),
      lendsExtensions: initial.isCopy !== true && installs(source),
      replayed: [],
      close: () => close(dataSource, place),
    };
  } catch (error) {
    // Before its database is dropped, which waits for open connections.
    await endPool();
    await close(dataSource, place);
    throw await notSetUp(error, dataSource);
  }
}

function installs({ options }: DataSource): boolean {
  return (options as { readonly installExtensions?: boolean }).installExtensions !== false;
}

/** Migrations may read the names of their database and their user from the options. */
async function giveNames(dataSource: DataSource, { options }: DataSource): Promise<void> {
  const named = options as { readonly database?: unknown; readonly username?: unknown };
  if (named.database === undefined && named.username === undefined) return;
  const [row] = await dataSource.query<readonly { readonly database: string; readonly username: string }[]>(
    'SELECT current_database() AS database, current_user AS username',
  );
  if (named.database !== undefined) Object.assign(dataSource.options, { database: row?.database });
  if (named.username !== undefined) Object.assign(dataSource.options, { username: row?.username });
}

async function close(dataSource: DataSource, place: Place): Promise<void> {
  if (dataSource.isInitialized) await dataSource.destroy().catch(() => undefined);
  await place.remove();
}
