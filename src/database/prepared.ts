import type { Blocker } from '../events.js';
import type { SqlClient } from './sql-client.js';

/** The modes of table locks, from the weakest to the strongest. */
const modes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
/** The weakest mode with which each of them conflicts: with that one and all stronger ones. */
const conflictsFrom = [7, 6, 4, 3, 2, 2, 1, 0];

/** https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES */
function conflicts(one: string, other: string): boolean {
  const [a, b] = [modes.indexOf(one), modes.indexOf(other)];
  // It is the only mode in the middle that does not conflict with itself.
  return b >= (conflictsFrom[a] ?? 0) && !(one === 'ShareLock' && other === one);
}

/**
 * The prepared transactions that block this backend, because they hold what it waits for. `pg_blocking_pids` reports only that there is one.
 * https://www.postgresql.org/docs/current/view-pg-prepared-xacts.html
 */
export async function preparedBlockersOf(client: SqlClient, pid: number): Promise<readonly Blocker[]> {
  const object = (lock: string): string =>
    ['locktype', 'database', 'relation', 'page', 'tuple', 'virtualxid', 'transactionid', 'classid', 'objid', 'objsubid']
      .map((column) => `${lock}.${column}`)
      .join(', ');
  const { rows } = await client.query(
    `SELECT p.gid, p.database, p.owner, extract(epoch FROM clock_timestamp() - p.prepared)::float8 * 1000 AS ms, wanted.mode AS wanted, held.mode AS held
     FROM pg_locks wanted
     JOIN pg_locks held ON held.granted AND held.pid IS NULL AND (${object('held')}) IS NOT DISTINCT FROM (${object('wanted')})
     JOIN pg_locks own ON own.locktype = 'transactionid' AND own.granted AND own.pid IS NULL AND own.virtualtransaction = held.virtualtransaction
     JOIN pg_prepared_xacts p ON p.transaction = own.transactionid
     WHERE wanted.pid = ${Math.trunc(pid)} AND NOT wanted.granted ORDER BY p.prepared`,
  );
  const found = new Map<string, Blocker>();
  for (const row of rows) {
    const gid = String(row['gid']);
    if (!conflicts(String(row['wanted']), String(row['held']))) continue;
    const prepared = { gid, database: String(row['database']) };
    const [user, transactionAgeMs] = [String(row['owner']), Number(row['ms'])];
    found.set(gid, { pid: 0, user, application: '', state: 'prepared', transactionAgeMs, query: '', prepared });
  }
  return [...found.values()];
}
