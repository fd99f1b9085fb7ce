import { differences } from './differences.js';
import type { Difference } from './differences.js';
import { keyOf } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/** What the server prints of an expression or a query, each version a little differently: before 16, every column of a view with its table. */
const printed = new Set([
  'def',
  'expr',
  'generatedExpr',
  'default',
  'usingExpr',
  'checkExpr',
  'where',
  'partitionKey',
  'partitionBound',
]);

export type Payload = Readonly<Record<string, unknown>>;

/** Objects in both schemas that differ in such a text. */
export function differingTexts(from: Schema, to: Schema): readonly Difference[] {
  return differences(from, to).filter(
    (one) => one.from !== undefined && one.properties.some((name) => printed.has(name)),
  );
}

/** The texts in which it differs, as another one of the same object has them. */
export function textsOf({ properties }: Difference, payload: Payload): Payload {
  const texts = properties.filter((name) => printed.has(name) && typeof payload[name] === 'string');
  return Object.fromEntries(texts.map((name) => [name, payload[name]]));
}

export function withTexts(
  schema: Schema,
  which: readonly Difference[],
  textsFor: (one: Difference) => Payload,
): Schema {
  const texts = new Map(which.map((one) => [keyOf(one.id), textsFor(one)]));
  const facts = schema.facts.map((fact) => ({ ...fact, payload: { ...fact.payload, ...texts.get(keyOf(fact.id)) } }));
  return schemaOf(facts, schema.edges);
}

/** The schema as it is printed after being created from its own texts. */
export function asPrintedBy(made: Schema, schema: Schema): Schema {
  const differing = differingTexts(made, schema);
  return withTexts(schema, differing, (one) => textsOf(one, one.from?.payload ?? {}));
}
