import type pg from 'pg';
import { embeddedDriver } from '../data-source/embedded.js';
import type { Extensions, PGlite } from '../data-source/pglite.js';
import { databaseIn, makeFolder, removeFolder } from './folder.js';
import type { Place } from './place.js';

/** A place for PostgreSQL in this process. Nothing of it is loaded before the first connection. */
export async function inProcess(extensions?: () => Promise<Extensions>): Promise<Place> {
  const folder = await makeFolder();
  return placeIn(folder, extensions && { extensions });
}

interface Opening {
  readonly extensions?: () => Promise<Extensions>;
  readonly open?: () => Promise<PGlite>;
}

export function placeIn(folder: string, opening: Opening = {}): Place {
  const driver = embeddedDriver({ dir: databaseIn(folder), throwaway: true, ...opening });
  const { Pool } = driver as typeof pg;
  return {
    connection: { driver },
    openPool: () => new Pool({ max: 4 }),
    remove: () => removeFolder(folder),
  };
}
