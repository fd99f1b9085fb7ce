import { plainName } from './quote.js';
import type { SqlToken } from './tokens.js';

/** Reads a statement word by word, without white space and comments. */
export class Words {
  readonly #tokens: readonly SqlToken[];
  #at: number;

  private constructor(tokens: readonly SqlToken[], at: number) {
    this.#tokens = tokens;
    this.#at = at;
  }

  static of(tokens: readonly SqlToken[]): Words {
    return new Words(
      tokens.filter(({ kind }) => kind !== 'space' && kind !== 'comment'),
      0,
    );
  }

  /** The same statement, read from that place on. */
  from(position: number): Words {
    return new Words(this.#tokens, position);
  }

  get position(): number {
    return this.#at;
  }

  /** What comes from here on, as it is written in that text. */
  rest(sql: string): string {
    const [first, last] = [this.token(), this.#tokens.at(-1)];
    return first === undefined || last === undefined ? '' : sql.slice(first.index, last.index + last.text.length);
  }

  token(ahead = 0): SqlToken | undefined {
    return this.#tokens[this.#at + ahead];
  }

  /** A word in capitals, anything else as it stands; empty after the end. */
  peek(ahead = 0): string {
    const token = this.token(ahead);
    return token?.kind === 'word' ? token.text.toUpperCase() : (token?.text ?? '');
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Goes past these words if they are next: `take('IF', 'NOT', 'EXISTS')`. */
  take(...words: readonly string[]): boolean {
    const found = words.every((word, index) => this.peek(index) === word);
    if (found) this.skip(words.length);
    return found;
  }

  takeOne(words: ReadonlySet<string>): boolean {
    const found = words.has(this.peek());
    if (found) this.skip(1);
    return found;
  }

  /** Goes past a name, qualified or not: `['public', 'users']`. */
  takeName(): readonly string[] | undefined {
    const parts: string[] = [];
    do {
      const token = this.token();
      if (token?.kind !== 'word' && token?.kind !== 'name') return undefined;
      parts.push(plainName(token.text));
      this.skip(1);
    } while (this.take('.'));
    return parts;
  }

  /** Goes past what stands in parentheses, if they are next, and returns it. */
  takeParentheses(): Words {
    const from = this.#at;
    let depth = 0;
    do {
      if (this.peek() === '(') depth += 1;
      if (this.peek() === ')') depth -= 1;
      if (depth > 0 || this.peek() === ')') this.skip(1);
    } while (depth > 0 && this.token() !== undefined);
    return new Words(this.#tokens.slice(from + 1, this.#at - 1), 0);
  }

  /** Goes to the first of these words outside of parentheses. */
  skipOutsideTo(words: ReadonlySet<string>): void {
    while (this.token() !== undefined && !words.has(this.peek())) {
      if (this.peek() === '(') this.takeParentheses();
      else this.skip(1);
    }
  }

  /** Whether these words stand in a row somewhere from here on. */
  has(...words: readonly string[]): boolean {
    return this.indexOf(...words) !== -1;
  }

  /** How many words stand before them; -1 where they do not come. */
  indexOf(...words: readonly string[]): number {
    for (let from = 0; this.token(from) !== undefined; from += 1)
      if (words.every((word, index) => this.peek(from + index) === word)) return from;
    return -1;
  }

  /** The parts between these words, where they stand outside of parentheses, as they are written in that text. */
  splitAt(sql: string, words: readonly string[]): readonly string[] {
    const parts: string[] = [];
    const rest = this.from(this.#at);
    let start = this.token()?.index ?? sql.length;
    while (rest.token() !== undefined) {
      const index = rest.token()?.index ?? 0;
      if (rest.take(...words)) {
        parts.push(sql.slice(start, index).trim());
        start = rest.token()?.index ?? sql.length;
      } else if (rest.peek() === '(') rest.takeParentheses();
      else rest.skip(1);
    }
    const last = this.#tokens.at(-1);
    return [...parts, sql.slice(start, last && Math.max(start, last.index + last.text.length))];
  }

  /** What stands in each pair of parentheses that is in no other one, as it is written in that text. */
  groups(sql: string): readonly string[] {
    const rest = this.from(this.#at);
    const groups: string[] = [];
    while (rest.token() !== undefined) {
      if (rest.peek() === '(') groups.push(rest.takeParentheses().rest(sql));
      else rest.skip(1);
    }
    return groups;
  }
}
