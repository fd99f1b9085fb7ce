import { isKey, isMember } from './tokens.js';
import type { Token } from './tokens.js';

/** Globals that return the same output for the same input, and that give access to nothing else. All other globals of Node are suspect. */
const harmless = new Set(
  `Object Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Promise RegExp Error AggregateError EvalError
   RangeError ReferenceError SyntaxError TypeError URIError JSON ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array
   Int32Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet Proxy
   Reflect decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape isFinite isNaN Iterator console Buffer URL
   URLSearchParams DOMException AbortController AbortSignal Event EventTarget TextEncoder TextDecoder structuredClone atob btoa
   queueMicrotask setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate`.split(/\s+/),
);

/** Every file has its own version of these. */
const ofTheFile = new Set(['require', 'exports', '__dirname', '__filename', 'arguments']);

/** These names always count as the global, while a class or an import of the file may have the name of any other global. */
const never = new Set(
  'Date Math process global globalThis eval Function crypto Crypto performance fetch WebAssembly Intl module'.split(
    ' ',
  ),
);

const suspects = new Set(Object.getOwnPropertyNames(globalThis).filter((name) => !harmless.has(name)));

/** Members whose result depends on the machine. */
const localMembers = new Set([
  'localeCompare',
  'getTimezoneOffset',
  'toLocaleString',
  'toLocaleDateString',
  'toLocaleTimeString',
]);

const worthALook = new Set([...suspects, ...never, ...localMembers, 'import']);

export interface Globals {
  /** The environment variables that are named. */
  readonly env: readonly string[];
  /** A global whose result may differ another time; undefined if there is none. */
  readonly suspect: string | undefined;
}

/** The globals that a file uses. `own` are the names that it has imported. */
export function globalsIn(tokens: readonly Token[], own: ReadonlySet<string>): Globals {
  const env = new Set<string>();
  const declared = new Set([...own, ...declaredIn(tokens)].filter((name) => !never.has(name)));
  const suspectAt = (at: number): boolean => {
    const { kind, text } = tokens[at] as Token;
    if (kind !== 'word' || !worthALook.has(text)) return false;
    if (isMember(tokens, at)) return localMembers.has(text);
    if (text === 'import') return isImportMeta(tokens, at) && !isPlace(tokens[at + 4]?.text);
    if (localMembers.has(text) || declared.has(text) || isKey(tokens, at)) return false;
    if (text === 'module') return !isExports(tokens, at);
    if (ofTheFile.has(text)) return false;
    if (text === 'Date') return !isHarmlessDate(tokens, at);
    if (text === 'Math') return !isMemberNext(tokens, at) || tokens[at + 2]?.text === 'random';
    if (text === 'Function') return tokens[at + 1]?.text === '(';
    if (text !== 'process') return true;
    const used = processUse(tokens, at);
    if (typeof used === 'object') env.add(used.env);
    return used === undefined;
  };
  const found = tokens.findIndex((_token, at) => suspectAt(at));
  return { env: [...env], suspect: tokens[found]?.text };
}

/** `class Event`, `function fetchAll`: names that belong to the file itself. */
function declaredIn(tokens: readonly Token[]): readonly string[] {
  const words = new Set(['class', 'interface', 'enum', 'type', 'function', 'namespace']);
  return tokens.flatMap(({ kind, text }, at) => {
    const next = tokens[at + 1];
    return kind === 'word' && words.has(text) && next?.kind === 'word' ? [next.text] : [];
  });
}

function isMemberNext(tokens: readonly Token[], at: number): boolean {
  return tokens[at + 1]?.text === '.' && tokens[at + 2]?.kind === 'word';
}

function isExports(tokens: readonly Token[], at: number): boolean {
  return isMemberNext(tokens, at) && tokens[at + 2]?.text === 'exports';
}

function isImportMeta(tokens: readonly Token[], at: number): boolean {
  return tokens[at]?.text === 'import' && tokens[at + 1]?.text === '.';
}

function isPlace(name: string | undefined): boolean {
  return ['dirname', 'filename', 'url'].includes(name ?? '');
}

/** `process.env.NAME`, `process.env['NAME']`, `process.cwd()`. */
function processUse(tokens: readonly Token[], at: number): 'cwd' | { readonly env: string } | undefined {
  if (!isMemberNext(tokens, at)) return undefined;
  const [member, next, name, after] = tokens.slice(at + 2, at + 6);
  if (member?.text === 'cwd') return 'cwd';
  if (member?.text !== 'env') return undefined;
  const isDotted = (next?.text === '.' || next?.text === '?.') && name?.kind === 'word';
  const isBracketed = next?.text === '[' && name?.kind === 'string' && after?.text === ']';
  if (name === undefined || !(isDotted || isBracketed)) return undefined;
  const following = tokens.slice(at + (isDotted ? 5 : 6), at + (isDotted ? 8 : 9)).map(({ text }) => text);
  // A variable that the file sets no longer has the value from the environment.
  const isSet = tokens[at - 1]?.text === 'delete' || assignment.test(following.join(' '));
  return isSet ? undefined : { env: name.text };
}

const assignment = /^(?:= (?![=>])|=$|\? \? =|\| \| =|& & =|[+*%^-] =)/;

/** Whether `Date` is only the type of a property, also in the metadata that TypeScript emits for one, or is used in a comparison. */
function isHarmlessDate(tokens: readonly Token[], at: number): boolean {
  const text = (offset: number): string => tokens[at + offset]?.text ?? '';
  if (text(-1) === 'instanceof') return true;
  if (text(-1) === ',' && ['design:type', 'design:returntype'].includes(text(-2))) return true;
  if (text(-1) === 'as' && [')', ','].includes(text(1))) return true;
  if (['|', '<', 'as'].includes(text(-1))) return isEndOfType(text(1), text(2));
  if (text(-1) !== ':') return false;
  const name = ['?', '!'].includes(text(-2)) ? -3 : -2;
  const isProperty = tokens[at + name]?.kind === 'word' && beforeProperties.has(text(name - 1));
  return isProperty && (text(1) === ';' || text(1) === '=' || isEndOfType(text(1), text(2)));
}

const beforeProperties = new Set([
  '{',
  '}',
  ';',
  ')',
  'public',
  'private',
  'protected',
  'readonly',
  'declare',
  'override',
]);

function isEndOfType(next: string, afterNext: string): boolean {
  return ['|', ';', '>'].includes(next) || (next === '[' && afterNext === ']');
}
