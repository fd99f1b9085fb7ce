import { isKey, isMember } from '../content/tokens.js';
import type { Token } from '../content/tokens.js';

/** Keywords that do not refer to anything outside a function. */
const harmless = new Set(
  'async await const let of in for if else return typeof void true false null undefined'.split(' '),
);

/**
 * Whether a function names only its parameter and its own variables, so that all it can do is call its parameter: it contains no `this`, no
 * import and no global. If its text is not understood, the answer is no.
 */
export function onlyQueries(tokens: readonly Token[]): boolean {
  const body = bodyOf(tokens);
  if (body === undefined) return false;
  const own = new Set([...body.parameters, ...declaredIn(body.tokens)]);
  return body.tokens.every(
    ({ kind, text }, at) =>
      kind !== 'word' || harmless.has(text) || own.has(text) || isMember(body.tokens, at) || isKey(body.tokens, at),
  );
}

interface Body {
  readonly parameters: readonly string[];
  readonly tokens: readonly Token[];
}

/** `async down(queryRunner) { … }`, `async (queryRunner) => …`, `function (queryRunner) { … }` */
function bodyOf(tokens: readonly Token[]): Body | undefined {
  const open = tokens.findIndex(({ kind }) => kind === 'symbol');
  const names = tokens.slice(0, open).map(({ text }) => text);
  // `async queryRunner => …`
  if (isSymbol(tokens[open], '=>')) return { parameters: names.slice(-1), tokens: tokens.slice(open + 1) };
  if (!isSymbol(tokens[open], '(')) return undefined;
  const parameter = tokens[open + 1];
  if (isSymbol(parameter, ')')) return { parameters: [], tokens: tokens.slice(open + 2) };
  // A default value or a destructuring pattern might call something.
  if (parameter?.kind !== 'word' || !isSymbol(tokens[open + 2], ')')) return undefined;
  return { parameters: [parameter.text], tokens: tokens.slice(open + 3) };
}

/** The names after `const` and `let`, and the parameters of arrow functions. */
function declaredIn(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token, at) => {
    if (token.kind === 'word' && (token.text === 'const' || token.text === 'let')) return namesAfter(tokens, at);
    return isSymbol(token, '=>') ? namesBefore(tokens, at) : [];
  });
}

/** `const name`, `const [name, name]`, `const { name, name }`; a second declaration after a comma is not found. */
function namesAfter(tokens: readonly Token[], at: number): readonly string[] {
  const next = tokens[at + 1];
  if (next?.kind === 'word') return [next.text];
  const end = isSymbol(next, '[') ? ']' : '}';
  return namesIn(
    tokens.slice(
      at + 2,
      tokens.findIndex((token, index) => index > at && isSymbol(token, end)),
    ),
  );
}

/** `name =>`, `(name, name) =>` */
function namesBefore(tokens: readonly Token[], arrow: number): readonly string[] {
  const end = isSymbol(tokens[arrow - 1], ')') ? arrow - 1 : arrow;
  const start = end === arrow ? arrow - 1 : tokens.findLastIndex((token, at) => at < end && isSymbol(token, '(')) + 1;
  return namesIn(tokens.slice(start, end));
}

/** A list that may contain calls is not a list of names. */
function namesIn(list: readonly Token[]): readonly string[] {
  if (!list.every((token) => token.kind === 'word' || isSymbol(token, ','))) return [];
  return list.filter(({ kind }) => kind === 'word').map(({ text }) => text);
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}
