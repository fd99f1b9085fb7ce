import type { DataSource } from 'typeorm';
import { historyOf } from '../decorators.js';
import { columnPath, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';

interface Renamed {
  readonly from: ObjectId;
  readonly to: ObjectId;
}

/** The history recorded in the entities, with database names. */
export interface History {
  readonly renames: readonly Renamed[];
  readonly backfills: ReadonlyMap<string, string>;
}

export function readHistory(dataSource: DataSource, unnamed: string): History {
  const renames: Renamed[] = [];
  const backfills = new Map<string, string>();
  for (const metadata of dataSource.entityMetadatas) {
    const history = historyOf(metadata.target);
    if (history === undefined) continue;
    const { schema = unnamed, tableName } = metadata;
    const table = objectId('table', schema, tableName);
    if (history.table !== undefined) renames.push({ from: objectId('table', schema, history.table), to: table });
    for (const { propertyName, databaseName } of metadata.columns) {
      const to = objectId('column', schema, databaseName, tableName);
      const before = history.columns.get(propertyName);
      if (before !== undefined) renames.push({ from: objectId('column', schema, before, tableName), to });
      const expression = history.backfills.get(propertyName);
      if (expression !== undefined) backfills.set(columnPath(to), expression);
    }
  }
  return { renames, backfills };
}
