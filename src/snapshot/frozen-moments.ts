import type { DataSource } from 'typeorm';
import { describeObject, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';

/** A default that looks like the time of each row, but is the moment at which the server parsed it. */
export interface FrozenMoment {
  /** Of the default. */
  readonly id: ObjectId;
  readonly text: string;
}

/** https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-DATETIME-SPECIAL-VALUES */
const moments = /^(?:now|today|tomorrow|yesterday)(?:\(\))?$/i;

/** TypeORM writes a string default as an SQL string, even if it was meant as a function. */
export function frozenMoments({ entityMetadatas }: DataSource, unnamed: string): readonly FrozenMoment[] {
  return entityMetadatas.flatMap(({ schema = unnamed, tableName, columns }) =>
    columns.flatMap(({ databaseName, default: text, type }): readonly FrozenMoment[] => {
      const isTime = type === Date || /^(?:timestamp|date|time)/.test(String(type));
      return isTime && typeof text === 'string' && moments.test(text.trim())
        ? [{ id: objectId('default', schema, databaseName, tableName), text: text.trim() }]
        : [];
    }),
  );
}

export function remarksOnFrozen(frozen: readonly FrozenMoment[]): readonly string[] {
  return frozen.map(
    ({ id, text }) =>
      `The ${describeObject(id)} is the string '${text}', which PostgreSQL turns into the moment at which it reads it: all rows get that one. For the time of each row, write default: () => 'now()'.`,
  );
}
