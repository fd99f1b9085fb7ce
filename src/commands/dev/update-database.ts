import type { DownStep } from '../../database/drafts.js';
import { isLockFailure } from '../../database/failure.js';
import { lendQueryRunner } from '../../database/lend-query-runner.js';
import type { SqlClient } from '../../database/sql-client.js';
import { messageOf, MigrateError } from '../../errors.js';
import { classify } from '../../sql/index.js';
import type { CommandContext } from '../context.js';

/** The statements to execute in a development database, and the records to write with the last of them. */
export interface Update {
  readonly steps: readonly DownStep[];
  readonly record: readonly string[];
}

/** Executes the update. The records share a transaction with the last step that has one. */
export function updateDatabase({ steps, record }: Update, context: CommandContext): Promise<void> {
  return lendQueryRunner(context, async (queryRunner) => {
    const client = (await queryRunner.connect()) as SqlClient;
    const last = steps.at(-1)?.transaction === true ? steps.length - 1 : steps.length;
    const all = last === steps.length ? [...steps, { transaction: true, statements: [] }] : steps;
    for (const [index, { transaction, statements }] of all.entries()) {
      const also = index === last ? record : [];
      if (transaction) await inTransaction([...statements, ...also], client, { done: index > 0, context });
      else await alone(statements, client);
    }
  });
}

interface Progress {
  /** Whether something has already been committed. */
  readonly done: boolean;
  readonly context: CommandContext;
}

async function inTransaction(
  statements: readonly string[],
  client: SqlClient,
  { done, context }: Progress,
): Promise<void> {
  let current: string | undefined;
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL lock_timeout = ${context.settings.lockTimeoutMs}`);
    let mayWait = false;
    for (const sql of statements) {
      current = sql;
      const parts = classify(sql);
      // After rows were changed, the server refuses ALTER TABLE as long as a deferred constraint has not been checked.
      if (mayWait && parts.some(({ locksTables }) => locksTables)) await client.query('SET CONSTRAINTS ALL IMMEDIATE');
      mayWait = !parts.every(({ locksTables }) => locksTables);
      await client.query(sql);
    }
    current = undefined;
    await client.query('COMMIT');
  } catch (error) {
    const isBack =
      current !== undefined &&
      (await client.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
    const before = done ? ' What was committed before it stays; the next `nest-migrate dev` continues from there.' : '';
    throw failed(error, current, isBack ? `It was rolled back.${before}` : 'Whether it was rolled back is not known.');
  }
}

async function alone(statements: readonly string[], client: SqlClient): Promise<void> {
  for (const sql of statements)
    await client.query(sql).catch((error: unknown) => {
      throw failed(error, sql, 'What came before it stays; the next `nest-migrate dev` continues from there.');
    });
}

function failed(error: unknown, sql: string | undefined, state: string): MigrateError {
  const what = sql === undefined ? 'The change could not be committed' : 'A statement failed in the database';
  return new MigrateError({
    code: 'MIGRATION_FAILED',
    message: `${what}: ${messageOf(error)}. ${state} No file was written.`,
    next: isLockFailure(error)
      ? 'Another session uses the table: stop the app, or end its transaction, then: nest-migrate dev'
      : 'Correct the entities or the rows concerned, then: nest-migrate dev',
    ...(sql !== undefined && { sql }),
    cause: error,
  });
}
