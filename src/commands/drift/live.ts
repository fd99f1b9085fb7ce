import { showPlace } from '../../database/connection-config.js';
import { isServerAbsent, withClient } from '../../database/client.js';
import { connectionError } from '../../database/connection-error.js';
import type { OwnClient, SqlClient } from '../../database/sql-client.js';
import { codeOf, MigrateError } from '../../errors.js';
import type { MigrationList } from '../../files/migration.js';
import { readSchema } from '../../schema/read.js';
import type { CatalogPool, Schema } from '../../schema/read.js';
import { foundSchemas, searchPathOf, withFoundSchemas } from '../../shadow/search-path.js';
import { surveyInside } from '../context.js';
import type { CommandContext, Survey } from '../context.js';
import { findEdited } from '../applied-files.js';
import { ownTables } from '../../snapshot/own-tables.js';
import { classify } from '../../sql/index.js';

/** The schema of the database, and its applied migrations. */
export interface Live {
  readonly survey: Survey;
  readonly schema: Schema;
  readonly searchPath: string;
  /** The project, as the role of the connection sees it. */
  readonly project: CommandContext;
  /** Migrations whose text has changed since they were applied. */
  readonly edited: readonly string[];
}

const mostAttempts = 3;

/**
 * Reads both on one connection, in read-only transactions. A session setting is not used because, through a pooler, it would remain on the
 * connection, and its next client could not write.
 */
export async function readLive(context: CommandContext, found: MigrationList): Promise<Live> {
  try {
    return await withClient(context, (client) => readBoth(client, context, found));
  } catch (error) {
    if (codeOf(error) === lockNotAvailable) throw blocked(context, error);
    throw isServerAbsent(error) ? connectionError(error, { shown: showPlace(context) }) : error;
  }
}

const lockNotAvailable = '55P03';

function blocked({ settings: { lockTimeoutMs } }: CommandContext, cause: unknown): MigrateError {
  return new MigrateError({
    code: 'LOCK_NOT_ACQUIRED',
    message: `The schema could not be read: another session held a lock on one of its objects for longer than ${lockTimeoutMs} ms, as a running migration does. Nothing was changed.`,
    next: 'Try again later, or wait longer: --lock-timeout 30s',
    cause,
  });
}

/** Reads both again if a migration ran in between. */
async function readBoth(client: OwnClient, context: CommandContext, found: MigrationList): Promise<Live> {
  const project = withFoundSchemas(context, await foundSchemas(client));
  for (let attempt = 1; ; attempt++) {
    const before = await readOnly(client, () => surveyInside(client, found, context));
    const schema = await readSchema(poolOf(client, context), { ignoreTables: ownTables(project) });
    const survey = await readOnly(client, () => surveyInside(client, found, context));
    if (namesOf(before) === namesOf(survey) || attempt === mostAttempts)
      return { survey, schema, searchPath: await searchPathOf(client), project, edited: findEdited(survey) };
  }
}

async function readOnly<T>(client: SqlClient, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN READ ONLY');
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

function namesOf({ state }: Survey): string {
  return JSON.stringify(state.applied.map(({ name }) => name));
}

/**
 * Reading a catalog requires a pool, and begins a read-only transaction of its own. Printing a definition waits for a session that
 * changes the object, which may take long.
 */
function poolOf(client: SqlClient, { settings }: CommandContext): CatalogPool {
  const query: SqlClient['query'] = async (sql, parameters) => {
    const result = await client.query(sql, parameters);
    if (classify(sql).some(({ opens }) => opens))
      await client.query(`SET LOCAL lock_timeout = ${settings.lockTimeoutMs}`);
    return result;
  };
  return { connect: () => Promise.resolve({ query, release: () => undefined }) };
}
