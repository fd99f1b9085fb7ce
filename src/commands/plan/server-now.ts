import type { SqlClient } from '../../database/sql-client.js';
import type { ServerNow, Session } from './types.js';
import { readInvalidIndexes } from './invalid-indexes.js';

/** The sessions on the server, the lag of its replicas, and the remains of earlier attempts. */
export async function readServerNow(client: SqlClient, tables: readonly string[]): Promise<ServerNow> {
  const version = String((await client.query('SHOW server_version')).rows[0]?.['server_version']);
  const sessions = (await client.query(sessionsSql, [tables])).rows as unknown as readonly Session[];
  const replicas = await client.query(replicasSql).then(
    ({ rows }) => rows as unknown as ServerNow['replicas'],
    // The role may lack the privilege to see them, and a replica has none.
    () => [],
  );
  const invalid = await readInvalidIndexes(client);
  const named = (isBeingBuilt: boolean): readonly string[] =>
    invalid.filter((index) => index.isBeingBuilt === isBeingBuilt).map(({ schema, name }) => `${schema}.${name}`);
  return { version, sessions, replicas, invalidIndexes: named(false), indexesBeingBuilt: named(true) };
}

/** Longer than most transactions: a migration that needs a lock has to wait for such a session. */
const longSeconds = 5;

const sessionsSql = `SELECT a.pid, coalesce(a.usename, '') AS user, coalesce(a.application_name, '') AS application, coalesce(a.state, '') AS state,
  coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8 AS seconds, left(coalesce(a.query, ''), 200) AS query,
  coalesce(held.tables, '[]') AS tables
FROM pg_stat_activity a
LEFT JOIN LATERAL (
  SELECT json_agg(DISTINCT n.nspname || '.' || c.relname) AS tables
  FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.pid = a.pid AND l.granted AND n.nspname || '.' || c.relname = ANY ($1::text[])
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS held ON true
WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend' AND a.xact_start IS NOT NULL
  AND (clock_timestamp() - a.xact_start > interval '${longSeconds} s' OR EXISTS (
    SELECT FROM pg_locks w WHERE NOT w.granted AND a.pid = ANY (pg_blocking_pids(w.pid))))
ORDER BY a.xact_start`;

const replicasSql = `SELECT coalesce(application_name, '') AS name, coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0)::float8 AS "lagBytes",
  extract(epoch FROM replay_lag)::float8 AS "lagSeconds" FROM pg_stat_replication`;
