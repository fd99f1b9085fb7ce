import type { DataSource } from 'typeorm';
import { tablesOf } from '../database/tables.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import { namesIn } from '../typeorm/options.js';
import type { Project } from './project.js';

/** Tables that are the tools', not the schema's. */
export function ownTables(project: Project): readonly ObjectId[] {
  const { dataSource } = project;
  const named = namesIn(dataSource);
  const session = initialSessionOf(project);
  const unnamed = named.schema ?? session.schema;
  const { schema = unnamed } = tablesOf(dataSource);
  const ledger = named.ledger.split('.').at(-1) ?? named.ledger;
  const names = [ledger, `${ledger}_log`, `${ledger}_drafts`, `${ledger}_downs`, `${ledger}_seeds`, named.metadata];
  // Where a migration makes the schema that comes first, they were made before that, in the one that comes later.
  const places = [schema, unnamed, ...(session.searched.includes('public') ? ['public'] : [])];
  const all = [
    ...places.flatMap((place) => names.map((name) => objectId('table', place, name))),
    objectId('table', 'public', named.metadata),
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
