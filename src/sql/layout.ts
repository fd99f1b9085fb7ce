import { sqlTokens } from './tokens.js';

/** Words that begin a clause. A line break before one of them never changes the meaning of a statement. */
const clauses = new Set(
  `FOREIGN REFERENCES CHECK EXCLUDE ON USING IS FOR EXECUTE INCLUDE SELECT VALUES FROM WHERE GROUP HAVING ORDER LIMIT
   UNION EXCEPT INTERSECT RETURNING SET LEFT RIGHT FULL INNER CROSS JOIN`.split(/\s+/),
);
/** In these statements, clauses are aligned with the first word; elsewhere they are indented. */
const queries = new Set(['SELECT', 'WITH', 'INSERT', 'UPDATE', 'DELETE']);
const longest = 100;

/** A token, or the text between two. Its own text is never changed. */
interface Piece {
  readonly text: string;
  /** The original white space before it. */
  readonly space: string;
}

interface Line {
  readonly indent: string;
  readonly pieces: readonly Piece[];
}

/**
 * Breaks a statement into lines: one if it is short enough, or else one for each clause. Only white space between tokens changes. A line of
 * the result may contain line breaks that belong to a string, a function body or a comment.
 */
export function layOut(sql: string): readonly string[] {
  const pieces = piecesOf(sql);
  const flat = textOf(pieces);
  // A `--` comment ends with its line, so nothing can follow it there.
  const oneLine = !pieces.slice(0, -1).some(({ text }) => text.startsWith('--'));
  if (oneLine && flat.length <= longest) return [flat];
  if (!oneLine || pieces.slice(1).some(({ space }) => /[\n\r]/.test(space))) return asItWas(pieces);
  return breakList(pieces).map(({ indent, pieces: line }) => indent + textOf(line));
}

function piecesOf(sql: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let space = '';
  for (const { kind, text } of sqlTokens(sql)) {
    if (kind !== 'space') pieces.push({ text, space });
    space = kind === 'space' ? text : '';
  }
  return pieces;
}

function textOf(pieces: readonly Piece[]): string {
  return pieces.map(({ text, space }, index) => (index > 0 && space !== '' ? ' ' : '') + text).join('');
}

/** Keeps the original line breaks, and removes the common indentation. */
function asItWas(pieces: readonly Piece[]): readonly string[] {
  const indents = pieces.map(({ space }, index) =>
    index > 0 && /[\n\r]/.test(space) ? space.replace(/^.*[\n\r]/s, '').replace(/[^ ]/g, '  ').length : undefined,
  );
  const least = Math.min(...indents.filter((indent) => indent !== undefined));
  const lines: string[] = [];
  for (const [index, { text, space }] of pieces.entries()) {
    const indent = indents[index];
    if (index === 0 || indent !== undefined) lines.push(' '.repeat((indent ?? least) - least) + text);
    else lines.push(`${lines.pop() ?? ''}${space === '' ? '' : ' '}${text}`);
  }
  return lines;
}

/** Gives each column of a table, and each field or value of a type, its own line. */
function breakList(pieces: readonly Piece[]): readonly Line[] {
  const open = openingOfList(pieces);
  const close = open === undefined ? -1 : closingOf(pieces, open);
  if (open === undefined || close === -1) return breakClauses({ indent: '', pieces }, firstWord(pieces));
  const items = splitAtCommas(pieces.slice(open + 1, close));
  return [
    { indent: '', pieces: pieces.slice(0, open + 1) },
    ...items.flatMap((item) => breakClauses({ indent: '  ', pieces: item }, '')),
    { indent: '', pieces: pieces.slice(close) },
  ];
}

function openingOfList(pieces: readonly Piece[]): number | undefined {
  const open = pieces.findIndex(({ text }) => text === '(');
  const head = pieces
    .slice(0, Math.max(open, 0))
    .map(({ text }) => text.toUpperCase())
    .join(' ');
  const table = /^CREATE (?:(?:TEMP|TEMPORARY|UNLOGGED|FOREIGN) )?TABLE /.test(head) && !/ (?:AS|OF)(?: |$)/.test(head);
  return table || head.startsWith('CREATE TYPE ') ? open : undefined;
}

function closingOf(pieces: readonly Piece[], open: number): number {
  let depth = 0;
  return pieces.findIndex(({ text }, index) => {
    if (index >= open) depth += depthOf(text);
    return index > open && depth === 0;
  });
}

function splitAtCommas(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  const items: Piece[][] = [[]];
  let depth = 0;
  for (const piece of pieces) {
    depth += depthOf(piece.text);
    items.at(-1)?.push(piece);
    if (depth === 0 && piece.text === ',') items.push([]);
  }
  return items.filter((item) => item.length > 0);
}

function breakClauses(line: Line, first: string): readonly Line[] {
  if (textOf(line.pieces).length + line.indent.length <= longest) return [line];
  const actions = first === 'ALTER' ? splitAtCommas(line.pieces) : [line.pieces];
  const inner = queries.has(first) ? line.indent : `${line.indent}  `;
  return actions.flatMap((action, index) => {
    const lines: Piece[][] = [[]];
    let depth = 0;
    let acted = index > 0;
    for (const [at, piece] of action.entries()) {
      const word = piece.text.toUpperCase();
      // The first action of ALTER TABLE gets its own line, like the ones after a comma.
      const acts = !acted && first === 'ALTER' && at > 1 && ['ADD', 'DROP', 'ALTER', 'VALIDATE'].includes(word);
      acted ||= acts;
      if (depth === 0 && piece.space !== '' && (acts || beginsClause(action, at, first))) lines.push([]);
      depth += depthOf(piece.text);
      lines.at(-1)?.push(piece);
    }
    return lines.map((pieces, at) => ({ indent: index === 0 && at === 0 ? line.indent : inner, pieces }));
  });
}

function beginsClause(pieces: readonly Piece[], at: number, first: string): boolean {
  const word = pieces[at]?.text.toUpperCase() ?? '';
  const before = pieces[at - 1]?.text.toUpperCase() ?? '';
  if (at < 2 || !clauses.has(word)) return false;
  if (['LEFT', 'RIGHT'].includes(word) && pieces[at + 1]?.text === '(') return false;
  if (word === 'SET') return first === 'UPDATE';
  if (word === 'IS') return first === 'COMMENT';
  if (word === 'JOIN') return !['LEFT', 'RIGHT', 'FULL', 'INNER', 'CROSS', 'OUTER'].includes(before);
  if (word === 'USING') return first !== 'CREATE' || pieces[1]?.text.toUpperCase() === 'POLICY';
  // IS DISTINCT FROM, FOR SELECT, FOR VALUES FROM, WITH CHECK.
  return !['DISTINCT', 'FOR', 'VALUES', 'WITH'].includes(before);
}

function firstWord(pieces: readonly Piece[]): string {
  return pieces.find(({ text }) => /^\w/.test(text))?.text.toUpperCase() ?? '';
}

function depthOf(text: string): number {
  if (text === '(') return 1;
  return text === ')' ? -1 : 0;
}
