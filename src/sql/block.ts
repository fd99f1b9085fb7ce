import { sqlTokens } from './tokens.js';
import type { SqlToken } from './tokens.js';
import { Words } from './words.js';

/** The code of a DO statement. */
export interface Block {
  /** The name in its dollar quote: `backfill` of `$backfill$`. */
  readonly tag: string | undefined;
  /** Its words, and those of the strings in it, which may be statements that it executes. */
  readonly code: Words;
  /** Whether it commits or rolls back, as far as can be seen. */
  readonly endsTransactions: 'always' | 'perhaps' | 'never';
}

/** `rest` is what comes after DO. */
export function blockOf(rest: Words): Block {
  const language = rest.take('LANGUAGE') ? rest.takeName() : undefined;
  const text = rest.peek();
  rest.skip(1);
  const [name = 'plpgsql'] = language ?? (rest.take('LANGUAGE') ? rest.takeName() : undefined) ?? [];
  const body = bodyOf(text);
  return {
    tag: tagOf(text),
    code: Words.of([...withStrings(body)]),
    endsTransactions: name === 'plpgsql' ? endsTransactions(body) : 'perhaps',
  };
}

function tagOf(text: string): string | undefined {
  return /^\$([^$]*)\$/.exec(text)?.[1];
}

/** What stands between the quotes. */
function bodyOf(text: string): string {
  const tag = tagOf(text);
  if (tag !== undefined) return text.slice(tag.length + 2, -(tag.length + 2));
  return text.slice(text.indexOf("'") + 1, -1).replaceAll("''", "'");
}

function* withStrings(code: string): Generator<SqlToken> {
  for (const token of sqlTokens(code)) {
    if (token.kind === 'string') yield* withStrings(bodyOf(token.text));
    else yield token;
  }
}

/** What the statements of a block come after. */
export const statementStarts = new Set([';', 'BEGIN', 'THEN', 'ELSE', 'LOOP', '>>']);

/** https://www.postgresql.org/docs/current/plpgsql-transactions.html */
function endsTransactions(body: string): Block['endsTransactions'] {
  const words = Words.of([...sqlTokens(body)]);
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
