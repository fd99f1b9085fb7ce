import { ownersOf } from './differences.js';
import type { Fact } from './engine.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/**
 * The expected schema, with what shall not be compared as it is in the other one. Taking it out of both would also take away what says in
 * which order the rest has to be made.
 */
export function setAside(expected: Schema, actual: Schema, isAside: (fact: Fact, schema: Schema) => boolean): Schema {
  const aside = new Set<string>();
  for (const schema of [expected, actual])
    for (const fact of schema.facts) if (isAside(fact, schema)) aside.add(keyOf(fact.id));
  if (aside.size === 0) return expected;
  const facts = expected.facts.filter(({ id }) => !aside.has(keyOf(id)));
  const there = new Set(facts.map(({ id }) => keyOf(id)));
  let waiting = actual.facts.filter(({ id }) => aside.has(keyOf(id)));
  // What belongs to something unexpected that is compared goes with that.
  for (let grown = true; grown;) {
    const [fit, rest] = partition(waiting, (fact) => ownersOf(fact, actual).every((id) => there.has(keyOf(id))));
    for (const fact of fit) {
      facts.push(fact);
      there.add(keyOf(fact.id));
    }
    grown = fit.length > 0;
    waiting = rest;
  }
  const isTaken = (id: ObjectId): boolean => aside.has(keyOf(id));
  return schemaOf(facts, [
    ...expected.edges.filter(({ from, to }) => !isTaken(from) && !isTaken(to)),
    ...actual.edges.filter(({ from, to }) => isTaken(from) || isTaken(to)),
  ]);
}

function partition<T>(all: readonly T[], fits: (one: T) => boolean): readonly [readonly T[], T[]] {
  return [all.filter(fits), all.filter((one) => !fits(one))];
}
