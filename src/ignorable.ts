/** The kinds of objects that comparisons can ignore, named roughly after their SQL keyword. */
export const ignorableKinds = [
  'schema',
  'table',
  'column',
  'index',
  'constraint',
  'trigger',
  'policy',
  'rule',
  'view',
  'sequence',
  'type',
  'function',
  'comment',
  'extension',
  'collation',
  'publication',
  'subscription',
  'event-trigger',
  'server',
  'fdw',
] as const;
/** A kind of object that comparisons can ignore. */
export type IgnorableKind = (typeof ignorableKinds)[number];

/** The tables in which other migration tools record applied migrations. */
export const ledgersOfOtherTools: readonly string[] = [
  ...['_prisma_migrations', 'knex_migrations', 'knex_migrations_lock', 'SequelizeMeta', 'mikro_orm_migrations'],
  ...['flyway_schema_history', 'databasechangelog', 'databasechangeloglock', 'schema_migrations', 'alembic_version'],
  ...['ar_internal_metadata', 'goose_db_version', 'django_migrations', 'pgmigrations', '__drizzle_migrations'],
].map((name) => `table:${name}`);

/**
 * Objects of other programs, which no migration creates: ledgers of other tools, queues, objects that hosting
 * providers add, and TypeORM's table for cached query results.
 */
export const ofOtherPrograms: readonly string[] = ledgersOfOtherTools
  .concat('table:query-result-cache')
  .concat(
    ['pgboss', 'graphile_worker', 'graphile_migrate', 'drizzle', 'hdb_catalog', 'cron', 'partman', 'pgmq', 'topology'],
    ['auth', 'storage', 'realtime', 'graphql', 'graphql_public', 'vault', 'pgsodium', 'supabase_*', '_timescaledb_*'],
    ['_realtime', 'pgbouncer', 'net', 'google_vacuum_mgmt', 'rdsadmin', 'aws_*'],
  )
  .map((pattern) => (pattern.includes(':') ? pattern : `schema:${pattern}`))
  .concat(
    ['pg_stat_statements', 'pg_stat_kcache', 'pg_cron', 'pgaudit', 'pg_repack', 'pg_partman', 'pg_net', 'pg_graphql'],
    ['pgsodium', 'supabase_vault', 'pgjwt', 'hypopg', 'pg_buffercache', 'pgstattuple', 'google_*', 'aws_*', 'rds_*'],
  )
  .map((pattern) => (pattern.includes(':') ? pattern : `extension:${pattern}`));

/** The problem with a pattern such as `table:events_*` or `audit.*`; undefined if it is valid. */
export function ignoreProblem(pattern: unknown): string | undefined {
  const [, kind, path] = /^(?:([^:]*):)?(.*)$/s.exec(typeof pattern === 'string' ? pattern : '') ?? [];
  const parts = path?.split('.') ?? [];
  if (parts.includes('') || (kind === undefined && parts.length !== 2))
    return `must be <kind>:<name> or <schema>.<name>, such as "table:events_*" or "audit.*", but is ${JSON.stringify(pattern)}`;
  const kinds: readonly string[] = ignorableKinds;
  return kind === undefined || kinds.includes(kind)
    ? undefined
    : `unknown kind in ${JSON.stringify(pattern)} (known: ${kinds.join(', ')})`;
}

/** The problems with the setting `ignore`. */
export function ignoreProblems({ ignore = [], drift }: Readonly<Record<string, unknown>>): readonly string[] {
  const moved = 'drift.ignore is now called ignore, and also applies to generate, check and baseline';
  const problems = drift === undefined ? [] : [moved];
  if (!Array.isArray(ignore)) return [...problems, `ignore must be a list, but is ${JSON.stringify(ignore)}`];
  return [...problems, ...ignore.flatMap((pattern) => ignoreProblem(pattern) ?? []).map((what) => `ignore: ${what}`)];
}
