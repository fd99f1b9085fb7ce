import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../errors.js';
import type { ErrorDetails } from '../errors.js';
import type { Lock } from './lock.js';
import type { SqlClient } from './sql-client.js';
import { processIdOf } from './wire.js';

const longestAnswerMs = 2000;

/**
 * Why the connection of the migrations got no reply although the server is running: one connection holds the lock, so they need a second one,
 * and a pooler may have only one. Its clients then wait in its queue, without a reply, until another one is free. Undefined if that is not
 * the reason.
 */
export async function secondConnectionMissing(
  error: unknown,
  { side }: Lock,
): Promise<Pick<ErrorDetails, 'message' | 'next'> | undefined> {
  if (side === undefined || !isUnanswered(error)) return undefined;
  const pid = await Promise.race([servingProcess(side), sleep(longestAnswerMs, undefined, { ref: false })]);
  // A pooler has sent a process ID of its own when the connection was opened.
  if (pid === undefined || pid === processIdOf(side)) return undefined;
  return {
    message:
      'The server is running: the connection that holds the migration lock answers. It goes through a pooler, which has no second connection to the server left for the migrations: its pool has only one, or all others are in use.',
    next: 'Use the address of the server itself: NEST_MIGRATE_DATABASE_URL for the command, or the setting `directUrl` for the command and the app. Or let the pooler open more connections (PgBouncer: default_pool_size, pool_size, max_db_connections), then run the same command again.',
  };
}

async function servingProcess(client: SqlClient): Promise<number | undefined> {
  const answer = await client.query('SELECT pg_backend_pid() AS pid').catch(() => undefined);
  return answer && Number(answer.rows[0]?.['pid']);
}

function isUnanswered(error: unknown): boolean {
  const seen = new Set<unknown>();
  for (let one = error; one instanceof Error && !seen.has(one); one = one.cause) {
    if (codeOf(one) === 'ETIMEDOUT') return true;
    seen.add(one);
  }
  return false;
}
