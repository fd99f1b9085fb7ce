import { sqlTokens } from '../sql/index.js';
import { indexParts } from './definition.js';

/**
 * Whether an index only has what entities cannot express, which a person has added: the order of a column, an operator class, a collation,
 * another method, further columns, storage parameters. TypeORM does not compare these.
 */
export function isTuned(present: string, wanted: string): boolean {
  const [is, plain] = [indexParts(present), indexParts(wanted)];
  const [tuned, simple] = [shapeOf(is.keys), shapeOf(plain.keys)];
  if (tuned === undefined || simple === undefined) return false;
  return (
    is.unique === plain.unique &&
    (plain.method === is.method || plain.method === 'btree') &&
    tuned.where === simple.where &&
    JSON.stringify(tuned.columns) === JSON.stringify(simple.columns) &&
    simple.isPlain
  );
}

interface Shape {
  readonly columns: readonly string[];
  /** Whether there is nothing but columns, and the condition. */
  readonly isPlain: boolean;
  readonly where: string;
}

/** Of `(a DESC, b) INCLUDE (c) WHERE (d > 1)`; undefined if an expression is among the keys. */
function shapeOf(keys: string): Shape | undefined {
  const tokens = [...sqlTokens(keys)].filter(({ kind }) => kind !== 'space');
  const columns: string[] = [];
  let [depth, isPlain, isInKeys] = [0, true, true];
  for (const [at, { text, index }] of tokens.entries()) {
    if (depth === 0 && text === 'WHERE') return { columns, isPlain, where: keys.slice(index) };
    const before = tokens[at - 1]?.text;
    if (isInKeys && depth === 1 && (before === '(' || before === ',')) {
      if (text === '(' || tokens[at + 1]?.text === '(') return undefined;
      columns.push(text);
    } else if (!'(),'.includes(text)) isPlain = false;
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (depth === 0) isInKeys = false;
  }
  return { columns, isPlain, where: '' };
}
