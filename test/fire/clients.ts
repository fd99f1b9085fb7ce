import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from '../support/random.js';
import { visits } from './project.js';

/** A client of the database that goes on writing while others migrate. */
export interface Writer {
  /** The rows whose COMMIT was acknowledged. */
  stop(): Promise<readonly number[]>;
}

export function startWriter(urlNow: () => string, random: Random): Writer {
  const written: number[] = [];
  const state = { isStopped: false };
  const write = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: urlNow(), application_name: 'writer' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      for (let id = visits + written.length * 10 + 1; !state.isStopped; id += 10) {
        // Its transaction stays open for a while, so that concurrent index builds have something to wait for.
        await client.query('BEGIN');
        await client.query(`INSERT INTO visit (id, n) VALUES (${id}, ${id % 97}) ON CONFLICT DO NOTHING`);
        await sleep(random.chance(0.3) ? 300 : random.below(60));
        await client.query('COMMIT');
        written.push(id);
        // Its COMMIT takes everything before it to the disk, so that a crash loses something only while it rests.
        await sleep(random.chance(0.5) ? 10 + random.below(60) : 400 + random.below(800));
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const work = async (): Promise<void> => {
    while (!state.isStopped) {
      await write().catch(() => undefined);
      await sleep(50);
    }
  };
  const working = work();
  return {
    stop: async () => {
      state.isStopped = true;
      await working;
      return written;
    },
  };
}
