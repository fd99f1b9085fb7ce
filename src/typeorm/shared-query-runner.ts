import type { DataSource, QueryRunner } from 'typeorm';
import { putOwn } from './own-methods.js';

/**
 * Until the returned function is called, whatever asks the data source for a query runner (its manager, its repositories, a migration that
 * wants another one) gets this one under another face: released, it stays connected, and a transaction in it is a savepoint.
 */
export async function shareWithOthers(queryRunner: QueryRunner): Promise<() => void> {
  // A part has the connection of the whole, so that must be there.
  await queryRunner.connect();
  // TypeORM 1.0 calls it `dataSource` as well; 0.3 does not.
  const { connection: dataSource } = queryRunner;
  return putOwn(dataSource, { createQueryRunner: () => partOf(queryRunner, dataSource) });
}

function partOf(whole: QueryRunner, dataSource: DataSource): QueryRunner {
  // What it counts, such as the depth of its transactions, is its own, and begins where the whole one stands.
  const part = Object.create(whole) as QueryRunner;
  const release = (): Promise<void> => {
    Object.defineProperty(part, 'isReleased', { value: true });
    return Promise.resolve();
  };
  const manager = dataSource.createEntityManager(part);
  return Object.assign(part, { release, manager });
}
