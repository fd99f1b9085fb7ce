import type pg from 'pg';
import { embeddedDriver } from '../data-source/embedded.js';
import type { Around } from '../data-source/embedded.js';
import type { Extensions, PGlite } from '../data-source/pglite.js';
import { databaseIn, makeFolder, removeFolder } from './folder.js';
import type { Place } from './place.js';
import { asSql } from './session-settings.js';
import type { InitialState } from './initial-state.js';
import { withMissingRoles } from './missing-roles.js';

interface Opening {
  readonly initial: Pick<InitialState, 'settings' | 'missingRoles'>;
  readonly extensions?: (() => Promise<Extensions>) | undefined;
  readonly open?: () => Promise<PGlite>;
}

/** PostgreSQL in this process, which is loaded with the first connection. */
export async function inProcess(opening: Opening): Promise<Place> {
  return placeIn(await makeFolder(), opening);
}

const asItIs: Around = (_sql, _connection, execute) => execute();

export function placeIn(folder: string, { initial: { settings, missingRoles }, extensions, open }: Opening): Place {
  const begin = asSql(settings);
  const throwaway = { begin, around: missingRoles === 'fail' ? asItIs : withMissingRoles };
  const driver = embeddedDriver({
    dir: databaseIn(folder),
    throwaway,
    ...(extensions && { extensions }),
    ...(open && { open }),
  });
  const { Pool } = driver as typeof pg;
  return {
    connection: { driver },
    openPool: () => new Pool({ max: 4 }),
    // There is a single session, whose initial settings cannot be passed to the server.
    resetSession: `RESET ALL; ${begin}`,
    remove: () => removeFolder(folder),
  };
}
