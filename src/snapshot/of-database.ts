import { stampSql } from '../schema/catalog-stamp.js';
import type { ObjectId } from '../schema/object-id.js';
import { hashOf } from '../shadow/cache.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import { withLive } from '../shadow/live.js';
import type { Database } from '../shadow/shadow.js';
import { typeormMetadataRows } from '../shadow/typeorm-metadata.js';
import { poolOf } from '../typeorm/driver.js';
import { cacheFor } from './cache-for.js';
import { unmanagedTables } from './own-tables.js';
import type { Project } from './project.js';
import { leftOut, restored, storedOf, take } from './snapshot.js';
import type { Snapshot, StoredSnapshot } from './snapshot.js';

/** The snapshot of the data source's database, which is connected. */
export async function ofDatabase(project: Project): Promise<Snapshot> {
  return take(databaseOf(project), project, { unmanaged: unmanagedIn(project), texts: 'printed' });
}

/** The same, read only if the catalog has changed since it was last read. */
export async function ofDatabaseCached(project: Project): Promise<Snapshot> {
  const cache = cacheFor({});
  const key = await keyOf(project);
  const known = await cache.get<StoredSnapshot>(key);
  if (known)
    return { ...restored(known), metadata: await typeormMetadataRows(databaseOf(project), project.dataSource) };
  const snapshot = await ofDatabase(project);
  // Otherwise, another process has changed it in the meantime, and it is not known what was read.
  if ((await keyOf(project)) === key) await cache.set(key, storedOf(snapshot));
  return snapshot;
}

/** The snapshot of the database at another address. */
export function ofDatabaseAt(url: string, project: Project, unmanaged: readonly ObjectId[]): Promise<Snapshot> {
  return withLive(url, (database) => take(database, project, { unmanaged, texts: 'printed' }));
}

async function keyOf(project: Project): Promise<string> {
  const { rows } = await databaseOf(project).query(stampSql);
  return `database ${hashOf([String(rows[0]?.['stamp']), ...leftOut(project, unmanagedIn(project))])}`;
}

function databaseOf({ dataSource }: Project): Database {
  return poolOf(dataSource) as Database;
}

function unmanagedIn(project: Project): readonly ObjectId[] {
  return unmanagedTables(project.dataSource, initialSessionOf(project).schema);
}
