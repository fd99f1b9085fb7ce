import { statementsOf } from './split.js';
import { sqlTokens } from './tokens.js';
import { Words } from './words.js';

/** The effect of a statement on the transaction of its session. */
export interface TransactionEffect {
  /** Whether a new transaction is open afterwards: BEGIN, and also COMMIT AND CHAIN. */
  readonly opens: boolean;
  /** Whether the transaction that was open has ended: COMMIT, ROLLBACK, PREPARE TRANSACTION. */
  readonly closes: boolean;
  /** Whether it undoes the work of the transaction, or the part after a savepoint. */
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
  // A prepared transaction no longer belongs to the session.
  if (words.take('PREPARED')) return none;
  if (!words.take('WORK')) words.take('TRANSACTION');
  if (words.take('TO')) return { ...none, undoes, savepoint: 'returns to' };
  return { ...none, opens: words.take('AND', 'CHAIN'), closes: true, undoes };
}

/** How a message that consists of this one statement ends the transaction of its session. Only its first words are read. */
export function endsTransaction(sql: string): 'COMMIT' | 'ROLLBACK' | undefined {
  const words = Words.of(sqlTokens(sql));
  if (words.peek() === 'PREPARE') return undefined;
  const { closes, opens, undoes } = transactionOf(words);
  words.take(';');
  // After COMMIT AND CHAIN, a transaction is open again.
  if (!closes || opens || words.token() !== undefined) return undefined;
  return undoes ? 'ROLLBACK' : 'COMMIT';
}

/** The isolation level that `SET TRANSACTION ISOLATION LEVEL …` asks for, which must be the first statement of its transaction. */
export function isolationLevelIn(sql: string): string | undefined {
  const words = Words.of(sqlTokens(sql));
  if (!words.take('SET', 'TRANSACTION', 'ISOLATION', 'LEVEL')) return undefined;
  return levels.find((level) => words.take(...level.split(' ')));
}

const levels = ['SERIALIZABLE', 'REPEATABLE READ', 'READ COMMITTED', 'READ UNCOMMITTED'];

/** Every word with which a statement begins that ends a transaction; most texts contain none. */
const end = /\b(?:commit|end|rollback|abort)\b/i;

/** The statements of a message of which one ends a transaction, so that they can be sent one by one; otherwise the message itself. */
export function apartAtEnds(message: string): readonly string[] {
  if (!end.test(message)) return [message];
  const statements = [...statementsOf(message)];
  if (statements.length < 2 || !statements.some((tokens) => transactionOf(Words.of(tokens)).closes)) return [message];
  return statements.map((tokens) => tokens.map(({ text }) => text).join(''));
}
