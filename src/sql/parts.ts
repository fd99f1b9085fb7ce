import type { Words } from './words.js';

/** The parts of a statement between these words outside of parentheses, as written in `sql`. */
export function splitAt(statement: Words, sql: string, words: readonly string[]): readonly string[] {
  const parts: string[] = [];
  const rest = statement.from(0);
  const whole = rest.rest(sql);
  const offset = rest.token()?.index ?? 0;
  let start = 0;
  while (rest.token() !== undefined) {
    const end = (rest.token()?.index ?? 0) - offset;
    if (!rest.take(...words)) {
      rest.skipPart();
      continue;
    }
    parts.push(whole.slice(start, end).trim());
    start = (rest.token()?.index ?? sql.length) - offset;
  }
  return [...parts, whole.slice(start)];
}

/** The name after the first occurrence of these words, or, without words, the name at its beginning. */
export function nameAfter(statement: Words, words: readonly string[]): readonly string[] | undefined {
  const at = words.length === 0 ? 0 : statement.indexOf(...words);
  return at === -1 ? undefined : statement.from(at + words.length).takeName();
}

/** The text in each outermost pair of parentheses, as written in `sql`. */
export function groups(statement: Words, sql: string): readonly string[] {
  const rest = statement.from(0);
  const found: string[] = [];
  while (rest.token() !== undefined) {
    if (rest.peek() === '(') found.push(rest.takeParentheses().rest(sql));
    else rest.skip(1);
  }
  return found;
}
