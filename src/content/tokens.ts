/** A token of JavaScript or TypeScript. Comments and white space are not tokens. */
export interface Token {
  /** `template` is a part of a template literal: up to `${`, between two expressions, or up to the end. */
  readonly kind: 'word' | 'string' | 'template' | 'number' | 'pattern' | 'symbol';
  /** For a string or a template, its contents, with escape sequences as written. */
  readonly text: string;
}

const piece = new RegExp(
  [
    String.raw`\s+|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/`,
    String.raw`([A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)`,
    String.raw`(\d[\w.]*|\.\d\w*)`,
    String.raw`("(?:[^"\\\n\r]|\\[\s\S])*"|'(?:[^'\\\n\r]|\\[\s\S])*')`,
    String.raw`(=>|\?\.(?!\d)|\.\.\.|\+\+|--|[{}()[\];,<>=!?:.&|^~%@#*+\-])`,
  ].join('|'),
  'y',
);

const pattern = /\/(?:[^/\\[\n\r]|\\.|\[(?:[^\]\\\n\r]|\\.)*\])+\/[a-z]*/y;

/** Keywords before an expression, after which a slash begins a regular expression. They may be names as well. */
const beforeExpressions = new Set(['return', 'typeof', 'case', 'in', 'delete', 'void', 'throw', 'new', 'instanceof']);
const perhapsBefore = new Set(['of', 'do', 'else', 'await', 'yield', 'default', 'async', 'static', 'get', 'set']);

/**
 * The tokens of a text; undefined if they are ambiguous, because a slash may be a division or the beginning of a regular expression.
 */
export function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  /** The depth of braces at each `${` that is open. */
  const open: number[] = [];
  let depth = 0;
  let at = text.startsWith('#!') ? text.search(/[\n\r]|$/) : 0;
  const take = (kind: Token['kind'], found: string): void => void tokens.push({ kind, text: found });
  /** Reads a template literal up to its end or to `${`. */
  const takeTemplate = (): boolean => {
    const end = endOfTemplate(text, at);
    if (end === undefined) return false;
    take('template', text.slice(at, end));
    const isOver = text[end] === '`';
    if (!isOver) open.push(depth);
    at = end + (isOver ? 1 : 2);
    return true;
  };
  while (at < text.length) {
    piece.lastIndex = at;
    const match = piece.exec(text);
    if (match !== null) {
      const [found, word, number, string, symbol] = match;
      if (symbol === '}' && open.at(-1) === depth) {
        open.pop();
        at += 1;
        if (!takeTemplate()) return undefined;
        continue;
      }
      if (word !== undefined) take('word', word);
      else if (number !== undefined) take('number', number);
      else if (string !== undefined) take('string', string.slice(1, -1));
      else if (symbol !== undefined) take('symbol', symbol);
      if (symbol === '{') depth += 1;
      if (symbol === '}') depth -= 1;
      at += found.length;
    } else if (text[at] === '`') {
      at += 1;
      if (!takeTemplate()) return undefined;
    } else if (text[at] === '/') {
      const end = endOfSlash(text, at, tokens);
      if (end === undefined) return undefined;
      take(end === at + 1 ? 'symbol' : 'pattern', text.slice(at, end));
      at = end;
    } else return undefined;
  }
  return open.length === 0 ? tokens : undefined;
}

/** The end of a part of a template literal: its closing quote or `${`. */
function endOfTemplate(text: string, from: number): number | undefined {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`' || (text[at] === '$' && text[at + 1] === '{')) return at;
  }
  return undefined;
}

/** The end of a token that begins with a slash: a division or a regular expression. */
function endOfSlash(text: string, at: number, before: readonly Token[]): number | undefined {
  pattern.lastIndex = at;
  const end = pattern.test(text) ? pattern.lastIndex : undefined;
  switch (roleOf(before)) {
    case 'divides':
      return at + 1;
    case 'begins':
      return end;
    case 'either':
      return end === undefined ? at + 1 : undefined;
  }
}

/** Whether a token is the name in `x.name`. */
export function isMember(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  return before?.kind === 'symbol' && (before.text === '.' || before.text === '?.');
}

/** Whether a token is the name in `{ name: x }`. */
export function isKey(tokens: readonly Token[], at: number): boolean {
  const [before, after] = [tokens[at - 1], tokens[at + 1]];
  return after?.text === ':' && after.kind === 'symbol' && ['{', ','].includes(before?.text ?? '');
}

/** The meaning of a slash after these tokens. */
function roleOf(before: readonly Token[]): 'divides' | 'begins' | 'either' {
  const last = before.at(-1);
  if (last === undefined) return 'begins';
  if (last.kind === 'word') {
    if (isMember(before, before.length - 1)) return 'divides';
    return beforeExpressions.has(last.text) ? 'begins' : perhapsBefore.has(last.text) ? 'either' : 'divides';
  }
  if (last.kind !== 'symbol' || last.text === ']') return 'divides';
  // `!/a/`, but `x! / a` in TypeScript.
  if (last.text === '!') return roleOf(before.slice(0, -1)) === 'begins' ? 'begins' : 'either';
  return [')', '}', '++', '--', '>'].includes(last.text) ? 'either' : 'begins';
}
