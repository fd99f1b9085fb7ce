import type { QueryRunner } from 'typeorm';
import { classify, inTransaction } from '../sql/index.js';
import { putOwn } from './own-methods.js';
import type { Query } from './query-runner.js';

/**
 * Until the returned function is called, whatever asks the data source for a query runner (its manager, its repositories, a migration that
 * wants another one) gets this one under another face: released, it stays connected, and a transaction in it is a savepoint. What a connection
 * of its own could execute although this one is in a transaction, such as CREATE INDEX CONCURRENTLY, is executed in the form that is possible
 * here, and not observed.
 */
export async function shareWithOthers(queryRunner: QueryRunner): Promise<() => void> {
  // A face has the connection of the whole, so that must be there.
  await queryRunner.connect();
  const unshare = putOwn(queryRunner.connection, { createQueryRunner: () => sharing(queryRunner) });
  // A migration that releases its query runner only says that it is done.
  const releasable = putOwn(queryRunner, { release: () => Promise.resolve() });
  return () => {
    releasable();
    unshare();
  };
}

function sharing(whole: QueryRunner): QueryRunner {
  const own = (Object.getPrototypeOf(whole) as QueryRunner).query.bind(whole) as Query;
  const face = faceOf(whole, (sql, ...given) => {
    const isAlone = whole.isTransactionActive && !hasOwnTransaction(face, whole) && mustBeAlone(sql);
    if (!isAlone) return (whole.query as Query).call(face, sql, ...given);
    const possible = inTransaction(sql);
    return possible === undefined ? Promise.resolve([]) : own(possible.sql);
  });
  return face;
}

/**
 * A query runner on the connection of another one: released, it leaves it connected. What it counts, such as the depth of its
 * transactions, is its own, and begins where the whole one stands.
 */
export function faceOf(whole: QueryRunner, query: Query): QueryRunner {
  const face = Object.create(whole) as QueryRunner;
  const release = (): Promise<void> => {
    Object.defineProperty(face, 'isReleased', { value: true });
    return Promise.resolve();
  };
  // TypeORM 1.0 calls it `dataSource` as well; 0.3 does not.
  const manager = whole.connection.createEntityManager(face);
  return Object.assign(face, { release, manager, query });
}

/** Whether a face has opened a transaction of its own. */
export function hasOwnTransaction(face: QueryRunner, whole: QueryRunner): boolean {
  return depthOf(face) !== depthOf(whole);
}

function depthOf(queryRunner: QueryRunner): number {
  return (queryRunner as unknown as { readonly transactionDepth: number }).transactionDepth;
}

function mustBeAlone(sql: string): boolean {
  return classify(sql).some(({ runsAlone }) => runsAlone === 'always');
}
