import type { SqlClient } from '../database/sql-client.js';
import { connectShadow } from '../shadow/connected.js';
import type { ConnectedShadow } from '../shadow/connected.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import { initialStateOf } from '../shadow/initial-state.js';
import { optionsKey } from '../shadow/options-key.js';
import type { Beginning } from '../shadow/replay-key.js';
import type { ShadowOptions } from '../shadow/shadow.js';
import { metadataTableOf, metadataTableSql } from '../shadow/typeorm-metadata.js';
import type { Project } from './project.js';

/** Lends a shadow on which migrations can be executed, from the first one on if nothing else is said. */
export async function withMigratableShadow<T>(
  project: Project,
  { url, initial = () => initialStateOf(project) }: Pick<ShadowOptions, 'url'> & Partial<ShadowOptions>,
  work: (shadow: ConnectedShadow) => Promise<T>,
): Promise<T> {
  const shadow = await connectShadow(project.dataSource, await initial(), { url });
  try {
    await createTypeormTable(shadow.pool, project);
    return await work(shadow);
  } finally {
    await shadow.close();
  }
}

/** Migrations that TypeORM has generated write to this table, also those of views that are gone. */
export async function createTypeormTable(database: SqlClient, project: Project): Promise<void> {
  const table = metadataTableOf(project.dataSource);
  // Another schema of the search path may be one that the first migration makes.
  const inPublic = !table.includes('.') && initialSessionOf(project).searched.includes('public');
  // Where it is to lie in a schema that the migrations make, that is not there yet.
  await database.query(metadataTableSql(inPublic ? `public.${table}` : table)).catch(() => undefined);
}

/** What replays of this data source begin with, for the keys of caches. */
export async function beginningOf(project: Project): Promise<Beginning> {
  const { dataSource } = project;
  return {
    initial: [(await initialStateOf(project)).key, metadataTableOf(dataSource), optionsKey(dataSource)],
    naming: dataSource.options.namingStrategy === undefined ? 'default' : 'own',
  };
}
