import { plainName } from './quote.js';
import type { SqlToken } from './tokens.js';

/** Reads a statement word by word, without white space and comments, and no further than it is asked. */
export class Words {
  readonly #tokens: Significant;
  #at: number;

  private constructor(tokens: Significant, at: number) {
    this.#tokens = tokens;
    this.#at = at;
  }

  static of(tokens: Iterable<SqlToken>): Words {
    return new Words(new Significant(tokens), 0);
  }

  /** The same statement, read from that place on. */
  from(position: number): Words {
    return new Words(this.#tokens, position);
  }

  get position(): number {
    return this.#at;
  }

  token(ahead = 0): SqlToken | undefined {
    return this.#tokens.at(this.#at + ahead);
  }

  /** A word in capitals, anything else as it stands; empty after the end. */
  peek(ahead = 0): string {
    return inCapitals(this.token(ahead));
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Goes past these words if they are next: `take('IF', 'NOT', 'EXISTS')`. */
  take(...words: readonly string[]): boolean {
    const found = words.every((word, index) => isWord(this.token(index), word));
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
    const inside: SqlToken[] = [];
    let depth = 0;
    for (let token = this.token(); token !== undefined; token = this.token()) {
      if (token.text === ')') depth -= 1;
      if (depth > 0) inside.push(token);
      if (token.text === '(') depth += 1;
      if (depth === 0 && token.text !== ')') break;
      this.skip(1);
      if (depth === 0) break;
    }
    return Words.of(inside);
  }

  /** Goes to the first of these words outside of parentheses. */
  skipOutsideTo(words: ReadonlySet<string>): void {
    while (this.token() !== undefined && !words.has(this.peek())) this.skipPart();
  }

  /** Goes past the next word, or past all that stands in parentheses. */
  skipPart(): void {
    if (this.peek() === '(') this.takeParentheses();
    else this.skip(1);
  }

  /** Whether these words stand in a row somewhere from here on. */
  has(...words: readonly string[]): boolean {
    return this.indexOf(...words) !== -1;
  }

  /** How many words stand before them; -1 where they do not come. */
  indexOf(...words: readonly string[]): number {
    const [first = ''] = words;
    for (let ahead = 0; this.token(ahead) !== undefined; ahead += 1)
      if (isWord(this.token(ahead), first) && words.every((word, index) => isWord(this.token(ahead + index), word)))
        return ahead;
    return -1;
  }

  /** What comes from here on, as it is written in that text. */
  rest(sql: string): string {
    const [first, last] = [this.token(), this.#tokens.all().at(-1)];
    return first === undefined || last === undefined ? '' : sql.slice(first.index, last.index + last.text.length);
  }
}

/** The tokens that are neither white space nor comments. */
class Significant {
  readonly #kept: SqlToken[] = [];
  readonly #source: Iterator<SqlToken>;

  constructor(tokens: Iterable<SqlToken>) {
    this.#source = tokens[Symbol.iterator]();
  }

  at(index: number): SqlToken | undefined {
    while (this.#kept.length <= index && this.#read());
    return this.#kept[index];
  }

  all(): readonly SqlToken[] {
    while (this.#read());
    return this.#kept;
  }

  #read(): boolean {
    const { value, done } = this.#source.next() as { readonly value: SqlToken; readonly done: boolean };
    if (done) return false;
    if (isSignificant(value)) this.#kept.push(value);
    return true;
  }
}

/** White space and comments are not. */
export function isSignificant({ kind }: SqlToken): boolean {
  return kind !== 'space' && kind !== 'comment';
}

/** A word in capitals, anything else as it stands; empty where there is none. */
export function inCapitals(token: SqlToken | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : (token?.text ?? '');
}

function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.text.length === word.length && inCapitals(token) === word;
}
