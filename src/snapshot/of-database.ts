import { initialSessionOf } from '../shadow/initial-session.js';
import { withLive } from '../shadow/live.js';
import type { Database } from '../shadow/shadow.js';
import { poolOf } from '../typeorm/driver.js';
import type { ObjectId } from '../schema/object-id.js';
import { unmanagedTables } from './own-tables.js';
import type { Project } from './project.js';
import { take } from './snapshot.js';
import type { Snapshot } from './snapshot.js';

/** The snapshot of the data source's database, which is connected. */
export async function ofDatabase(project: Project): Promise<Snapshot> {
  const { dataSource } = project;
  const unmanaged = unmanagedTables(dataSource, initialSessionOf(project).schema);
  return take(poolOf(dataSource) as Database, project, { unmanaged, texts: 'printed' });
}

/** The snapshot of the database at another address. */
export function ofDatabaseAt(url: string, project: Project, unmanaged: readonly ObjectId[]): Promise<Snapshot> {
  return withLive(url, (database) => take(database, project, { unmanaged, texts: 'printed' }));
}
