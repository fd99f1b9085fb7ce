import { fittingName } from './identifier.js';

/**
 * SQL that lists a partitioned table and its partitions of all levels, as `relid`. `pg_partition_tree` would lock each of them until the
 * transaction ends, and where a statement is observed, these locks would be taken for its own.
 */
export function partitionTree(table: string): string {
  return `WITH RECURSIVE tree(relid) AS (SELECT oid FROM pg_class WHERE oid = ${table} AND relkind = 'p'
    UNION SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = relid) SELECT relid FROM tree`;
}

/** SQL that says this of each partition that has rows, which is its `relid`: short, since people read it. */
export function leavesOf(table: string, what = 'relid'): string {
  return `SELECT ${what} FROM pg_partition_tree(${table}) WHERE isleaf`;
}

/** What a partition's part of an index or a key is called. */
export function nameOnPartition(partition: { readonly name?: string }, name: string): string {
  return fittingName(`${partition.name ?? ''}_${name}`);
}
