import type { DataSource, QueryRunner } from 'typeorm';
import { MigrateError } from '../errors.js';
import { withOwn } from '../typeorm/own-methods.js';
import type { ApplyContext } from './directed-migration.js';
import { executing } from './executing.js';
import type { Executing } from './executing.js';
import type { Session } from './session.js';
import type { SqlClient } from './sql-client.js';
import { isQuiet, lastQueryOf, processIdOf, rememberQueries } from './wire.js';

const lookEveryMs = 300;

/**
 * Does the work of a migration. Its queries through the data source use another connection. If one of them needs a lock that the
 * transaction of the migration holds, both would wait forever: the server detects no deadlock, because half of it is in this process.
 */
export async function noticingSelfWait<T>(
  migration: string,
  session: Session,
  context: ApplyContext,
  work: () => Promise<T>,
): Promise<T> {
  const { dataSource, lock } = context;
  const { side } = lock;
  const ours = processIdOf(session.client);
  if (side === undefined || ours === undefined) return work();
  const clients: Executing['clients'] = new Map();
  const create = dataSource.createQueryRunner.bind(dataSource);
  const createQueryRunner: DataSource['createQueryRunner'] = (mode) => {
    const made = create(mode);
    return executing.current?.clients === clients ? remembering(made, clients) : made;
  };
  let found: string | undefined;
  const look = async (): Promise<void> => {
    const waiting = [...clients.keys()].filter((client) => !isQuiet(client));
    if (found !== undefined || waiting.length === 0 || session.progress.isRunning || !isQuiet(side)) return;
    const pid = await blockedBy(ours, waiting, side);
    if (pid === undefined) return;
    found = lastQueryOf(waiting.find((client) => processIdOf(client) === pid) ?? {}) ?? '';
    await side.query(`SELECT pg_cancel_backend(${pid})`);
  };
  const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs);
  timer.unref();
  try {
    return await withOwn(dataSource, { createQueryRunner }, () => executing.run({ migration, side, clients }, work));
  } catch (error) {
    throw found === undefined ? error : waitsForItself(migration, found, error);
  } finally {
    clearInterval(timer);
    for (const forget of clients.values()) forget();
  }
}

function remembering(queryRunner: QueryRunner, clients: Executing['clients']): QueryRunner {
  const connect = queryRunner.connect.bind(queryRunner) as () => Promise<object>;
  return Object.assign(queryRunner, {
    connect: async () => {
      const client = await connect();
      if (!clients.has(client)) clients.set(client, rememberQueries(client));
      return client;
    },
  });
}

/**
 * The process of one of these connections that waits for a lock of ours. Through a pooler, the process ids differ, and nothing is found.
 */
async function blockedBy(ours: number, waiting: readonly object[], side: SqlClient): Promise<number | undefined> {
  const pids = waiting.flatMap((client) => processIdOf(client) ?? []).filter((pid) => pid !== ours);
  if (pids.length === 0) return undefined;
  const { rows } = await side.query(
    `SELECT pid FROM unnest(ARRAY[${pids.join(', ')}]) AS waiting(pid) WHERE ${ours} = ANY (pg_blocking_pids(pid)) LIMIT 1`,
  );
  return rows[0] && Number(rows[0]['pid']);
}

function waitsForItself(migration: string, sql: string, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `Migration ${migration} was waiting for itself: through another connection of the data source, it sent a statement that needs a lock held by its own transaction. That statement was cancelled, and the transaction was not committed.\n  ${sql.trim().slice(0, 500)}`,
    next: 'Send it with queryRunner.query() or queryRunner.manager, rather than queryRunner.connection or the data source: then it is part of the transaction of the migration.',
    migration,
    sql,
    cause,
  });
}
