/** A piece of SQL that is one thing to the server's own lexer. The tokens of a text are the whole of it, white space and all. */
export interface SqlToken {
  readonly kind: 'space' | 'comment' | 'string' | 'name' | 'word' | 'number' | 'symbol';
  readonly text: string;
  readonly index: number;
}

/** The server continues a string after a line break: `'a'`, line break, `'b'` is one string, escapes and all. */
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

/** The tokens of a text, in order. A token without its end goes on to the end of the text. Linear in the length of the text. */
export function* sqlTokens(text: string): Generator<SqlToken> {
  let from = 0;
  for (;;) {
    token.lastIndex = from;
    const match = token.exec(text);
    const index = match?.index ?? text.length;
    // Operators lie between the tokens that are looked for.
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

function kindOf(found: string): SqlToken['kind'] {
  if (/^[ \t\n\r\f\v]/.test(found)) return 'space';
  if (/^(?:--|\/\*)/.test(found)) return 'comment';
  if (/^(?:[uU]&)?"/.test(found)) return 'name';
  if (/^(?:'|[A-Za-z]&?'|\$(?!\d))/.test(found)) return 'string';
  if (/^[$\d]/.test(found)) return 'number';
  return /^[;(),.[\]]/.test(found) ? 'symbol' : 'word';
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
