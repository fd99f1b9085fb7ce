import { tableOf } from '../../schema/differences.js';
import type { Difference } from '../../schema/differences.js';
import type { Fact } from '../../schema/engine.js';
import { keyOf } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import type { DriftedObject } from './types.js';
import { ignorableKind } from '../ignore.js';
import { isPart, nameOf, portrait, sentenceAsPart, sentencesOf } from './words.js';

interface Told {
  readonly fact: Fact;
  readonly state: DriftedObject['state'];
  readonly sentences: readonly string[];
}

/**
 * The differences for the report, table by table. The default of a column and a comment are reported with the object that they belong to.
 */
export function objectsOf(found: readonly Difference[], expected: Schema, live: Schema): readonly DriftedObject[] {
  const told = new Map<string, Told>();
  for (const difference of found) {
    const one = toldOf(difference, expected, live);
    const key = keyOf(one.fact.id);
    told.set(key, { ...one, sentences: [...(told.get(key)?.sentences ?? []), ...one.sentences] });
  }
  return [...told.values()].toSorted(byPlace).map(({ fact, state, sentences }) => ({
    object: nameOf(fact),
    kind: ignorableKind(fact.id),
    state,
    ...(sentences.length > 0 && { detail: sentences.join('\n') }),
  }));
}

function toldOf(difference: Difference, expected: Schema, live: Schema): Told {
  const { id, from, to } = difference;
  const fact = (to ?? from) as Fact;
  const owner = id.target ?? fact.parent;
  const whole = isPart(id) && owner ? (live.factOf(owner) ?? expected.factOf(owner)) : undefined;
  if (whole) return { fact: whole, state: 'different', sentences: [sentenceAsPart(difference)] };
  if (from && to) return { fact, state: 'different', sentences: sentencesOf(difference) };
  return { fact, state: from ? 'missing' : 'unexpected', sentences: [portrait(fact) ?? []].flat() };
}

const order = ['schema', 'extension', 'type', 'table', 'column', 'constraint', 'index', 'trigger'];

function byPlace(a: Told, b: Told): number {
  const [one, other] = [placeOf(a.fact), placeOf(b.fact)];
  return one === other ? 0 : one < other ? -1 : 1;
}

function placeOf(fact: Fact): string {
  const { kind, schema = '', name = '' } = fact.id;
  const table = tableOf(fact)?.name ?? name;
  const rank = order.indexOf(kind);
  return [schema, table, String(rank === -1 ? order.length : rank), kind, name].join('\0');
}
