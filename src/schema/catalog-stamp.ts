/** The catalogs that describe a schema, each with the column that tells the objects of users from those of PostgreSQL. */
const catalogs: readonly (readonly [catalog: string, object: string])[] = [
  ...[
    ...[
      'pg_am',
      'pg_attrdef',
      'pg_cast',
      'pg_collation',
      'pg_constraint',
      'pg_conversion',
      'pg_default_acl',
      'pg_enum',
    ],
    ...[
      'pg_event_trigger',
      'pg_extension',
      'pg_foreign_data_wrapper',
      'pg_foreign_server',
      'pg_language',
      'pg_opclass',
    ],
    ...['pg_operator', 'pg_opfamily', 'pg_policy', 'pg_proc', 'pg_publication', 'pg_publication_rel', 'pg_rewrite'],
    ...[
      'pg_statistic_ext',
      'pg_transform',
      'pg_trigger',
      'pg_ts_config',
      'pg_ts_dict',
      'pg_ts_parser',
      'pg_ts_template',
    ],
    'pg_type',
  ].map((catalog) => [catalog, 'oid'] as const),
  ['pg_aggregate', 'aggfnoid'],
  ['pg_attribute', 'attrelid'],
  ['pg_depend', 'objid'],
  ['pg_description', 'objoid'],
  ['pg_foreign_table', 'ftrelid'],
  ['pg_index', 'indexrelid'],
  ['pg_inherits', 'inhrelid'],
  ['pg_partitioned_table', 'partrelid'],
  ['pg_range', 'rngtypid'],
  ['pg_sequence', 'seqrelid'],
];

/** Where the rows of a table are, how many there are, and what it once had: not part of its definition, and VACUUM changes it. */
const volatile = [
  ...['relpages', 'reltuples', 'relallvisible', 'relallfrozen', 'relfrozenxid', 'relminmxid', 'relfilenode'],
  ...['relhasindex', 'relhasrules', 'relhastriggers', 'relhassubclass'],
];

const rows = [
  ...catalogs.map(
    ([catalog, object]) => `SELECT '${catalog}' || r::text FROM pg_catalog.${catalog} r WHERE r.${object} >= 16384`,
  ),
  `SELECT 'pg_class' || (to_jsonb(r) - '{${volatile.join(',')}}'::text[])::text FROM pg_catalog.pg_class r WHERE r.oid >= 16384`,
  // The schema `public` is PostgreSQL's own.
  `SELECT 'pg_namespace' || r::text FROM pg_catalog.pg_namespace r`,
];

/**
 * A number for the content of the catalog, and what else decides how PostgreSQL prints it to this session. As long as both are the same,
 * reading the catalog gives the same schema: the rows have the identifiers of their objects, which are not used again.
 */
export const stampSql = `SELECT json_build_array(count(*), sum(pg_catalog.hashtextextended(said, 0)),
    current_schemas(false), current_user, version())::text AS stamp
  FROM (${rows.join('\n    UNION ALL ')}) AS said (said)`;
