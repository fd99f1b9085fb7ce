import type { QueryRunner } from 'typeorm';
import { classify, inTransaction } from '../sql/index.js';
import { poolOf, putPool } from './driver.js';
import { putOwn } from './own-methods.js';
import type { Query } from './query-runner.js';

/**
 * Until the returned function is called, whatever asks the data source for a query runner (its manager, its repositories, a migration that
 * wants another one) gets this one under another face: released, it stays connected, and a transaction in it is a savepoint. What a connection
 * of its own could execute although this one is in a transaction, such as CREATE INDEX CONCURRENTLY, is executed in the form that is possible
 * here, and not observed. The pool of the driver, which few migrations use, gives away the same connection.
 */
export async function shareWithOthers(queryRunner: QueryRunner): Promise<() => void> {
  // A face has the connection of the whole, so that must be there.
  const client = (await queryRunner.connect()) as Client;
  const takePool = putPool(queryRunner.connection, poolWith(client, queryRunner));
  const unshare = putOwn(queryRunner.connection, { createQueryRunner: () => sharing(queryRunner) });
  // A migration that releases its query runner only says that it is done.
  const releasable = putOwn(queryRunner, { release: () => Promise.resolve() });
  return () => {
    releasable();
    unshare();
    takePool();
  };
}

/** A client of `pg`, or its pool: both have this method, with a callback or without. */
interface Client {
  query(text: unknown, ...more: readonly unknown[]): unknown;
}

type Connected = (error: undefined, client: object, release: () => void) => void;

function poolWith(client: Client, whole: QueryRunner): object {
  const face = Object.assign(Object.create(client) as Client, {
    query: (text: unknown, ...more: readonly unknown[]): unknown =>
      client.query(typeof text === 'string' && whole.isTransactionActive ? inside(text) : text, ...more),
    release: (): void => undefined,
  });
  const connect = (done?: Connected): Promise<object> | undefined => {
    if (done === undefined) return Promise.resolve(face);
    done(undefined, face, () => undefined);
    return undefined;
  };
  return Object.assign(Object.create(poolOf(whole.connection) as object) as object, { connect, query: face.query });
}

/** A statement that begins or ends a transaction of another connection does so within the one that is there. */
function inside(sql: string): string {
  const [only, ...more] = classify(sql);
  if (only === undefined || more.length > 0) return sql;
  const name = 'of_the_pool';
  if (only.opens) return `SAVEPOINT ${name}`;
  if (only.undoes) return `ROLLBACK TO SAVEPOINT ${name}`;
  return only.closes ? `RELEASE SAVEPOINT ${name}` : sql;
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
