import { statementStarts } from './block.js';
import { sqlTokens } from './tokens.js';
import type { SqlToken } from './tokens.js';
import { inCapitals, isSignificant } from './words.js';

/** A statement in a form that can be executed inside a transaction, and the word that was removed from it. */
export interface InTransaction {
  readonly sql: string;
  readonly without: 'CONCURRENTLY' | 'COMMIT';
}

/**
 * The form without CONCURRENTLY, or a PL/pgSQL block without its COMMITs; undefined if there is nothing to remove. The removed text is
 * replaced by blanks, so that the position of an error is the same in both forms.
 */
export function inTransaction(sql: string): InTransaction | undefined {
  const tokens = [...sqlTokens(sql)].filter(isSignificant);
  const words = tokens.map(inCapitals);
  const option = tokens[placeOfConcurrently(words)];
  if (option !== undefined) return { sql: withoutConcurrently(sql, tokens, option), without: 'CONCURRENTLY' };
  const block = words[0] === 'DO' ? withoutCommits(sql, tokens) : sql;
  return block === sql ? undefined : { sql: block, without: 'COMMIT' };
}

/** The position of CONCURRENTLY in commands that also exist without it; -1 for all others. */
function placeOfConcurrently(words: readonly string[]): number {
  const detach = words.indexOf('DETACH');
  const places: Readonly<Record<string, number>> = {
    CREATE: words[1] === 'UNIQUE' ? 3 : 2,
    DROP: 2,
    REINDEX: words.indexOf('CONCURRENTLY'),
    ALTER: detach !== -1 && words[detach + 1] === 'PARTITION' ? words.length - 1 : -1,
  };
  const place = places[words[0] ?? ''] ?? -1;
  return words[place] === 'CONCURRENTLY' ? place : -1;
}

function withoutConcurrently(sql: string, tokens: readonly SqlToken[], option: SqlToken): string {
  const at = tokens.indexOf(option);
  const [before, after] = [tokens[at - 1]?.text ?? '', tokens[at + 1]];
  if (before !== '(' && before !== ',') return replaced(sql, option, '');
  // For REINDEX (CONCURRENTLY on): the list must not be empty, so it gets another option that is off.
  const value = after === undefined || [',', ')'].includes(after.text) ? undefined : after;
  return replaced(value === undefined ? sql : replaced(sql, value, ''), option, 'VERBOSE off');
}

function withoutCommits(sql: string, tokens: readonly SqlToken[]): string {
  const language = tokens.findIndex((token) => inCapitals(token) === 'LANGUAGE');
  const body = tokens.find(({ kind, text }) => kind === 'string' && text.startsWith('$'));
  if (body === undefined || (language !== -1 && inCapitals(tokens[language + 1]) !== 'PLPGSQL')) return sql;
  const tag = body.text.slice(0, body.text.indexOf('$', 1) + 1);
  const code = body.text.slice(tag.length, -tag.length);
  const from = body.index + tag.length;
  return sql.slice(0, from) + codeWithoutCommits(code) + sql.slice(from + code.length);
}

/** Replaces each COMMIT by NULL, the statement that does nothing. */
function codeWithoutCommits(code: string): string {
  const tokens = [...sqlTokens(code)].filter(isSignificant);
  const words = tokens.map(inCapitals);
  let text = code;
  for (const [at, token] of tokens.entries()) {
    if (words[at] !== 'COMMIT' || !statementStarts.has(words[at - 1] ?? '')) continue;
    const rest = tokens.slice(at + 1, words.indexOf(';', at));
    if (!/^(?:AND (?:NO )?CHAIN)?$/.test(rest.map(inCapitals).join(' '))) continue;
    for (const part of rest) text = replaced(text, part, '');
    text = replaced(text, token, 'NULL');
  }
  return text;
}

function replaced(sql: string, { text, index }: SqlToken, by: string): string {
  return sql.slice(0, index) + by.padEnd(text.length) + sql.slice(index + text.length);
}
