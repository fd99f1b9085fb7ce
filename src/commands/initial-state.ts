import { withClient } from '../database/client.js';
import { readContents } from '../database/contents.js';
import type { DroppableObject } from '../database/contents.js';
import { sqlState } from '../database/failure.js';
import type { SqlClient } from '../database/sql-client.js';
import { messageOf, MigrateError } from '../errors.js';
import { initialSessionOf } from '../shadow/initial-session.js';
import type { CommandContext } from './context.js';

/** `duplicate_table`, `_object`, `_function`, `_schema` and `_column`: `fresh` keeps what belongs to another role. */
const duplicate = new Set(['42P07', '42710', '42723', '42P06', '42701']);

/**
 * Executes the setting `initialState` in a database of development, as replays and test databases do. In any other database it was there
 * before the first migration. All of it is one transaction.
 */
export async function makeInitialState(context: CommandContext, where: 'if empty' | 'after emptying'): Promise<void> {
  if (context.settings.initialState === undefined) return;
  const { statements } = initialSessionOf(context);
  await withClient(context, async (client) => {
    const contents = where === 'if empty' ? await readContents(client) : [];
    if (contents.some((object) => !isBeforehand(object, context))) return;
    await client.query('BEGIN');
    for (const sql of statements) await makeOne(sql, client);
    // What a statement has set for its session is no part of it.
    await client.query('COMMIT; RESET ALL');
  });
}

/** What TypeORM or a search path needs, and the tables of the ledger, which are there after a failed run. */
function isBeforehand({ kind, name }: DroppableObject, { tables }: Pick<CommandContext, 'tables'>): boolean {
  const isOwn = name === tables.name || name.startsWith(`${tables.name}_`) || name === 'typeorm_metadata';
  return kind === 'extension' || kind === 'schema' || isOwn;
}

async function makeOne(sql: string, client: SqlClient): Promise<void> {
  await client.query('SAVEPOINT initial_state');
  try {
    await client.query(sql);
    await client.query('RELEASE SAVEPOINT initial_state');
  } catch (error) {
    if (!duplicate.has(sqlState(error) ?? '')) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw notMade(sql, error);
    }
    await client.query('ROLLBACK TO SAVEPOINT initial_state');
  }
}

function notMade(sql: string, error: unknown): MigrateError {
  const code = sqlState(error);
  const excerpt = sql.split('\n').slice(0, 3).join('\n  ');
  return new MigrateError({
    code: 'INITIAL_STATE_FAILED',
    message: `The setting initialState could not be executed in this empty database: ${messageOf(error)}${code === undefined ? '' : ` (${code})`}.\n  ${excerpt}\nNone of it was kept, and no migration was run.`,
    next:
      code === '42501'
        ? 'This role may not execute it. Execute it once as a role that may, then run the command again.'
        : 'Correct the setting initialState: it is executed on an empty database, before the first migration.',
    sql,
    cause: error,
  });
}
