import { cpSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { openFolder } from '../data-source/data-folder.js';
import { ordinaryExtensions, openPGlite } from '../data-source/pglite.js';
import { hashOf } from '../shadow/cache.js';
import { databaseIn, makeFolder, removeFolder } from '../shadow/folder.js';
import { placeIn } from '../shadow/in-process.js';
import { initialStateOf } from '../shadow/initial-state.js';
import type { Place } from '../shadow/place.js';
import { versionsOfEngines } from '../shadow/versions.js';
import type { Clone } from './clone.js';
import { fill } from './fill.js';
import { filling, identityOf } from './identity.js';
import { imageOf } from './image.js';
import type { TestProject } from './project.js';
import { seedKey } from './seed-key.js';
import { stateSql } from './state-sql.js';

/** A migrated database in this process: a copy of a cached one. */
export async function cloneInProcess(project: TestProject): Promise<Clone> {
  // As in the command: an optimised compilation of PostgreSQL takes longer than it saves in tests.
  setFlagsFromString('--liftoff-only');
  const image = await imageFor(project);
  const folder = await makeFolder();
  const copy = async (): Promise<void> => {
    // For hundreds of small files, copying synchronously is five times as fast as the asynchronous API.
    cpSync(databaseIn(image.folder), databaseIn(folder), { recursive: true });
  };
  const contributed = JSON.parse(await readFile(extensionsIn(image.folder), 'utf8')) as readonly string[];
  const given = (await project.extensions?.()) ?? {};
  const initial = { ...(await initialStateOf(project)), missingRoles: 'fail' as const };
  const open = (): ReturnType<typeof openFolder> => openFolder(databaseIn(folder), given, contributed, openPGlite);
  const { connection, openPool } = placeIn(folder, { initial, open });
  await copy();
  return {
    connection,
    openPool,
    refill: async () => {
      await rm(databaseIn(folder), { recursive: true, force: true });
      await copy();
    },
    remove: async () => {
      await removeFolder(folder);
      await image.remove();
    },
  };
}

async function imageFor(project: TestProject): ReturnType<typeof imageOf> {
  const [identity, seed] = [await identityOf(project), await seedKey(project)];
  const parts = identity.key && [...versionsOfEngines(), stateSql, identity.key, seed];
  return imageOf(parts && hashOf(parts), (folder) => filling(identity, () => make(folder, project)));
}

async function make(folder: string, project: TestProject): Promise<void> {
  const place = placeIn(folder, { initial: await initialStateOf(project), extensions: project.extensions });
  await fill(place, project);
  await writeFile(extensionsIn(folder), JSON.stringify(await extensionsOf(place)));
}

/** Loads only the installed extensions with a copy, since each one takes time. */
async function extensionsOf({ openPool }: Place): Promise<readonly string[]> {
  const pool = openPool();
  try {
    const { rows } = await pool.query<{ readonly extname: string }>('SELECT extname FROM pg_extension');
    const installed = new Set(rows.map(({ extname }) => extname.replaceAll('-', '_')));
    return ordinaryExtensions.filter((name) => installed.has(name));
  } finally {
    await pool.end();
  }
}

function extensionsIn(folder: string): string {
  return join(folder, 'extensions.json');
}
