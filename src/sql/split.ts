import { sqlTokens } from './tokens.js';
import type { SqlToken } from './tokens.js';
import { inCapitals, isSignificant } from './words.js';

/** One statement of a text, without its semicolon, and the line (from 1) that it begins on. */
export interface SqlStatement {
  readonly sql: string;
  readonly line: number;
}

/** Splits a text into statements as psql does. Linear in its length. */
export function splitSql(text: string): readonly SqlStatement[] {
  const lineAt = lineCounter(text);
  return [...statementsOf(text)].map((tokens) => {
    const from = tokens[0]?.index ?? 0;
    const last = tokens.at(-1);
    return { sql: text.slice(from, (last?.index ?? 0) + (last?.text.length ?? 0)), line: lineAt(from) };
  });
}

/** The tokens of each statement, from its first comment or word to its last. Comments alone are not a statement. */
export function* statementsOf(text: string): Generator<readonly SqlToken[]> {
  let tokens: SqlToken[] = [];
  const place = new StatementPlace();
  for (const token of sqlTokens(text)) {
    if (place.endsAt(token)) {
      if (isStatement(tokens)) yield trimmed(tokens);
      tokens = [];
    } else tokens.push(token);
  }
  if (isStatement(tokens)) yield trimmed(tokens);
}

/** Follows the tokens of a text to find where statements end. */
export class StatementPlace {
  private depth = 0;
  private body: BodyState = noBody;

  /** Whether the statement ends at this token. */
  endsAt(token: SqlToken): boolean {
    if (token.text === '(') this.depth += 1;
    else if (token.text === ')') this.depth = Math.max(0, this.depth - 1);
    else if (token.text === ';' && this.depth === 0 && this.body.level === 0) {
      this.body = noBody;
      return true;
    }
    if (isSignificant(token) && (this.body.first === '' || this.body.first === 'CREATE'))
      this.body = nextBody(this.body, token);
    return false;
  }
}

function isStatement(tokens: readonly SqlToken[]): boolean {
  return tokens.some(isSignificant);
}

function trimmed(tokens: readonly SqlToken[]): readonly SqlToken[] {
  const from = tokens[0]?.kind === 'space' ? 1 : 0;
  return tokens.slice(from, tokens.at(-1)?.kind === 'space' ? -1 : undefined);
}

/** The position inside `CREATE FUNCTION … BEGIN ATOMIC … END`, whose semicolons do not end the statement. CASE has an END too. */
interface BodyState {
  readonly first: string;
  readonly routine: boolean;
  readonly previous: string;
  readonly level: number;
}

const noBody: BodyState = { first: '', routine: false, previous: '', level: 0 };

function nextBody(state: BodyState, token: SqlToken): BodyState {
  const word = inCapitals(token);
  const first = state.first || word;
  const routine = state.routine || (first === 'CREATE' && (word === 'FUNCTION' || word === 'PROCEDURE'));
  // In `AS end` and `t.case`, these words are names.
  const isName = state.previous === 'AS' || state.previous === '.';
  let { level } = state;
  if (level === 0 && routine && word === 'ATOMIC' && state.previous === 'BEGIN') level = 1;
  else if (level > 0 && word === 'CASE' && !isName) level += 1;
  else if (level > 0 && word === 'END' && !isName) level -= 1;
  return { first, routine, previous: word, level };
}

/** Counts lines incrementally: if the positions ascend, it reads the text once. */
export function lineCounter(text: string, first = 1): (index: number) => number {
  let [line, position] = [first, 0];
  return (index) => {
    line += breaksIn(text, position, index);
    position = Math.max(position, index);
    return line;
  };
}

export function breaksIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let next = text.indexOf('\n', from); next !== -1 && next < to; next = text.indexOf('\n', next + 1)) count += 1;
  return count;
}
