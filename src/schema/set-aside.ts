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
  addNeeded(aside, expected, actual);
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

/** What a table needs, and would have to be dropped with. A relation is never added: to drop one is a decision. */
const goesAlong = new Set(['schema', 'type', 'domain', 'function', 'procedure', 'aggregate', 'sequence', 'collation']);

/** Adds what objects that are set aside need, unless it is expected too: it could not be dropped without them. */
function addNeeded(aside: Set<string>, expected: Schema, actual: Schema): void {
  const isIn = (id: ObjectId): boolean => aside.has(keyOf(id));
  const isNeeded = (fact: Fact): boolean => goesAlong.has(fact.id.kind) && actual.neededBy(fact.id).some(isIn);
  // Other objects in a schema that is needed are not needed for that.
  const isPart = (fact: Fact): boolean => ownersOf(fact, actual).some((id) => id.kind !== 'schema' && isIn(id));
  let others = actual.facts.filter(({ id }) => !isIn(id) && !expected.has(id));
  for (let grown = true; grown;) {
    const [more, rest] = partition(others, (fact) => isNeeded(fact) || isPart(fact));
    for (const { id } of more) aside.add(keyOf(id));
    grown = more.length > 0;
    others = rest;
  }
}

function partition<T>(all: readonly T[], fits: (one: T) => boolean): readonly [readonly T[], T[]] {
  return [all.filter(fits), all.filter((one) => !fits(one))];
}
