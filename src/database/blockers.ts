import type { Blocker } from '../events.js';
import { withoutPasswords } from '../passwords.js';
import { quoteLiteral } from '../sql/index.js';
import { preparedBlockersOf } from './prepared.js';
import type { SqlClient, SqlResult } from './sql-client.js';

const columns = `a.pid, coalesce(a.usename, '') AS "user", coalesce(a.application_name, '') AS application, coalesce(a.state, '') AS state,
  coalesce((extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start)) * 1000)::float8, 0) AS "transactionAgeMs",
  left(coalesce(a.query, ''), 500) AS query, host(a.client_addr) AS address`;

/**
 * Reads current statistics. In an open transaction, such as that of the connection that holds the lock, they would otherwise stay as they
 * were when first read.
 */
export async function now(client: SqlClient, question: string): Promise<SqlResult> {
  const results = await client.query(`SELECT pg_stat_clear_snapshot(); ${question}`);
  return (results as unknown as readonly SqlResult[]).at(-1) as SqlResult;
}

/** What currently blocks this backend. It uses literals only: see lock.ts for the reason. */
export async function blockersOf(client: SqlClient, pid: number): Promise<readonly Blocker[]> {
  const { rows, rowCount } = await now(
    client,
    `SELECT ${columns} FROM unnest(pg_blocking_pids(${Math.trunc(pid)})) AS b(pid) LEFT JOIN pg_stat_activity a ON a.pid = b.pid
     WHERE a.pid IS NOT NULL OR b.pid = 0 ORDER BY a.xact_start`,
  );
  const sessions = rows.filter((row) => row['pid'] !== null);
  // A prepared transaction has no session, so its pid is 0.
  const prepared = sessions.length < rows.length ? await preparedBlockersOf(client, pid) : [];
  return [...toBlockers({ rows: sessions, rowCount }), ...prepared];
}

/** The session that holds this advisory lock. */
export async function advisoryLockHolder(
  client: SqlClient,
  key: readonly [number, number],
): Promise<Blocker | undefined> {
  const result = await now(
    client,
    `SELECT ${columns} FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.classid = ${key[0]} AND l.objid = ${key[1]} AND l.objsubid = 2
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1`,
  );
  return toBlockers(result)[0];
}

/** The sessions connected to this database. */
export async function sessionsOn(client: SqlClient, database: string): Promise<readonly Blocker[]> {
  return toBlockers(
    await now(
      client,
      `SELECT ${columns} FROM pg_stat_activity a WHERE a.datname = ${quoteLiteral(database)} AND a.pid <> pg_backend_pid() ORDER BY a.backend_start`,
    ),
  );
}

/** The session of a transaction that has not ended yet. */
export async function transactionHolder(client: SqlClient, xid: string): Promise<Blocker | undefined> {
  return toBlockers(
    await now(client, `SELECT ${columns} FROM pg_stat_activity a WHERE a.backend_xid = '${xid}'::xid8::xid`),
  )[0];
}

/**
 * Another session that executes this statement or a similar one: it holds, or waits for, the self-exclusive lock on that relation.
 * Autovacuum takes this lock too, but gives way. The text of a session is truncated (track_activity_query_size, 1 kB by default).
 */
export async function sessionExecuting(
  client: SqlClient,
  sql: string,
  relation: string | undefined,
): Promise<Blocker | undefined> {
  const locks =
    relation === undefined
      ? 'false'
      : `a.usesysid IS NOT NULL AND a.pid IN (SELECT l.pid FROM pg_locks l WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock'
           AND l.relation = coalesce((SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass(${relation})), to_regclass(${relation})))`;
  const start = quoteLiteral(sql.slice(0, 200));
  return toBlockers(
    await now(
      client,
      `SELECT ${columns} FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND a.datname = current_database()
         AND (a.state = 'active' AND left(a.query, 200) = left(${start}, 200) OR ${locks}) LIMIT 1`,
    ),
  )[0];
}

function toBlockers(result: SqlResult): readonly Blocker[] {
  const found = result.rows as unknown as readonly (Blocker & { readonly address: string | null })[];
  return found.map(({ address, ...blocker }) => ({
    ...blocker,
    query: withoutPasswords(blocker.query),
    ...(address !== null && { address }),
  }));
}
