import { plainName } from './quote.js';
import type { SqlToken } from './tokens.js';

/** Reads a statement word by word, without white space and comments, and only as far as it is asked to. */
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

  /** The same statement, read from this position. */
  from(position: number): Words {
    return new Words(this.#tokens, position);
  }

  get position(): number {
    return this.#at;
  }

  token(ahead = 0): SqlToken | undefined {
    return this.#tokens.at(this.#at + ahead);
  }

  /** A word in capitals, or any other token as written; empty after the end. */
  peek(ahead = 0): string {
    return inCapitals(this.token(ahead));
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** Moves past these words if they come next: `take('IF', 'NOT', 'EXISTS')`. */
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

  /** Moves past a name, which may be qualified, and returns it: `['public', 'users']`. */
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

  /** If a parenthesis comes next, moves past it and returns its contents. */
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

  /** Moves to the first of these words outside of parentheses. */
  skipOutsideTo(words: ReadonlySet<string>): void {
    while (this.token() !== undefined && !words.has(this.peek())) this.skipPart();
  }

  /** Moves past the next word, or past a whole pair of parentheses. */
  skipPart(): void {
    if (this.peek() === '(') this.takeParentheses();
    else this.skip(1);
  }

  /** Whether these words occur in a row from here on. */
  has(...words: readonly string[]): boolean {
    return this.indexOf(...words) !== -1;
  }

  /** The number of words before their first occurrence; -1 if they do not occur. */
  indexOf(...words: readonly string[]): number {
    const [first = ''] = words;
    for (let ahead = 0; this.token(ahead) !== undefined; ahead += 1)
      if (isWord(this.token(ahead), first) && words.every((word, index) => isWord(this.token(ahead + index), word)))
        return ahead;
    return -1;
  }

  /** The text from here on, as written in `sql`. */
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

/** Whether a token is neither white space nor a comment. */
export function isSignificant({ kind }: SqlToken): boolean {
  return kind !== 'space' && kind !== 'comment';
}

/** A word in capitals, or any other token as written; empty if there is no token. */
export function inCapitals(token: SqlToken | undefined): string {
  return token?.kind === 'word' ? token.text.toUpperCase() : (token?.text ?? '');
}

function isWord(token: SqlToken | undefined, word: string): boolean {
  return token?.text.length === word.length && inCapitals(token) === word;
}
