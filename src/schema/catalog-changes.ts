/**
 * Every row of the catalog says which transaction has written it, and PostgreSQL keeps in mind what mentions what. So what may have changed
 * since the catalog was read is known without reading its texts again; whatever the statements were, and however many transactions.
 */

/** Which column of a catalog says what relation its rows are about, and which of its rows count. */
const aboutRelations: readonly (readonly [catalog: string, relation: string, rows?: string])[] = [
  // A composite type, or something temporary that hides what others mention by its bare name: no relation of the schema.
  ['pg_class', `CASE WHEN relkind = 'c' OR relpersistence = 't' THEN 0 ELSE oid END`],
  ['pg_attribute', 'attrelid'],
  ['pg_attrdef', 'adrelid'],
  ['pg_constraint', 'conrelid', `contype IN ('c', 'f', 'p', 'u', 'x')`],
  ['pg_description', 'objoid', `classoid = 'pg_class'::regclass AND objoid >= 16384`],
  ['pg_index', 'indrelid'],
  ['pg_inherits', 'inhrelid'],
  ['pg_partitioned_table', 'partrelid'],
  ['pg_policy', 'polrelid'],
  ['pg_rewrite', 'ev_class'],
  ['pg_sequence', 'seqrelid'],
  ['pg_statistic_ext', 'stxrelid'],
  ['pg_trigger', 'tgrelid', 'NOT tgisinternal'],
];

/** What is deleted leaves nothing that is new, except where its relation goes as well, or a row of its column is written. */
const counted: Readonly<Record<string, string>> = {
  pg_class: `relkind NOT IN ('i', 'I', 't') AND relnamespace <> 'pg_catalog'::regnamespace`,
  pg_constraint: 'true',
  pg_description: 'true',
  pg_index: 'indrelid >= 16384',
  pg_inherits: 'true',
  pg_policy: 'true',
  pg_rewrite: 'ev_class >= 16384',
  pg_statistic_ext: 'true',
  pg_trigger: 'true',
};

/** What others mention, and what is not about a relation. A constraint of a domain is about relation 0, which is all of this. */
const aboutOthers = [
  ...['pg_aggregate', 'pg_am', 'pg_cast', 'pg_collation', 'pg_enum', 'pg_event_trigger', 'pg_extension', 'pg_language'],
  ...['pg_namespace', 'pg_opclass', 'pg_operator', 'pg_opfamily', 'pg_proc', 'pg_range', 'pg_transform'],
  ...['pg_ts_config', 'pg_ts_dict', 'pg_ts_parser', 'pg_ts_template'],
  `pg_description WHERE classoid <> 'pg_class'::regclass AND objoid >= 16384`,
  `pg_depend WHERE refclassid = 'pg_extension'::regclass`,
  // The type of the rows of a table comes and goes with it, and an array is written with the name of its elements.
  'pg_type WHERE typrelid = 0 AND NOT (typelem <> 0 AND typlen = -1)',
];

const isFresh = `age(xmin) <= (SELECT age($1::text::xid))`;
const fresh = aboutRelations.map(
  ([catalog, relation, rows = 'true']) => `SELECT ${relation} FROM ${catalog} WHERE ${rows} AND ${isFresh}`,
);
const present = aboutRelations
  .filter(([catalog]) => catalog in counted)
  .map(
    ([catalog, relation, rows = 'true']) => `SELECT ${relation} FROM ${catalog} WHERE ${rows} AND ${counted[catalog]}`,
  );

/**
 * The transactions in other databases of the server, which may take hours and write nothing in this one. A transaction that the role may
 * not see is missing here, and counts as if it wrote in this database.
 */
export const elsewhereSql = `ARRAY(
    SELECT backend_xid::text FROM pg_stat_activity
      WHERE backend_xid IS NOT NULL AND datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL SELECT transaction::text FROM pg_prepared_xacts WHERE database <> current_database())`;

/** The oldest transaction that may still write something here that cannot be seen yet: its own, or another's but those $2. */
const nowSql = `SELECT candidate::xid FROM (
    SELECT pg_current_xact_id_if_assigned() UNION ALL SELECT pg_snapshot_xmax(pg_current_snapshot())
    UNION ALL SELECT xip FROM pg_snapshot_xip(pg_current_snapshot()) AS xip WHERE xip::xid <> ALL ($2)
  ) AS running (candidate) ORDER BY running.candidate LIMIT 1`;

/**
 * How many rows there are about each relation, and about which there are some that were written since $1. Whatever is written later has
 * at least the number `now`. What runs elsewhere ($2) is asked before this: a transaction that begins or ends in between is a young one.
 */
export const catalogSql = `SELECT (${nowSql}) AS now,
  (SELECT json_agg(DISTINCT relation) FROM (${fresh.join('\n    UNION ALL ')}) AS fresh (relation)) AS fresh,
  (SELECT json_object_agg(relation, rows) FROM (SELECT relation, count(*) AS rows FROM (${present.join('\n    UNION ALL ')}) AS row (relation) GROUP BY relation) AS counted) AS counts,
  (SELECT json_build_object('count', count(*), 'fresh', bool_or(${isFresh})) FROM (${aboutOthers.map((from) => `SELECT xmin FROM ${from}`).join(' UNION ALL ')}) AS other) AS others`;

const numbered = new Set(['pg_attrdef', 'pg_constraint', 'pg_policy', 'pg_rewrite', 'pg_statistic_ext', 'pg_trigger']);
const ownerOf = aboutRelations
  .filter(([catalog]) => numbered.has(catalog))
  .map(
    ([catalog, relation]) => `WHEN '${catalog}'::regclass THEN (SELECT ${relation} FROM ${catalog} WHERE oid = objid)`,
  );

/**
 * The relations $1, and those of which a part mentions one of them: a foreign key, a view, a default that takes from a sequence. 0 when
 * something does that belongs to no relation, or mentions the type of their rows.
 */
export const affectedSql = `WITH part AS (
    SELECT 'pg_class'::regclass AS classid, unnest($1::oid[]) AS objid
    UNION SELECT classid, objid FROM pg_depend
      WHERE refclassid = 'pg_class'::regclass AND refobjid = ANY ($1) AND NOT (classid = 'pg_type'::regclass AND deptype = 'i')
    UNION SELECT d.classid, 0 FROM pg_type t
      JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype <> 'i' WHERE t.typrelid = ANY ($1))
  SELECT json_agg(DISTINCT COALESCE(CASE classid
    WHEN 'pg_class'::regclass THEN COALESCE((SELECT indrelid FROM pg_index WHERE indexrelid = objid), objid)
    ${ownerOf.join('\n    ')} END, 0)) AS affected
  FROM part`;

/** What the catalog said of itself when it was read. */
export interface CatalogState {
  readonly now: string;
  readonly fresh: readonly string[] | null;
  readonly counts: Readonly<Record<string, number>> | null;
  readonly others: { readonly count: number; readonly fresh: boolean | null };
}

/** The relations about which something was written or deleted in between; undefined when it was about anything else. */
export function changedRelations(before: CatalogState, after: CatalogState): readonly string[] | undefined {
  const fresh = after.fresh ?? [];
  const [was, is] = [before.counts ?? {}, after.counts ?? {}];
  const fewer = Object.keys(was).filter((relation) => was[relation] !== is[relation]);
  const othersChanged = after.others.fresh === true || after.others.count !== before.others.count;
  return othersChanged || [...fresh, ...fewer].includes('0') ? undefined : [...new Set([...fresh, ...fewer])];
}
