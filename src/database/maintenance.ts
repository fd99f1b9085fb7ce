import { nameOrHidden } from '../data-source/address.js';
import { isMigrateError } from '../errors.js';
import { withClient } from './client.js';
import { checkPlace, newClient } from './connection-config.js';
import type { ConnectContext, SqlClient } from './sql-client.js';

/** The database of the commands, as the driver reads its address. */
export interface Target {
  readonly database: string;
  /** The same for messages. Anything but a plain name is hidden, because it may be a piece of a password. */
  readonly shown: string;
  /** Whether the server is on this machine, judged by its address. */
  readonly isLocal: boolean;
}

/** Found without connecting. */
export function targetOf(where: Pick<ConnectContext, 'dataSource' | 'settings'>): Target {
  checkPlace(where);
  const { database, host } = newClient(where, 0) as { readonly database?: string; readonly host?: string };
  return { database: database ?? '', shown: nameOrHidden(database ?? ''), isLocal: isLocalHost(host ?? '') };
}

/** A path is the folder of the server's socket. */
function isLocalHost(host: string): boolean {
  return host === '' || /^(?:localhost|127(?:\.\d+){1,3}|\[?::1\]?|\/.*)$/i.test(host);
}

/** Databases that every server has unless an administrator has removed them. */
const alwaysThere = ['postgres', 'template1'];

/** Provides a connection to another database of the same server, from which databases can be created and dropped. */
export async function withMaintenance<T>(context: ConnectContext, work: (client: SqlClient) => Promise<T>): Promise<T> {
  const others = alwaysThere.filter((name) => name !== targetOf(context).database);
  let first: unknown;
  for (const database of others) {
    let isConnected = false;
    try {
      return await withClient({ ...context, database }, (client) => {
        isConnected = true;
        return work(client);
      });
    } catch (error) {
      if (isConnected || context.signal.aborted || !isMigrateError(error)) throw error;
      first ??= error;
    }
  }
  throw first;
}

export async function databaseExists(client: SqlClient, database: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  return rowCount !== 0;
}
