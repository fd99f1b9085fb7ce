import type { QueryRunner } from 'typeorm';
import { withOwn } from '../typeorm/own-methods.js';

/**
 * Migrations of existing projects call `commitTransaction()` and then `startTransaction()`, because what follows needs what they have done
 * to be committed, such as a new value of an enum. TypeORM allows this, so the second transaction is opened in the same way as the first.
 */
export async function openingAgain<T>(
  queryRunner: QueryRunner,
  open: () => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  const start = queryRunner.startTransaction.bind(queryRunner);
  let isOpening = false;
  const startTransaction = async (...given: Parameters<QueryRunner['startTransaction']>): Promise<void> => {
    if (isOpening || queryRunner.isTransactionActive) return start(...given);
    isOpening = true;
    try {
      await open();
    } finally {
      isOpening = false;
    }
  };
  return withOwn(queryRunner, { startTransaction }, work);
}
