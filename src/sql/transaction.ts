import type { Words } from './words.js';

/** What a statement does to the transaction of its session. */
export interface TransactionEffect {
  /** A new transaction is open after it: BEGIN, also COMMIT AND CHAIN. */
  readonly opens: boolean;
  /** The transaction that was open before it has ended: COMMIT, ROLLBACK, PREPARE TRANSACTION. */
  readonly closes: boolean;
  /** What the transaction has done is undone: all of it, or what came after a savepoint. */
  readonly undoes: boolean;
  readonly savepoint: 'sets' | 'releases' | 'returns to' | undefined;
}

const none: TransactionEffect = { opens: false, closes: false, undoes: false, savepoint: undefined };

/** https://www.postgresql.org/docs/current/sql-begin.html and the pages that it refers to. */
export function transactionOf(words: Words): TransactionEffect {
  if (words.take('BEGIN') || words.take('START', 'TRANSACTION')) return { ...none, opens: true };
  if (words.take('PREPARE', 'TRANSACTION')) return { ...none, closes: true };
  if (words.take('SAVEPOINT')) return { ...none, savepoint: 'sets' };
  if (words.take('RELEASE')) return { ...none, savepoint: 'releases' };
  const undoes = words.take('ROLLBACK') || words.take('ABORT');
  if (!undoes && !words.take('COMMIT') && !words.take('END')) return none;
  // A transaction that was prepared is not the one of the session.
  if (words.take('PREPARED')) return none;
  if (!words.take('WORK')) words.take('TRANSACTION');
  if (words.take('TO')) return { ...none, undoes, savepoint: 'returns to' };
  return { ...none, opens: words.take('AND', 'CHAIN'), closes: true, undoes };
}
