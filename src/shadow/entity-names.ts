import type { ColumnType, DataSource, EntityMetadata } from 'typeorm';
import { quoteName } from '../sql/index.js';
import { defaultSchemaOf } from '../typeorm/driver.js';
import type { Which } from '../typeorm/schema-builder.js';

/** The entities that have a table or a view of their own; children of a single-table inheritance live in their parent's. */
export function managed(dataSource: DataSource, which: Which): readonly EntityMetadata[] {
  return dataSource.entityMetadatas.filter(
    (metadata) => metadata.tableType !== 'entity-child' && metadata.synchronize === (which === 'managed'),
  );
}

/** The schema of its table; `undefined` if the search path decides. */
export function schemaOf(dataSource: DataSource, metadata: EntityMetadata): string | undefined {
  return metadata.schema || defaultSchemaOf(dataSource);
}

/** `Post (table "public"."post")`, as far as a statement of the schema builder tells whom it is about. */
export function describeAt(dataSource: DataSource, sql: string): string {
  const found = [...managed(dataSource, 'managed'), ...managed(dataSource, 'unmanaged')]
    .map((metadata) => ({ metadata, at: mentionedAt(dataSource, metadata, sql) }))
    .filter(({ at }) => at !== -1)
    .sort((one, other) => one.at - other.at || other.metadata.tableName.length - one.metadata.tableName.length)[0];
  if (found === undefined) return 'What the entities describe';
  const { metadata } = found;
  const kind = metadata.tableType === 'view' ? 'view' : 'table';
  return `Entity ${metadata.name} (${kind} ${metadata.tablePath})`;
}

/** The first position at which a statement names the table of an entity, or the type of one of its enum columns. */
function mentionedAt(dataSource: DataSource, metadata: EntityMetadata, sql: string): number {
  const names = [metadata.tableName, ...enumColumns(metadata).map((column) => enumNameOf(metadata, column))];
  const schema = schemaOf(dataSource, metadata) ?? 'public';
  const places = names
    .flatMap((name) => [sql.indexOf(` ${quoteName(name)}`), sql.indexOf(` ${quoteName(schema)}.${quoteName(name)}`)])
    .filter((at) => at !== -1);
  return places.length === 0 ? -1 : Math.min(...places);
}

export interface EnumColumn {
  readonly propertyPath: string;
  readonly databaseName: string;
  readonly type: ColumnType;
  readonly enumName?: string | undefined;
  readonly enum?: readonly (string | number)[] | undefined;
  readonly default?: unknown;
}

export function enumColumns(metadata: EntityMetadata): readonly EnumColumn[] {
  return metadata.columns.filter(
    ({ type, isVirtualProperty }) => (type === 'enum' || type === 'simple-enum') && !isVirtualProperty,
  );
}

/** The name that the schema builder uses. */
export function enumNameOf(metadata: EntityMetadata, column: EnumColumn): string {
  return column.enumName ?? `${metadata.tableName}_${column.databaseName.toLowerCase()}_enum`;
}
