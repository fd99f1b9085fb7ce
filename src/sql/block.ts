import { sqlTokens } from './tokens.js';
import type { SqlToken } from './tokens.js';
import { Words } from './words.js';

/** The code of a DO statement. */
export interface Block {
  /** The name in its dollar quote: `backfill` of `$backfill$`. */
  readonly tag: string | undefined;
  /** Its words, including those in its strings, which may be statements that it executes. */
  readonly code: Words;
  /** The tables whose rows it may change, as far as its text names them. */
  readonly writes: readonly BlockWrite[];
  /** Whether it commits or rolls back, as far as its text shows. */
  readonly endsTransactions: 'always' | 'perhaps' | 'never';
}

export interface BlockWrite {
  readonly verb: 'UPDATE' | 'DELETE';
  readonly table: readonly string[];
}

/** `rest` is the part of the statement after DO. */
export function blockOf(rest: Words): Block {
  const language = rest.take('LANGUAGE') ? rest.takeName() : undefined;
  const text = rest.peek();
  rest.skip(1);
  const [name = 'plpgsql'] = language ?? (rest.take('LANGUAGE') ? rest.takeName() : undefined) ?? [];
  const body = bodyOf(text);
  const code = Words.of([...withStrings(body)]);
  return {
    tag: tagOf(text),
    code,
    writes: writesOf(code),
    endsTransactions: name === 'plpgsql' ? endsTransactions(body) : 'perhaps',
  };
}

/** The backfill of a partitioned table names the table only in the query that lists its partitions. */
function writesOf(code: Words): readonly BlockWrite[] {
  const found: BlockWrite[] = [];
  const isUpdate = code.has('UPDATE');
  for (const words = code.from(0); words.token() !== undefined; words.skip(1)) {
    const isTree = words.peek() === 'PG_PARTITION_TREE' && isUpdate && words.peek(1) === '(';
    const verb = isTree || words.peek() === 'UPDATE' ? 'UPDATE' : words.peek() === 'DELETE' ? 'DELETE' : undefined;
    if (verb === undefined) continue;
    const target = words.from(words.position + (isTree ? 2 : 1));
    if (verb === 'DELETE') target.take('FROM');
    target.take('ONLY');
    const table = target.takeName();
    if (table) found.push({ verb, table });
  }
  return found;
}

function tagOf(text: string): string | undefined {
  return /^\$([^$]*)\$/.exec(text)?.[1];
}

/** The text between the quotes. */
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

/** A statement of a block may begin after one of these. */
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
