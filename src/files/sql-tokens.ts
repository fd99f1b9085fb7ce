/** A piece of SQL that is one thing to the server's own lexer. Operators and the like lie between tokens. */
export interface SqlToken {
  readonly text: string;
  readonly index: number;
}

/** How the server continues a string: `'a'`, a line break, `'b'` is one string, escapes and all. */
const continued = String.raw`'[ \t\f\v]*(?:--[^\n\r]*)?[\n\r](?:[ \t\f\v\n\r]|--[^\n\r]*[\n\r])*'`;

/** https://www.postgresql.org/docs/current/sql-syntax-lexical.html */
const token = new RegExp(
  [
    String.raw`[ \t\n\r\f\v]+`, // space; whatever else looks like it belongs to a word
    String.raw`--[^\n\r]*`, // comment to the end of the line
    String.raw`\/\*`, // comment, nests
    String.raw`[eE]'(?:[^'\\]|\\[\s\S]|''|${continued})*'?`, // string with escapes
    String.raw`'(?:[^']|''|${continued})*'?`, // string
    String.raw`"(?:[^"]|"")*"?`, // quoted name
    String.raw`\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$`, // dollar quote
    String.raw`[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*`, // word
    String.raw`\d[\w$.]*`, // number or $1-like rest
    String.raw`[;(),]`,
  ].join('|'),
  'g',
);

/** The tokens of a text, in order. What is not finished goes on to the end of the text. Linear in its length. */
export function* sqlTokens(text: string): Generator<SqlToken> {
  let from = 0;
  for (;;) {
    token.lastIndex = from;
    const match = token.exec(text);
    if (match === null) return;
    const [found] = match;
    from = token.lastIndex;
    if (found === '/*') from = endOfComment(text, match.index);
    else if (found.startsWith('$')) from = endOfDollarQuote(text, from, found);
    yield { text: text.slice(match.index, from), index: match.index };
  }
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
