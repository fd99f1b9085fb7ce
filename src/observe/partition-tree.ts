/**
 * SQL that lists a partitioned table and its partitions of all levels, as `relid`. `pg_partition_tree` would lock each of them until the
 * transaction ends, and these locks would be taken for locks of the statement that is observed.
 */
export function partitionTree(table: string): string {
  return `WITH RECURSIVE tree(relid) AS (SELECT oid FROM pg_class WHERE oid = ${table} AND relkind = 'p'
    UNION SELECT inhrelid FROM pg_inherits JOIN tree ON inhparent = relid) SELECT relid FROM tree`;
}
