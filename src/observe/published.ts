import { partitionTree } from '../sql/index.js';

/** SQL that asks what is replicated, for every version of the server: https://www.postgresql.org/docs/current/logical-replication-publication.html */

/** The table, what it is a partition of, and its partitions. */
const family = (table: string): string =>
  `SELECT ${table} UNION SELECT relid FROM pg_partition_ancestors((SELECT oid FROM pg_class WHERE oid = ${table} AND relispartition)) UNION (${partitionTree(table)})`;

/** Lists of columns came with PostgreSQL 15: before, the catalog has no such column to name. */
const listed = `(SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_publication_rel r JOIN pg_attribute a ON a.attrelid = r.prrelid
    WHERE r.prpubid = p.oid AND r.prrelid = f.oid
      AND a.attnum::text = ANY (regexp_split_to_array(trim(both '[] ' FROM to_jsonb(r) ->> 'prattrs'), '[ ,]+')))`;

/** As JSON; NULL where it is in none. */
export function publicationsOf(table: string): string {
  return `(SELECT json_agg(DISTINCT jsonb_build_object('name', p.pubname, 'updates', p.pubupdate, 'deletes', p.pubdelete, 'columns', ${listed},
      'filter', to_jsonb(t) ->> 'rowfilter'))
    FROM pg_publication p JOIN pg_publication_tables t ON t.pubname = p.pubname
    JOIN pg_namespace fn ON fn.nspname = t.schemaname JOIN pg_class f ON f.relnamespace = fn.oid AND f.relname = t.tablename
    WHERE f.oid IN (${family(table)}))`;
}

/** What an UPDATE needs in a published table: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY */
export function hasNoIdentity(table: string): string {
  const index = (which: string): string =>
    `EXISTS (SELECT FROM pg_index x WHERE x.indrelid = l.oid AND x.${which} AND x.indisvalid)`;
  return `EXISTS (SELECT FROM (SELECT ${table}.oid AS relid UNION (${partitionTree(`${table}.oid`)})) t JOIN pg_class l ON l.oid = t.relid WHERE l.relkind = 'r'
    AND NOT CASE l.relreplident WHEN 'f' THEN true WHEN 'd' THEN ${index('indisprimary')} WHEN 'i' THEN ${index('indisreplident')} ELSE false END)`;
}
