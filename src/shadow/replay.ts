import type { QueryRunner } from 'typeorm';
import { ledgerChangeOnce } from '../database/ledger.js';
import type { SqlClient } from '../database/sql-client.js';
import { tablesOf } from '../database/tables.js';
import { Turns } from '../database/turns.js';
import { foundElsewhere } from '../database/elsewhere.js';
import type { Direction } from '../events.js';
import type { Instantiate, KnownMigration, LoadedMigration } from '../files/migration.js';
import { lentFor } from './lent-extensions.js';
import { CallsSynchronize, notReplayed } from './not-replayed.js';
import { shareWithOthers } from '../typeorm/shared-query-runner.js';
import type { ConnectedShadow } from './connected.js';
import { originBefore } from './origins.js';
import type { Around } from './transcript.js';
import { classify } from '../sql/index.js';
import { putOwn, withOwn } from '../typeorm/own-methods.js';
import { interceptQueries } from '../typeorm/query-runner.js';

/** Executes migrations on the shadow, each as a run would. */
export async function replay(
  shadow: ConnectedShadow,
  migrations: readonly KnownMigration[],
  instantiate: Instantiate,
  onEach: () => void = () => undefined,
): Promise<void> {
  for (const known of migrations) {
    onEach();
    await replayOne(shadow, await known.load(), instantiate);
  }
}

type Watch = (queryRunner: QueryRunner, transactional: boolean) => Promise<void>;

/** Returns the statements that it has executed. `watch` gets the query runner first, and whether it runs in a transaction. */
export async function replayOne(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  instantiate: Instantiate,
  watch?: Watch,
): Promise<readonly string[]> {
  return (await replayIf(shadow, migration, instantiate, { watch })) ?? [];
}

/** Executes the down of a migration; undefined if it has none. */
export async function replayBack(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  instantiate: Instantiate,
): Promise<readonly string[] | undefined> {
  return replayIf(shadow, migration, instantiate, { direction: 'down' });
}

interface Hooks {
  readonly direction?: Direction;
  readonly watch?: Watch | undefined;
  /** Decides whether to keep the effects; called only if they can be rolled back. */
  readonly stays?: (statements: readonly string[]) => boolean;
  readonly around?: Around | undefined;
}

/** The same; undefined if it was rolled back. */
export async function replayIf(
  shadow: ConnectedShadow,
  migration: LoadedMigration,
  instantiate: Instantiate,
  { direction = 'up', watch, stays = () => true, around = (_queryRunner, work) => work() }: Hooks,
): Promise<readonly string[] | undefined> {
  const executed = await withQueryRunner(shadow, async (queryRunner) => {
    const isLent = shadow.lendsExtensions === true && originBefore(migration) === 'generated';
    const { statements, endedTransaction } = record(
      queryRunner,
      (sql) => shadow.given.accept(sql, migration.name),
      isLent ? lentFor : () => undefined,
    );
    try {
      const { transaction, [direction]: execute } = await migration.prepare(queryRunner, instantiate, 'trial');
      if (execute === undefined) return undefined;
      await watch?.(queryRunner, transaction !== false);
      const work = () => around(queryRunner, () => new Turns(queryRunner).during(() => execute(queryRunner)));
      if (transaction === false) await work();
      else {
        const wanted = await inTransaction(queryRunner, work, () => endedTransaction() || stays(statements));
        if (!wanted) return undefined;
      }
      return statements;
    } catch (error) {
      const client = { query: async (sql: string) => ((await queryRunner.connect()) as SqlClient).query(sql) };
      const hint = await foundElsewhere(client, error);
      const last = error instanceof CallsSynchronize ? undefined : statements.at(-1);
      throw notReplayed(error, migration, last, { ...shadow, hint });
    }
  });
  if (executed === undefined) return undefined;
  shadow.replayed?.push(...executed);
  await note(shadow, migration, direction);
  return executed;
}

/** As a run does, but resets the session: some shadows have only one, in which a migration may have changed the search path. */
async function note(
  { pool, dataSource }: ConnectedShadow,
  migration: LoadedMigration,
  direction: Direction,
): Promise<void> {
  // A migration that drops the ledger cannot be recorded.
  await pool.query(ledgerChangeOnce(tablesOf(dataSource), migration, direction)).catch(() => undefined);
}

/** What a migration tells of its progress would be repeated with each replay, and read as if a database of the user was being changed. */
const silent = { log: () => undefined, info: () => undefined, debug: () => undefined };
let silenced = 0;
let restoreConsole = (): void => undefined;

/** Replays may overlap: the console is what it was again when the last of them ends, not what an earlier one has made of it. */
async function silently<T>(work: () => Promise<T>): Promise<T> {
  if (silenced === 0) restoreConsole = putOwn(console, silent);
  silenced += 1;
  try {
    return await work();
  } finally {
    silenced -= 1;
    if (silenced === 0) restoreConsole();
  }
}

/** Other query runners share this one meanwhile, since some shadows have a single session. */
export async function withQueryRunner<T>(
  { dataSource, resetSession }: Pick<ConnectedShadow, 'dataSource' | 'resetSession'>,
  work: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    const keepToItself = await shareWithOthers(queryRunner);
    const own = { synchronize: () => Promise.reject(new CallsSynchronize()) };
    const result = await silently(() => withOwn(dataSource, own, () => work(queryRunner))).finally(keepToItself);
    // Session settings of a migration must not affect the next one.
    await ((await queryRunner.connect()) as SqlClient).query(resetSession);
    return result;
  } finally {
    await queryRunner.release();
  }
}

/** Returns whether it was committed. A migration that commits by itself cannot be rolled back. */
async function inTransaction(
  queryRunner: QueryRunner,
  work: () => Promise<unknown>,
  stays: () => boolean,
): Promise<boolean> {
  await queryRunner.startTransaction();
  try {
    await work();
    if (!queryRunner.isTransactionActive) return true;
    const wanted = stays();
    if (wanted) await queryRunner.commitTransaction();
    else await queryRunner.rollbackTransaction();
    return wanted;
  } catch (error) {
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

interface Recorded {
  readonly statements: readonly string[];
  readonly endedTransaction: () => boolean;
}

/** The statements that TypeORM's query runner sends around a migration. */
const ofTypeorm = new Set(['START TRANSACTION', 'COMMIT', 'ROLLBACK']);

function record(queryRunner: QueryRunner, accept: (sql: string) => string, lent: typeof lentFor): Recorded {
  const statements: string[] = [];
  const endedTransaction = noticeEnd(queryRunner);
  interceptQueries(queryRunner, (sql, given, execute) => {
    if (!classify(sql).every(({ command }) => ofTypeorm.has(command))) statements.push(sql);
    const run = (): Promise<unknown> => execute(accept(sql), ...given);
    return lent(sql, execute)?.then(run) ?? run();
  });
  return { statements, endedTransaction };
}

/** Tells whether the migration has committed or rolled back by itself, as far as can be seen: that cannot be taken back. */
export function noticeEnd(queryRunner: QueryRunner): () => boolean {
  let ended = false;
  interceptQueries(queryRunner, (sql, given, execute) => {
    ended ||= classify(sql).some(({ closes }) => closes);
    return execute(sql, ...given);
  });
  return () => ended;
}
