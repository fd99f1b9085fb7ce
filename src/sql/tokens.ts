/** A token as the server's own lexer sees it. The tokens of a text cover all of it, including white space. */
export interface SqlToken {
  readonly kind: 'space' | 'comment' | 'string' | 'name' | 'word' | 'number' | 'symbol';
  readonly text: string;
  readonly index: number;
}

/** The server continues a string after a line break, with the same escapes: `'a'`, line break, `'b'` is one string. */
const continued = String.raw`'[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*[\n\r])*'`;

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const token = new RegExp(
  [
    String.raw`[ \t\n\r\f\v]+`, // space; other characters that look like one belong to a word
    String.raw`--[^\n\r]*`, // comment to the end of the line
    String.raw`\/\*`, // comment, nests
    String.raw`[eE]'(?:[^'\\]|\\[\s\S]|''|${continued})*'?`, // string with escapes
    String.raw`(?:[uU]&|[bBxXnN])?'(?:[^']|''|${continued})*'?`, // string
    String.raw`(?:[uU]&)?"(?:[^"]|"")*"?`, // quoted name
    String.raw`\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$`, // dollar quote
    String.raw`[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*`, // word
    String.raw`\$\d+|\d[\w$.]*`, // parameter, number
    String.raw`[;(),.[\]]`,
  ].join('|'),
  'g',
);

/** The tokens of a text, in order. An unterminated token extends to the end of the text. Linear in the length of the text. */
export function* sqlTokens(text: string): Generator<SqlToken> {
  let from = 0;
  for (;;) {
    token.lastIndex = from;
    const match = token.exec(text);
    const index = match?.index ?? text.length;
    // Operators are the text between the tokens that the pattern finds.
    if (index > from) yield { kind: 'symbol', text: text.slice(from, index), index: from };
    if (match === null) return;
    const [found] = match;
    const kind = kindOf(found);
    from = index + found.length;
    if (found === '/*') from = endOfComment(text, index);
    else if (kind === 'string' && found.startsWith('$')) from = endOfDollarQuote(text, from, found);
    yield { kind, text: text.slice(index, from), index };
  }
}

/** Decided by the first letters, because it is called for every token. */
function kindOf(found: string): SqlToken['kind'] {
  const first = found.charCodeAt(0);
  const second = found.charCodeAt(1);
  if (first === 0x20 || (first >= 0x09 && first <= 0x0d)) return 'space';
  if (first >= 0x30 && first <= 0x39) return 'number';
  if (found.startsWith('--') || found.startsWith('/*')) return 'comment';
  if (first === quote || second === quote) return 'string';
  if (first === doubleQuote) return 'name';
  if (first === dollar) return second >= 0x30 && second <= 0x39 ? 'number' : 'string';
  if (second === ampersand) return found.charCodeAt(2) === quote ? 'string' : 'name';
  return symbols.includes(found) ? 'symbol' : 'word';
}

const [quote, doubleQuote, dollar, ampersand] = [0x27, 0x22, 0x24, 0x26];
const symbols = ';(),.[]';

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
