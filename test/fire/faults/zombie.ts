import { setTimeout as sleep } from 'node:timers/promises';
import { ask, databaseUrl } from '../place.js';
import { unlessOver } from './fault.js';
import type { Fault } from './fault.js';

/** What the classid of the migration lock says it is. */
const lockClass = 0x6e657374;

/**
 * A process loses its lock and does not hear of it: the connection is frozen on its side, and ended on the server's. Meanwhile it may be
 * paused, as a virtual machine is that is moved; then it goes on.
 */
export const zombie: Fault = {
  kind: 'lock lost unnoticed',
  effect: 'lost replies',
  strike: async (scene) => {
    const { random, actors, place, database } = scene;
    const migrating = actors.filter(({ proxy }) => proxy !== undefined);
    if (migrating.length === 0) return false;
    const actor = random.pick(migrating);
    // The number of the run is the last that it asks on the connection that holds the lock, before it starts the first migration.
    const frozen = actor.proxy?.fault(/max\(batch\)/, 'replied', 'freeze') ?? Promise.resolve();
    if (!(await unlessOver(frozen, scene))) return false;
    await sleep(random.below(600));
    const url = databaseUrl(place.server, database);
    if (random.chance(0.6)) {
      actor.kill('SIGSTOP');
      setTimeout(() => actor.kill('SIGCONT'), 500 + random.below(3000));
    }
    const ended = await ask(
      url,
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = ${lockClass} AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return ended.length > 0;
  },
};
