import { jest } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { differences } from '../../src/schema/fingerprint.js';
import { look } from '../../src/shadow/look.js';
import type { Look } from '../../src/shadow/look.js';
import type { ConnectedShadow } from '../../src/shadow/connected.js';
import { createDatabase } from '../support/database.js';

/** What a look at what may have changed since then gets wrong, compared to a look at everything. In a transaction. */
export async function mistakes(queryRunner: QueryRunner, earlier: Look): Promise<readonly string[]> {
  const quick = await look(queryRunner, earlier);
  const whole = await look(queryRunner);
  const [is, shouldBe] = [quick, whole].map(({ fingerprint }) => JSON.stringify([...fingerprint].toSorted()));
  if (is === shouldBe) return [];
  return ['They differ.', ...differences(whole.fingerprint, quick.fingerprint)];
}

/** Whether it could be executed; otherwise it leaves nothing behind. */
export async function succeeds(queryRunner: QueryRunner, sql: string): Promise<boolean> {
  await queryRunner.query('SAVEPOINT attempt');
  try {
    await queryRunner.query(sql);
    await queryRunner.query('RELEASE SAVEPOINT attempt');
    return true;
  } catch {
    await queryRunner.query('ROLLBACK TO SAVEPOINT attempt');
    return false;
  }
}

/** In a transaction, of which only that stays which is to stay. */
export async function inTransaction<T>(
  { dataSource }: ConnectedShadow,
  ending: 'commit' | 'roll back',
  work: (queryRunner: QueryRunner) => Promise<T>,
): Promise<T> {
  const queryRunner = dataSource.createQueryRunner();
  await queryRunner.startTransaction();
  try {
    const result = await work(queryRunner);
    if (ending === 'commit') await queryRunner.commitTransaction();
    return result;
  } finally {
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

/** What PostgreSQL is asked by a look. */
export async function questionsOf(queryRunner: QueryRunner, earlier: Look): Promise<readonly string[]> {
  const query = jest.spyOn(queryRunner, 'query');
  await look(queryRunner, earlier);
  return query.mock.calls.flatMap(([sql]) => /^EXECUTE nest_migrate_(\w+)/.exec(sql)?.[1] ?? []);
}

/** One transaction in another database of the server that lasts, and others that come and go. */
export async function somebodyElse(url: string | undefined): Promise<() => Promise<void>> {
  if (url === undefined) return () => Promise.resolve();
  const database = await createDatabase();
  const [lasting, busy] = [await database.client(), await database.client()];
  await lasting.query('BEGIN; CREATE TABLE lasting (id int)');
  const stop = new AbortController();
  const work = (async () => {
    while (!stop.signal.aborted)
      await busy.query('BEGIN; CREATE TABLE passing (id int); SELECT pg_sleep(0.003); ROLLBACK');
  })();
  return async () => {
    stop.abort();
    await work;
    await database.drop();
  };
}
