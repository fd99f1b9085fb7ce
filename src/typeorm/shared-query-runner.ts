import type { DataSource, QueryRunner } from 'typeorm';
import { classify, inTransaction } from '../sql/index.js';
import { putOwn } from './own-methods.js';

/**
 * Until the returned function is called, whatever asks the data source for a query runner (its manager, its repositories, a migration that
 * wants another one) gets this one under another face: released, it stays connected, and a transaction in it is a savepoint. What a connection
 * of its own could execute although this one is in a transaction, such as CREATE INDEX CONCURRENTLY, is executed in the form that is possible
 * here, and not observed.
 */
export async function shareWithOthers(queryRunner: QueryRunner): Promise<() => void> {
  // A part has the connection of the whole, so that must be there.
  await queryRunner.connect();
  // TypeORM 1.0 calls it `dataSource` as well; 0.3 does not.
  const { connection: dataSource } = queryRunner;
  const unshare = putOwn(dataSource, { createQueryRunner: () => partOf(queryRunner, dataSource) });
  // A migration that releases its query runner only says that it is done.
  const releasable = putOwn(queryRunner, { release: () => Promise.resolve() });
  return () => {
    releasable();
    unshare();
  };
}

function partOf(whole: QueryRunner, dataSource: DataSource): QueryRunner {
  // What it counts, such as the depth of its transactions, is its own, and begins where the whole one stands.
  const part = Object.create(whole) as QueryRunner;
  const release = (): Promise<void> => {
    Object.defineProperty(part, 'isReleased', { value: true });
    return Promise.resolve();
  };
  const manager = dataSource.createEntityManager(part);
  const own = (Object.getPrototypeOf(whole) as QueryRunner).query.bind(whole);
  const query = (sql: string, ...given: readonly unknown[]): Promise<unknown> => {
    const isAlone = whole.isTransactionActive && !hasOwnTransaction(part, whole) && mustBeAlone(sql);
    if (!isAlone) return whole.query.call(part, sql, ...(given as []));
    const possible = inTransaction(sql);
    return possible === undefined ? Promise.resolve([]) : own(possible.sql);
  };
  return Object.assign(part, { release, manager, query });
}

/** Whether a face has opened a transaction of its own. */
export function hasOwnTransaction(part: QueryRunner, whole: QueryRunner): boolean {
  return depthOf(part) !== depthOf(whole);
}

function depthOf(queryRunner: QueryRunner): number {
  return (queryRunner as unknown as { readonly transactionDepth: number }).transactionDepth;
}

function mustBeAlone(sql: string): boolean {
  return classify(sql).some(({ runsAlone }) => runsAlone === 'always');
}
