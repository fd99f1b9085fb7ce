import { fittingName } from './identifier.js';

/**
 * SQL that lists a partitioned table and its partitions of all levels as `relid`. `pg_partition_tree` is not used because it would lock
 * each of them until the end of the transaction, and an observed statement would seem to take these locks.
 */
export function partitionTree(table: string): string {
  return `WITH RECURSIVE tree(relid) AS (SELECT oid FROM pg_class WHERE oid = ${table} AND relkind = 'p'
    UNION SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = relid) SELECT relid FROM tree`;
}

/** SQL that selects `what` for each partition with rows. It is short because users read it. */
export function leavesOf(table: string, what = 'relid'): string {
  return `SELECT ${what} FROM pg_partition_tree(${table}) WHERE isleaf`;
}

/** The name of a partition's part of an index or a constraint. */
export function nameOnPartition(partition: { readonly name?: string }, name: string): string {
  return fittingName(`${partition.name ?? ''}_${name}`);
}
