import type { DataSource, EntityMetadata } from 'typeorm';
import { managed, schemaOf } from './entity-names.js';

type ColumnMetadata = EntityMetadata['columns'][number];

/** A unique constraint that a foreign key of the entities needs, and that no entity declares. */
export interface UndeclaredKey {
  /** Undefined if the search path decides. */
  readonly schema: string | undefined;
  readonly table: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** The relation that needs it: `Identity.user`. */
  readonly by: string;
  /** Where it could be declared: `User.ulid`. */
  readonly where: string;
}

/**
 * PostgreSQL creates a foreign key only to columns that are unique. TypeORM does not require that an entity says so, because it compares
 * only names with a database in which a migration has created both. The missing keys are added to the entities, and returned.
 */
export function declareKeys(dataSource: DataSource): readonly UndeclaredKey[] {
  const found: UndeclaredKey[] = [];
  for (const metadata of managed(dataSource, 'managed')) {
    for (const { referencedEntityMetadata, referencedColumns, columns } of metadata.foreignKeys) {
      const target = ofTable(dataSource, referencedEntityMetadata);
      if (isKey(target, referencedColumns)) continue;
      const names = namesOf(referencedColumns);
      const name = dataSource.namingStrategy.uniqueConstraintName(target.tableName, [...names]);
      (target.uniques as object[]).push({ name, columns: referencedColumns });
      if (!target.synchronize) continue;
      const relation = columns[0]?.relationMetadata?.propertyPath ?? namesOf(columns).join(', ');
      found.push({
        schema: schemaOf(dataSource, target),
        table: target.tableName,
        name,
        columns: names,
        by: `${metadata.name}.${relation}`,
        where: `${target.name}.${referencedColumns.map(({ propertyPath }) => propertyPath).join(', ')}`,
      });
    }
  }
  return found;
}

/** The children of a single-table inheritance have the table of their parent. */
function ofTable(dataSource: DataSource, metadata: EntityMetadata): EntityMetadata {
  if (metadata.tableType !== 'entity-child') return metadata;
  const isParent = ({ tableType, tablePath }: EntityMetadata): boolean =>
    tableType !== 'entity-child' && tablePath === metadata.tablePath;
  return dataSource.entityMetadatas.find(isParent) ?? metadata;
}

function isKey({ primaryColumns, uniques, indices }: EntityMetadata, columns: readonly ColumnMetadata[]): boolean {
  const keys = [
    primaryColumns,
    ...uniques.map((unique) => unique.columns),
    ...indices.filter(({ isUnique, where }) => isUnique && !where).map((index) => index.columns),
  ];
  const wanted = setOf(columns);
  return keys.some((key) => setOf(key) === wanted);
}

function setOf(columns: readonly ColumnMetadata[]): string {
  return JSON.stringify(namesOf(columns).toSorted());
}

function namesOf(columns: readonly ColumnMetadata[]): readonly string[] {
  return columns.map(({ databaseName }) => databaseName);
}
