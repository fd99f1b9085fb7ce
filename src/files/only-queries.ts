import { isKey, isMember } from '../content/tokens.js';
import type { Token } from '../content/tokens.js';

/** Words of the language that reach nothing outside of a function. */
const harmless = new Set(
  'async await const let of in for if else return typeof void true false null undefined'.split(' '),
);

/**
 * Whether the text of a function names nothing but its parameter and what it declares itself, so that it can do no more than call its
 * parameter: no `this`, nothing that was imported, nothing global. What is not understood counts as more.
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
  // A value by default, or a pattern, might call something.
  if (parameter?.kind !== 'word' || !isSymbol(tokens[open + 2], ')')) return undefined;
  return { parameters: [parameter.text], tokens: tokens.slice(open + 3) };
}

/** What comes after const and let, and the parameters of arrow functions. */
function declaredIn(tokens: readonly Token[]): readonly string[] {
  return tokens.flatMap((token, at) => {
    if (token.kind === 'word' && (token.text === 'const' || token.text === 'let')) return namesAfter(tokens, at);
    return isSymbol(token, '=>') ? namesBefore(tokens, at) : [];
  });
}

/** `const name`, `const [name, name]`, `const { name, name }`; not a second one after a comma. */
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

/** A list that may contain calls is none. */
function namesIn(list: readonly Token[]): readonly string[] {
  if (!list.every((token) => token.kind === 'word' || isSymbol(token, ','))) return [];
  return list.filter(({ kind }) => kind === 'word').map(({ text }) => text);
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}
