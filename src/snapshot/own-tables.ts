import type { DataSource } from 'typeorm';
import { tablesOf } from '../database/tables.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import type { Project } from './project.js';

/** Tables that are the tools', not the schema's. */
export function ownTables(project: Project): readonly ObjectId[] {
  const { dataSource } = project;
  const options = dataSource.options as {
    readonly metadataTableName?: string;
    readonly migrationsTableName?: string;
    readonly schema?: string;
  };
  const session = initialSessionOf(project);
  const unnamed = options.schema ?? session.schema;
  const { schema = unnamed } = tablesOf(dataSource);
  const ledger = (options.migrationsTableName ?? 'migrations').split('.').at(-1) ?? 'migrations';
  const metadata = options.metadataTableName ?? 'typeorm_metadata';
  const names = [ledger, `${ledger}_log`, `${ledger}_drafts`, `${ledger}_downs`, `${ledger}_seeds`, metadata];
  // Where a migration makes the schema that comes first, they were made before that, in the one that comes later.
  const places = [schema, unnamed, ...(session.searched.includes('public') ? ['public'] : [])];
  const all = [
    ...places.flatMap((place) => names.map((name) => objectId('table', place, name))),
    objectId('table', 'public', metadata),
  ];
  return [...new Map(all.map((id) => [keyOf(id), id])).values()];
}

/** Tables that the entities only know and do not make (`synchronize: false`). `unnamed` is where they are if they name no schema. */
export function unmanagedTables({ entityMetadatas }: DataSource, unnamed: string): readonly ObjectId[] {
  const kinds = (type: string): readonly string[] => (type === 'view' ? ['view', 'materializedView'] : ['table']);
  return entityMetadatas
    .filter(({ synchronize }) => !synchronize)
    .flatMap(({ tableType, schema = unnamed, tableName }) =>
      kinds(tableType).map((kind) => objectId(kind, schema, tableName)),
    );
}
