import { classify } from '../sql/index.js';
import { definitionOf } from './column.js';
import type { Fact } from './engine.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/** The expressions as written in the entities, by object key, where the catalog has PostgreSQL's form. */
export type OwnWords = ReadonlyMap<string, OwnText>;

export interface OwnText {
  /** The property that is printed from it. */
  readonly property: 'def' | 'generatedExpr' | 'where';
  readonly text: string;
}

/** Beside what is compared: the engine leaves out what begins with `_`. */
const note = '_own';

/** The same schema, with the texts to write for its new parts. */
export function withOwnWords(schema: Schema, words: OwnWords): Schema {
  const facts = schema.facts.map((fact) => {
    const own = words.get(keyOf(fact.id));
    const text = own && textFor(own, fact);
    return text === undefined ? fact : { ...fact, payload: { ...fact.payload, [note]: text } };
  });
  return schemaOf(facts, schema.edges);
}

/** As it is written into a migration: in the words of the entity, or as PostgreSQL prints it. */
export function ownDefinitionOf(schema: Schema, id: ObjectId): string {
  const is = schema.get(id)?.is;
  return ownOf(is, 'def') ?? definitionOf(schema, id);
}

/** The schema with its own words where `from` does not say the same already: what differs is what is written. */
export function inOwnWords(schema: Schema, from: Schema): Schema {
  let isOther = false;
  const facts = schema.facts.map((fact): Fact => {
    const property = propertyOf(fact.payload);
    const own = property && ownOf(fact.payload, property);
    if (own === undefined || property === undefined) return fact;
    if (from.factOf(fact.id)?.payload[property] === fact.payload[property]) return fact;
    isOther = true;
    return { ...fact, payload: { ...fact.payload, [property]: own } };
  });
  return isOther ? schemaOf(facts, schema.edges) : schema;
}

type Property = 'def' | 'generatedExpr';
type Payload = Readonly<Record<string, unknown>>;

function propertyOf(payload: Payload): Property | undefined {
  return (payload[note] as { readonly property: Property } | undefined)?.property;
}

function ownOf(payload: Payload | undefined, property: Property): string | undefined {
  const own = payload?.[note] as { readonly property: Property; readonly text: string } | undefined;
  return own?.property === property ? own.text : undefined;
}

function textFor(
  { property, text }: OwnText,
  { payload }: Fact,
): { readonly property: Property; readonly text: string } | undefined {
  if (property !== 'where') return typeof payload[property] === 'string' ? { property, text } : undefined;
  // The predicate comes last in an index definition.
  const [whole] = classify(String(payload['def']));
  const [head, ...predicate] = whole?.splitAt('WHERE') ?? [];
  return head === undefined || predicate.length === 0
    ? undefined
    : { property: 'def', text: `${head.trimEnd()} WHERE ${text}` };
}
