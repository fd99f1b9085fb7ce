import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema, SchemaObject } from '../schema/read.js';
import type { PlanContext } from './context.js';

/** Whether the rows of the table are in partitions. */
export function isPartitioned(table: ObjectId, { from }: Pick<PlanContext, 'from'>): boolean {
  return isDivided(from.get(table));
}

function isDivided(table: SchemaObject | undefined): boolean {
  return (table?.is['partitionKey'] ?? undefined) !== undefined;
}

/**
 * The partitions that hold the rows of a table, as far as migrations create them. The server may have more, created by pg_partman or the
 * app while it runs.
 */
export function leafPartitions(table: ObjectId, { from }: Pick<PlanContext, 'from'>): readonly ObjectId[] {
  return partitionsOf(table, from).flatMap((one) => (isDivided(one) ? leafPartitions(one.id, { from }) : [one.id]));
}

/** The partition keys of the table, and of its partitions that are partitioned themselves. */
export function partitionKeysOf(table: ObjectId, { from }: Pick<PlanContext, 'from'>): readonly string[] {
  const key = from.get(table)?.is['partitionKey'];
  const below = partitionsOf(table, from).flatMap(({ id }) => partitionKeysOf(id, { from }));
  return [...new Set([...(typeof key === 'string' ? [key] : []), ...below])];
}

function partitionsOf(table: ObjectId, { objects }: Schema): readonly SchemaObject[] {
  return objects.filter(({ id, is: { parentTable, partitionBound } }) => {
    const whole = parentTable as { readonly schema?: string; readonly name?: string } | null | undefined;
    const isPartition = id.kind === 'table' && (partitionBound ?? undefined) !== undefined && whole?.name !== undefined;
    return isPartition && keyOf(objectId('table', whole.schema, whole.name ?? '')) === keyOf(table);
  });
}
