import type { QueryRunner } from 'typeorm';
import { putOwn } from './own-methods.js';

/** The statement, what was given with it (values, whether a structured result is wanted), and how TypeORM would execute it. */
export type Intercept = (sql: string, given: readonly unknown[], execute: Query) => Promise<unknown>;

export type Query = (sql: string, ...given: readonly unknown[]) => Promise<unknown>;

/**
 * Everything that goes through this query runner, also what TypeORM writes itself such as BEGIN, goes through `intercept` until the
 * returned function is called. Later interceptions are asked first.
 */
export function interceptQueries(queryRunner: QueryRunner, intercept: Intercept): () => void {
  const execute = queryRunner.query.bind(queryRunner) as Query;
  return putOwn(queryRunner, {
    query: (sql: string, ...given: readonly unknown[]) => intercept(sql, given, execute),
  });
}

/** Sets TypeORM's transaction state for this connection, after we have opened or ended a transaction ourselves. */
export function believe(queryRunner: QueryRunner, transaction: 'open' | 'none'): void {
  const isOpen = transaction === 'open';
  Object.assign(queryRunner, { isTransactionActive: isOpen, transactionDepth: isOpen ? 1 : 0 });
}

/** TypeORM caches the tables that it has read, and would return stale ones. */
export function forgetTables(queryRunner: QueryRunner): void {
  Object.assign(queryRunner, { loadedTables: [], loadedViews: [] });
}

/** Puts a query runner on a connection of ours in place of one of the pool, to which it is not returned. */
export function runOn(queryRunner: QueryRunner, connect: () => Promise<object>): void {
  Object.assign(queryRunner, {
    connect: async () => {
      const connection = await connect();
      // The methods that TypeORM uses after `connect`.
      return Object.assign(queryRunner, { databaseConnection: connection }).databaseConnection;
    },
  });
}
