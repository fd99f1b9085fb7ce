import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, databaseUrl, unprivileged } from '../place.js';
import type { Fault } from './fault.js';
import { atAnyMessage } from './messages.js';

const mount = (...args: readonly string[]): void => void execFileSync('mount', [...args], { stdio: 'pipe' });

/** All tables of the database are on a disk of a few megabytes, which something else fills. */
export const disk: Fault = {
  kind: 'disk full',
  effect: 'failures',
  alone: true,
  missing: () => {
    const dir = mkdtempSync(join(tmpdir(), 'nest-migrate-mount-'));
    try {
      mount('-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir);
      execFileSync('umount', [dir]);
      return undefined;
    } catch {
      return 'only root may mount a small disk';
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  prepare: async ({ place, database }) => {
    const dir = join(place.server.home, 'small');
    mkdirSync(dir);
    mount('-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', dir);
    const user = await unprivileged();
    if (user) chownSync(dir, user.uid, user.gid);
    const end = async (): Promise<void> => {
      try {
        await ask(place.server.url, `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
        await ask(place.server.url, 'DROP TABLESPACE small');
      } finally {
        execFileSync('umount', ['-l', dir]);
        rmSync(dir, { recursive: true, force: true });
      }
    };
    try {
      await ask(place.server.url, `CREATE TABLESPACE small LOCATION '${dir}'`);
      await ask(place.server.url, `ALTER DATABASE ${database} SET TABLESPACE small`);
      const url = databaseUrl(place.server, database);
      await ask(url, 'CREATE SCHEMA filler; CREATE TABLE filler.most (t text); CREATE TABLE filler.rest (t text)');
      await ask(
        url,
        'ALTER TABLE filler.most ALTER t SET STORAGE PLAIN; ALTER TABLE filler.rest ALTER t SET STORAGE PLAIN',
      );
      // What the file has taken is what is left when it is gone.
      const reserve = join(dir, 'reserve');
      writeFileSync(reserve, Buffer.alloc(4_000_000));
      await fill(url, 'most');
      rmSync(reserve);
    } catch (error) {
      await end();
      throw error;
    }
    return { end };
  },
  strike: (scene) =>
    atAnyMessage(scene, 'none', async () => {
      const url = databaseUrl(scene.place.server, scene.database);
      await fill(url, 'rest');
      await sleep(500 + scene.random.below(1500));
      await ask(url, 'DROP SCHEMA filler CASCADE');
    }),
};

/** Until there is no room for one more row. */
async function fill(url: string, table: string): Promise<void> {
  for (let pages = 500; pages >= 1; pages = Math.floor(pages / 5)) {
    const more = `INSERT INTO filler.${table} SELECT repeat('x', 7000) FROM generate_series(1, ${pages})`;
    let hasRoom = true;
    while (hasRoom) {
      hasRoom = await ask(url, more).then(
        () => true,
        () => false,
      );
    }
  }
}
