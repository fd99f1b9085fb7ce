/** One statement of a text, without its semicolon, and the line (from 1) that it begins on. */
export interface SqlStatement {
  readonly sql: string;
  readonly line: number;
}

/** A place where the server's own parser would not agree that a semicolon ends a statement. */
const token = new RegExp(
  [
    String.raw`--[^\n]*`, // comment to the end of the line
    String.raw`\/\*`, // comment, nests
    String.raw`[eE]'(?:[^'\\]|\\[\s\S]|'')*'?`, // string with escapes
    String.raw`'(?:[^']|'')*'?`, // string
    String.raw`"(?:[^"]|"")*"?`, // quoted name
    String.raw`\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$`, // dollar quote
    String.raw`[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*`, // word
    String.raw`\d[\w$.]*`, // number or $1-like rest
    String.raw`[;()]`,
  ].join('|'),
  'g',
);

/** Splits a text into statements as psql does. Linear in its length. */
export function splitSql(text: string): readonly SqlStatement[] {
  const statements: SqlStatement[] = [];
  const lines = lineCounter(text);
  let start = 0;
  let depth = 0;
  let body: BodyState = noBody;
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '/*') token.lastIndex = endOfComment(text, match.index);
    else if (found.startsWith('$')) token.lastIndex = endOfDollarQuote(text, token.lastIndex, found);
    else if (found === '(') depth += 1;
    else if (found === ')') depth = Math.max(0, depth - 1);
    else if (found === ';') {
      if (depth > 0 || body.level > 0) continue;
      push(statements, text, start, match.index, lines);
      start = token.lastIndex;
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

function endOfComment(text: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let level = 0;
  for (let match = edge.exec(text); match !== null; match = edge.exec(text)) {
    level += match[0] === '/*' ? 1 : -1;
    if (level === 0) return edge.lastIndex;
  }
  return text.length;
}

function endOfDollarQuote(text: string, from: number, tag: string): number {
  const end = text.indexOf(tag, from);
  return end === -1 ? text.length : end + tag.length;
}

function push(
  statements: SqlStatement[],
  text: string,
  start: number,
  end: number,
  lineAt: (index: number) => number,
): void {
  const piece = text.slice(start, end);
  const blank = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*/.exec(piece)?.[0].length ?? 0;
  if (blank === piece.length) return;
  const leading = /^\s*/.exec(piece)?.[0].length ?? 0;
  statements.push({ sql: piece.trim(), line: lineAt(start + leading) });
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
