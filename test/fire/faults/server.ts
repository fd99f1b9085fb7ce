import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { ask, databaseUrl } from '../place.js';
import { role } from '../project.js';
import type { Fault } from './fault.js';
import { atAnyMessage } from './messages.js';

export const restart: Fault = {
  kind: 'server restarted',
  effect: 'lost replies',
  alone: true,
  strike: async (scene) => {
    const crash = async (): Promise<void> => {
      await scene.place.server.crash();
      await sleep(scene.random.below(1500));
      await scene.place.server.start();
    };
    if (scene.at !== undefined || scene.random.chance(0.6)) return atAnyMessage(scene, 'none', crash);
    // At the moment at which a process has said what it has done.
    await Promise.race(scene.actors.map(({ told }) => told));
    await crash();
    return true;
  },
};

export const terminate: Fault = {
  kind: 'session terminated',
  effect: 'lost replies',
  strike: async (scene) => {
    const { place, database, random } = scene;
    const client = new pg.Client(databaseUrl(place.server, database));
    client.on('error', () => undefined);
    await client.connect();
    const which = random.pick([`state = 'active'`, 'true', `query LIKE '%CONCURRENTLY%'`]);
    const struck = await atAnyMessage(scene, 'none', async () => {
      // A concurrent index build waits for older snapshots, so that it is still there.
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
      await sleep(random.below(300));
      await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = '${role}' AND ${which} LIMIT ${1 + random.below(2)}; COMMIT`,
      );
    });
    await client.end().catch(() => undefined);
    return struck;
  },
};

/** The standby takes over: every connection goes there from then on. */
export const promotion: Fault = {
  kind: 'standby promoted',
  effect: 'lost replies',
  alone: true,
  on: 'a new server',
  prepare: async ({ place }) => {
    await place.follow();
    return { end: () => place.end() };
  },
  strike: (scene) =>
    atAnyMessage(scene, 'none', async () => {
      const { place, actors, database } = scene;
      await place.server.crash();
      const promoted = place.promote();
      const redirect = (): void => {
        for (const { proxy } of actors) proxy?.redirect(databaseUrl(place.server, database));
      };
      await promoted;
      redirect();
      await ask(place.server.url, 'SELECT 1');
    }),
};

/** Others have taken all connections that a server gives. */
export const connections: Fault = {
  kind: 'no connection left',
  effect: 'failures',
  strike: (scene) =>
    atAnyMessage(scene, 'none', async () => {
      const { place, random } = scene;
      await ask(place.server.url, `ALTER ROLE ${role} CONNECTION LIMIT ${random.below(3)}`);
      await sleep(500 + random.below(2500));
      await ask(place.server.url, `ALTER ROLE ${role} CONNECTION LIMIT -1`);
    }),
};

export const rights: Fault = {
  kind: 'privileges lost',
  effect: 'failures',
  strike: (scene) =>
    atAnyMessage(scene, 'none', async () => {
      const { place, random, database } = scene;
      const url = databaseUrl(place.server, database);
      const table = random.pick(['migrations', 'migrations_log', 'account', 'trail', 'visit']);
      await ask(url, `REVOKE ALL ON ${table} FROM ${role}`);
      await sleep(300 + random.below(1500));
      await ask(url, `GRANT ALL ON ${table} TO ${role}`);
    }),
};

/** Another session holds a table for longer than the lock timeout: what migrates waits, in short tries. */
export const blocker: Fault = {
  kind: 'table locked',
  effect: 'none',
  strike: (scene) =>
    atAnyMessage(scene, 'none', async () => {
      const { place, random, database } = scene;
      const table = random.pick(['account', 'visit']);
      const seconds = 1 + random.below(3);
      const url = databaseUrl(place.server, database);
      const mode = random.pick(['ACCESS EXCLUSIVE', 'ROW SHARE']);
      await ask(url, `BEGIN; LOCK TABLE ${table} IN ${mode} MODE; SELECT pg_sleep(${seconds}); COMMIT`);
    }),
};
