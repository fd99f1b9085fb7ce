import { createLedgerTable } from '../database/ledger.js';
import type { SqlClient } from '../database/sql-client.js';
import { tablesOf } from '../database/tables.js';
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
    await createLedger(shadow.pool, project);
    return await work(shadow);
  } finally {
    await shadow.close();
  }
}

/** Migrations that TypeORM has generated write to this table, also those of views that are gone. */
export async function createTypeormTable(database: SqlClient, project: Project): Promise<void> {
  const table = metadataTableOf(project.dataSource);
  // Where it is to lie in a schema that the migrations make, that is not there yet.
  await database.query(metadataTableSql(placed(table, project))).catch(() => undefined);
}

/** Migrations may look up in it what was applied before, or put it right: a run has made it before the first one. */
export async function createLedger(database: SqlClient, project: Project): Promise<void> {
  const { ledger, primaryKey } = tablesOf(project.dataSource);
  // Where it is to lie in a schema that a copy of a live database gets later, it is made after that.
  await database.query(createLedgerTable({ ledger: placed(ledger, project), primaryKey })).catch(() => undefined);
}

/** Another schema of the search path may be one that the first migration makes. */
function placed(table: string, project: Project): string {
  const inPublic = !table.includes('.') && initialSessionOf(project).searched.includes('public');
  return inPublic ? `public.${table}` : table;
}

/** What replays of this data source begin with, for the keys of caches. */
export async function beginningOf(project: Project): Promise<Beginning> {
  const { dataSource } = project;
  return {
    initial: [
      (await initialStateOf(project)).key,
      metadataTableOf(dataSource),
      tablesOf(dataSource).ledger,
      optionsKey(dataSource),
    ],
    naming: dataSource.options.namingStrategy === undefined ? 'default' : 'own',
  };
}
