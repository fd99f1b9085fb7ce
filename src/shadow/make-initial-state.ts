import type pg from 'pg';
import { codeOf, messageOf, MigrateError } from '../errors.js';
import { anotherShadow } from './another-shadow.js';
import type { InitialState } from './initial-state.js';
import { missingLine } from './missing-line.js';

/**
 * Makes the initial state on an empty database. What the statements set for their session is no part of it. Returns why extensions that
 * TypeORM would install are missing.
 */
export async function makeInitialState(
  pool: Pick<pg.Pool, 'connect'>,
  { statements }: InitialState,
  resetSession: string,
): Promise<readonly string[]> {
  if (statements.length === 0) return [];
  const client = await pool.connect();
  const missing: string[] = [];
  try {
    for (const { sql, from } of statements) {
      await client.query(sql).catch((error: unknown) => {
        if (from !== 'typeorm') throw notMade(sql, error);
        missing.push(messageOf(error));
      });
    }
    await client.query('DISCARD ALL');
    await client.query(resetSession);
  } finally {
    client.release();
  }
  return missing;
}

function notMade(sql: string, error: unknown): MigrateError {
  const code = codeOf(error);
  const line = missingLine(error);
  const excerpt = sql.split('\n').slice(0, 3).join('\n  ');
  return new MigrateError({
    code: 'INITIAL_STATE_FAILED',
    message: `The initial state could not be created on the shadow: ${messageOf(error)}${code === undefined ? '' : ` (${code})`}.\n  ${excerpt}\nNothing was written.`,
    next:
      anotherShadow(error) ??
      (line === undefined
        ? 'Correct the setting initialState: it is executed on an empty database, before the first migration.'
        : `Add what it needs to the setting initialState, before this statement: ${line}`),
    sql,
    cause: error,
  });
}
