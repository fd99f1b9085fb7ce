import { sqlTokens } from './sql-tokens.js';

/** One statement of a text, without its semicolon, and the line (from 1) that it begins on. */
export interface SqlStatement {
  readonly sql: string;
  readonly line: number;
}

/** Splits a text into statements as psql does. Linear in its length. */
export function splitSql(text: string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  const lines = lineCounter(text);
  let start = 0;
  let depth = 0;
  let body: BodyState = noBody;
  for (const { text: found, index } of sqlTokens(text)) {
    if (found === '(') depth += 1;
    else if (found === ')') depth = Math.max(0, depth - 1);
    else if (found === ';') {
      if (depth > 0 || body.level > 0) continue;
      push(statements, text, start, index, lines);
      start = index + 1;
      body = noBody;
    } else if (/^[A-Za-z]/.test(found)) body = nextBody(body, found.toUpperCase());
  }
  push(statements, text, start, text.length, lines);
  return statements;
}

/** Where we are in `CREATE FUNCTION … BEGIN ATOMIC … END`, whose semicolons are its own. CASE has an END too. */
interface BodyState {
  readonly first: string;
  readonly routine: boolean;
  readonly previous: string;
  readonly level: number;
}

const noBody: BodyState = { first: '', routine: false, previous: '', level: 0 };

function nextBody(state: BodyState, word: string): BodyState {
  const first = state.first || word;
  const routine = state.routine || (first === 'CREATE' && (word === 'FUNCTION' || word === 'PROCEDURE'));
  let { level } = state;
  if (level === 0 && routine && word === 'ATOMIC' && state.previous === 'BEGIN') level = 1;
  else if (level > 0 && word === 'CASE') level += 1;
  else if (level > 0 && word === 'END') level -= 1;
  return { first, routine, previous: word, level };
}

function push(
  statements: SqlStatement[],
  text: string,
  start: number,
  end: number,
  lineAt: (index: number) => number,
): void {
  const piece = text.slice(start, end);
  const blank = /^(?:\s+|--[^\n\r]*|\/\*(?:[^*]|\*(?!\/))*\*\/)*/.exec(piece)?.[0].length ?? 0;
  if (blank === piece.length) return;
  const leading = /^[ \t\n\r\f\v]*/.exec(piece)?.[0].length ?? 0;
  let last = piece.length;
  // Not trim(): a no-break space is a letter to the server.
  while (/[ \t\n\r\f\v]/.test(piece.charAt(last - 1))) last -= 1;
  statements.push({ sql: piece.slice(leading, last), line: lineAt(start + leading) });
}

/** Counts lines from where it counted last; asked in ascending order, it reads the text once. */
function lineCounter(text: string): (index: number) => number {
  let line = 1;
  let position = 0;
  return (index) => {
    for (let next = text.indexOf('\n', position); next !== -1 && next < index; next = text.indexOf('\n', position)) {
      line += 1;
      position = next + 1;
    }
    return line;
  };
}
