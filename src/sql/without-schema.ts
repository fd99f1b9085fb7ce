import { commandOf } from './command.js';
import { plainName } from './quote.js';
import { sqlTokens } from './tokens.js';
import type { SqlToken } from './tokens.js';

/**
 * Makes a statement find the objects of this schema through the search path: `"app"."orders"` becomes `"orders"`, also in the bodies of DO
 * and functions, and in strings that contain the name of an object, such as `'"app"."orders"'::regclass`.
 */
export function withoutSchema(sql: string, schema: string): string {
  if (!sql.includes(schema)) return sql;
  const isExtension = commandOf(sql).command === 'CREATE EXTENSION';
  const tokens = [...sqlTokens(sql)];
  const parts: string[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    if (isSchemaOf(tokens, at, schema)) at += 2;
    // Without a schema, an extension is created in the first schema of the search path.
    if (isExtension && isPlaceOf(tokens, at, schema)) at += 4;
    const token = tokens[at];
    const text = token?.text ?? '';
    parts.push(token?.kind === 'string' ? inside(text, schema, isName(tokens, at)) : text);
  }
  return parts.join('');
}

function isSchemaOf(tokens: readonly SqlToken[], at: number, schema: string): boolean {
  const [token, dot, name] = tokens.slice(at, at + 3);
  // In `a.app.x`, the middle part is not a schema.
  if (token === undefined || dot?.text !== '.' || name === undefined || tokens[at - 1]?.text === '.') return false;
  return isIdentifier(token) && isIdentifier(name) && plainName(token.text) === schema;
}

/** ` SCHEMA "app"`. */
function isPlaceOf(tokens: readonly SqlToken[], at: number, schema: string): boolean {
  const [space, word, , name] = tokens.slice(at, at + 4);
  return space?.kind === 'space' && word?.text === 'SCHEMA' && name !== undefined && plainName(name.text) === schema;
}

function isIdentifier({ kind }: SqlToken): boolean {
  return kind === 'word' || kind === 'name';
}

/** Whether a literal is cast to regclass or a similar type. */
function isName(tokens: readonly SqlToken[], at: number): boolean {
  const [cast, type] = tokens.slice(at + 1, at + 3);
  return cast?.text === '::' && type !== undefined && /^reg(?:class|proc|procedure|type)$/.test(type.text);
}

/** PostgreSQL prints function bodies between these tags. The user wrote them, so they are not changed. */
const printed = new Set(['$function$', '$procedure$']);

function inside(literal: string, schema: string, isCast: boolean): string {
  if (literal.startsWith('$')) {
    const tag = literal.slice(0, literal.indexOf('$', 1) + 1);
    if (printed.has(tag)) return literal;
    return tag + withoutSchema(literal.slice(tag.length, literal.length - tag.length), schema) + tag;
  }
  if (!literal.startsWith("'")) return literal;
  const [name, dot, object, ...rest] = [...sqlTokens(literal.slice(1, -1))];
  if (name === undefined || dot?.text !== '.' || object === undefined) return literal;
  if (!isIdentifier(name) || !isIdentifier(object) || plainName(name.text) !== schema) return literal;
  // Without quotes, it may be a value that only looks like a name.
  const isObject = isCast || (name.kind === 'name' && (rest.length === 0 || rest[0]?.text === '('));
  return isObject ? `'${[object, ...rest].map(({ text }) => text).join('')}'` : literal;
}
