import type { DataSource } from 'typeorm';
import { keyOf, objectId } from '../schema/object-id.js';

/** The primary keys and unique constraints whose names the entities give, by key. A naming strategy names all others. */
export function givenKeys({ entityMetadatas, namingStrategy }: DataSource, unnamed: string): ReadonlySet<string> {
  return new Set(
    entityMetadatas.flatMap((metadata) => {
      const { tableName, primaryColumns, uniques } = metadata;
      const schema = metadata.schema || unnamed;
      const ofPrimary = primaryColumns.flatMap(({ primaryKeyConstraintName }) => primaryKeyConstraintName ?? []);
      // That of a one-to-one relation is passed as if it were given.
      const ofUnique = uniques.flatMap(({ name, givenName, columns }) => {
        const names = columns.map(({ databaseName }) => databaseName);
        return givenName === undefined || name === namingStrategy.relationConstraintName(tableName, names)
          ? []
          : [name];
      });
      return [...ofPrimary, ...ofUnique].map((name) => keyOf(objectId('constraint', schema, name, tableName)));
    }),
  );
}
