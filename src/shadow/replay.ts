import type { DataSource, QueryRunner } from 'typeorm';
import type { SqlClient } from '../database/client.js';
import { codeOf, isMigrateError, messageOf, MigrateError } from '../errors.js';
import type { Instantiate, KnownMigration, LoadedMigration } from '../files/migration.js';
import type { Shadow } from './shadow.js';

/** Executes migrations on the shadow, each as a run would. `onEach` hears of each with the statements that it has executed. */
export async function replay(
  shadow: Shadow,
  migrations: readonly KnownMigration[],
  instantiate: Instantiate,
  onEach?: (migration: LoadedMigration, statements: readonly string[]) => Promise<void>,
): Promise<void> {
  for (const known of migrations) {
    const migration = await known.load();
    const statements = await replayOne(shadow, migration, instantiate);
    await onEach?.(migration, statements);
  }
}

/** Returns the statements that it has executed. `watch` gets the query runner first, and whether it runs in a transaction. */
export async function replayOne(
  { dataSource }: Shadow,
  migration: LoadedMigration,
  instantiate: Instantiate,
  watch?: (queryRunner: QueryRunner, transactional: boolean) => Promise<void>,
): Promise<readonly string[]> {
  const statements: string[] = [];
  await withQueryRunner(dataSource, async (queryRunner) => {
    record(queryRunner, statements);
    try {
      const { transaction, up } = await prepare(migration, queryRunner, instantiate);
      await watch?.(queryRunner, transaction !== false);
      if (transaction === false) await up(queryRunner);
      else await inTransaction(queryRunner, () => up(queryRunner));
    } catch (error) {
      throw notReplayed(error, migration.name, statements.at(-1));
    }
  });
  return statements;
}

async function prepare(migration: LoadedMigration, queryRunner: QueryRunner, instantiate: Instantiate) {
  const { transaction, up } = await migration.prepare(queryRunner, instantiate);
  return { transaction, up };
}

export async function withQueryRunner<T>(
  dataSource: DataSource,
  work: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    const result = await work(queryRunner);
    // What a migration has set for its session must not reach the next one.
    await ((await queryRunner.connect()) as SqlClient).query('RESET ALL');
    return result;
  } finally {
    await queryRunner.release();
  }
}

async function inTransaction(queryRunner: QueryRunner, work: () => Promise<unknown>): Promise<void> {
  await queryRunner.startTransaction();
  try {
    await work();
    if (queryRunner.isTransactionActive) await queryRunner.commitTransaction();
  } catch (error) {
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

function record(queryRunner: QueryRunner, statements: string[]): void {
  const query = queryRunner.query.bind(queryRunner) as (...args: readonly unknown[]) => Promise<unknown>;
  queryRunner.query = ((sql: string, ...rest: readonly unknown[]) => {
    if (!/^(?:START TRANSACTION|COMMIT|ROLLBACK)\b/.test(sql)) statements.push(sql);
    return query(sql, ...rest);
  }) as QueryRunner['query'];
}

function notReplayed(error: unknown, migration: string, sql: string | undefined): MigrateError {
  if (isMigrateError(error)) return error.with({ migration });
  const statement = sql === undefined ? '' : `\n  ${sql.trim().split('\n').slice(0, 3).join('\n  ')}`;
  const message = messageOf(error);
  const extension = /extension "([^"]+)" is not available|could not open extension control file/.exec(message);
  return new MigrateError({
    code: 'REPLAY_FAILED',
    message: `Migration ${migration} could not be replayed on the empty shadow database: ${message}${codeOf(error) === undefined ? '' : ` (${codeOf(error)})`}.${statement}\nNothing was written.`,
    next: extension
      ? 'PGlite does not have that extension. Use a server that has it as the shadow: --shadow postgres://user:password@host/database'
      : "Migrations must run on an empty database, as a new colleague's or CI's is. If it needs data, let it do without where there is none.",
    migration,
    ...(sql !== undefined && { sql }),
    cause: error,
  });
}
