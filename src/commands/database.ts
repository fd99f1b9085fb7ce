import { existsSync } from 'node:fs';
import { placeOf } from '../data-source/address.js';
import { embeddedDirOf, removeEmbedded } from '../data-source/embedded-brand.js';
import { sessionsOn } from '../database/blockers.js';
import { withClient } from '../database/client.js';
import { showPlace } from '../database/connection-config.js';
import { sqlState } from '../database/failure.js';
import { databaseExists, targetOf, withMaintenance } from '../database/maintenance.js';
import type { ConnectContext, SqlClient } from '../database/sql-client.js';
import { isMigrateError, messageOf, MigrateError } from '../errors.js';
import { describeBlocker } from '../events.js';
import { quoteName } from '../sql/index.js';
import { confirmDrop } from './guard.js';
import type { Permission } from './guard.js';

/** The result of `createDatabase`. */
export interface CreateDatabaseResult {
  readonly database: string;
  readonly state: 'created' | 'existed';
}

/** Options of `dropDatabase`. */
export interface DropDatabaseOptions extends Permission {
  /** Ends the sessions that are still connected. @default false */
  readonly force?: boolean | undefined;
}

/** The result of `dropDatabase`. */
export interface DropDatabaseResult {
  readonly database: string;
  readonly state: 'dropped' | 'absent';
}

/** Creates the database of the data source if it does not exist, with the server's default owner and encoding. */
export async function createDatabase(context: ConnectContext): Promise<CreateDatabaseResult> {
  const dir = embeddedDirOf(context.dataSource);
  if (dir !== undefined) {
    const existed = existsSync(dir);
    await withClient(context, (client) => client.query('SELECT 1'));
    return { database: 'postgres', state: existed ? 'existed' : 'created' };
  }
  const { database, shown } = targetOf(context);
  if (await isThere(context)) return { database: shown, state: 'existed' };
  const state = await withMaintenance(context, (client) => createOn(client, database, context));
  return { database: shown, state };
}

async function isThere(context: ConnectContext): Promise<boolean> {
  try {
    await withClient(context, (client) => client.query('SELECT 1'));
    return true;
  } catch (error) {
    if (isMigrateError(error) && error.code === 'DATABASE_MISSING') return false;
    throw error;
  }
}

/** Another process may create the database at the same time. */
async function createOn(
  client: SqlClient,
  database: string,
  context: ConnectContext,
): Promise<CreateDatabaseResult['state']> {
  try {
    await client.query(`CREATE DATABASE ${quoteName(database)}`);
    return 'created';
  } catch (error) {
    if (await databaseExists(client, database)) return 'existed';
    const { rows } = await client.query('SELECT current_user AS me');
    const owner = quoteName(String(rows[0]?.['me']));
    const statement = `CREATE DATABASE ${quoteName(database)} OWNER ${owner};`;
    throw refused(error, `The database ${quoteName(database)} could not be created`, statement, context);
  }
}

/** Drops the database of the data source with everything in it. */
export async function dropDatabase(options: DropDatabaseOptions, context: ConnectContext): Promise<DropDatabaseResult> {
  const { database, shown } = await confirmDrop(
    'nest-migrate database drop',
    'the database with all its data',
    options,
    context,
  );
  if (embeddedDirOf(context.dataSource) !== undefined)
    return { database, state: await removeEmbedded(context.dataSource) };
  const state = await withMaintenance(context, async (client) => {
    if (!(await databaseExists(client, database))) return 'absent';
    if (!options.force) await refuseInUse(client, database, shown);
    try {
      await client.query(`DROP DATABASE IF EXISTS ${quoteName(database)}${options.force ? ' WITH (FORCE)' : ''}`);
    } catch (error) {
      if (sqlState(error) === '55006') await refuseInUse(client, database, shown);
      const statement = `DROP DATABASE ${quoteName(database)};`;
      throw refused(error, `The database ${shown} could not be dropped`, statement, context);
    }
    return 'dropped';
  });
  return { database: shown, state };
}

/** Checked first, because the server would wait five seconds, and its error would not list the sessions. */
async function refuseInUse(client: SqlClient, database: string, shown: string): Promise<void> {
  const sessions = await sessionsOn(client, database);
  if (sessions.length === 0) return;
  throw new MigrateError({
    code: 'DATABASE_IN_USE',
    message: [
      `The database ${shown} is in use by other sessions. Nothing was dropped.`,
      ...sessions.map((one) => describeBlocker(one)),
    ].join('\n'),
    next: 'Stop the apps that are connected, or end their sessions: nest-migrate database drop --force',
  });
}

function refused(error: unknown, what: string, statement: string, context: ConnectContext): unknown {
  if (sqlState(error) === undefined) return error;
  const isDenied = sqlState(error) === '42501';
  return new MigrateError({
    code: isDenied ? 'PERMISSION_DENIED' : 'CONNECTION_FAILED',
    message: `${what} at ${placeOf(showPlace(context))}: ${messageOf(error)}. Nothing was changed.`,
    next: isDenied
      ? `As a role that is allowed to do this, such as the administrator: ${statement}`
      : 'Correct that, and try again.',
    cause: error,
  });
}
