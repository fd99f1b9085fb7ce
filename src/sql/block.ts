import { sqlTokens } from './tokens.js';
import { Words } from './words.js';

/** The code of a DO statement. */
export interface Block {
  /** The name in its dollar quote: `backfill` of `$backfill$`. */
  readonly tag: string | undefined;
  /** Whether it commits or rolls back, as far as can be seen. */
  readonly endsTransactions: 'always' | 'perhaps' | 'never';
}

/** `rest` is what comes after DO. */
export function blockOf(rest: Words): Block {
  const language = rest.take('LANGUAGE') ? rest.takeName() : undefined;
  const text = rest.peek();
  rest.skip(1);
  const [name = 'plpgsql'] = language ?? (rest.take('LANGUAGE') ? rest.takeName() : undefined) ?? [];
  const tag = /^\$([^$]*)\$/.exec(text)?.[1];
  return { tag, endsTransactions: name === 'plpgsql' ? endsTransactions(bodyOf(text, tag)) : 'perhaps' };
}

/** What stands between the quotes. */
function bodyOf(text: string, tag: string | undefined): string {
  if (tag !== undefined) return text.slice(tag.length + 2, -(tag.length + 2));
  return text.slice(text.indexOf("'") + 1, -1).replaceAll("''", "'");
}

/** What the statements of a block come after. */
export const statementStarts = new Set([';', 'BEGIN', 'THEN', 'ELSE', 'LOOP', '>>']);

/** https://www.postgresql.org/docs/current/plpgsql-transactions.html */
function endsTransactions(body: string): Block['endsTransactions'] {
  const words = new Words([...sqlTokens(body)]);
  let calls = false;
  for (let before = ''; words.token() !== undefined; words.skip(1)) {
    const word = words.peek();
    const ends = word === 'COMMIT' || word === 'ROLLBACK';
    if (statementStarts.has(before) && ends && [';', 'AND'].includes(words.peek(1))) return 'always';
    if (statementStarts.has(before) && word === 'CALL') calls = true;
    before = word;
  }
  return calls ? 'perhaps' : 'never';
}
