import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from '../actors.js';
import { ask, databaseUrl, until } from '../place.js';
import { unlessOver } from './fault.js';
import type { Fault, Striking } from './fault.js';

/** What the classid of the migration lock says it is. */
const lockClass = 0x6e657374;

/**
 * A process loses its lock and does not hear of it: the connection is frozen on its side, and ended on the server's. Meanwhile the process
 * may be paused, as a virtual machine is that is moved; then it goes on.
 */
export const zombie: Fault = {
  kind: 'lock lost unnoticed',
  effect: 'lost replies',
  strike: async (scene) => {
    const { random, actors } = scene;
    // The number of the run is the last that it asks on the connection that holds the lock, before it starts the first migration.
    let isTaken = false;
    const first = { test: (sql: string) => !isTaken && sql.includes('max(batch)') && (isTaken = true) };
    let actor: Actor | undefined;
    const frozen = actors.flatMap(
      (one) => one.proxy?.fault(first, 'replied', 'freeze', () => void (actor = one)) ?? [],
    );
    if (!(await unlessOver(Promise.race(frozen), scene)) || actor === undefined) return false;
    return random.chance(0.5) ? pausedAt(inside, 4000, actor, scene) : pausedAt(committed, 6000, actor, scene);
  },
};

/** In the middle of a transaction, and between two of them. */
const inside = /INSERT INTO trail|UPDATE account/;
const committed = /(?:INTO "migrations" |statements_done = )[\s\S]*COMMIT/;

/** Until another process has gone on with what this one was about to do, or waits for it. */
async function pausedAt(pattern: RegExp, limitMs: number, actor: Actor, scene: Striking): Promise<boolean> {
  let left = 1 + scene.random.below(4);
  const choice = { test: (sql: string) => pattern.test(sql) && --left === 0 };
  const paused = actor.proxy?.fault(choice, 'reply', 'none', () => actor.kill('SIGSTOP')) ?? Promise.resolve();
  if (!(await unlessOver(paused, scene))) return false;
  const url = databaseUrl(scene.place.server, scene.database);
  const before = await workIn(url);
  const ended = await endLock(scene);
  await until('another process goes on', async () => (await workIn(url)) !== before, limitMs).catch(() => undefined);
  await sleep(scene.random.below(500));
  actor.kill('SIGCONT');
  return ended;
}

/** It changes with each statement that is counted, and when a session begins to wait for another one. */
async function workIn(url: string): Promise<unknown> {
  const [row] = await ask(
    url,
    `SELECT (SELECT coalesce(sum(statements_done), 0) + count(*) FROM migrations_log) || ' ' || (SELECT count(*) FROM pg_locks
       WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS work`,
  );
  return row?.['work'];
}

async function endLock({ place, database }: Striking): Promise<boolean> {
  const ended = await ask(
    databaseUrl(place.server, database),
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = ${lockClass} AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  return ended.length > 0;
}
