import type { EngineAction, Fact } from './engine.js';
import { engine } from './engine.js';
import type { ObjectId } from './object-id.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/** One statement on the way from one schema to another, in its place in the order. */
export interface Change {
  readonly sql: string;
  readonly verb: 'create' | 'alter' | 'drop';
  readonly creates: readonly ObjectId[];
  readonly drops: readonly ObjectId[];
  /** What it is about, and what must be there for it. */
  readonly uses: readonly ObjectId[];
  readonly losesData: boolean;
  /** A value that is added to an enum can be used only after a commit. */
  readonly commitAfter: boolean;
}

/** The statements that lead from one schema to the other; none when they are the same. */
export async function compareSchemas(from: Schema, to: Schema): Promise<readonly Change[]> {
  const { plan } = await engine();
  return plan(from.facts, to.facts, { renames: 'off', compact: false }).actions.map(changeOf);
}

/** What differs, for people and for proofs: empty when the two are the same. */
export async function isSame(a: Schema, b: Schema): Promise<boolean> {
  if (a.facts.rootHash === b.facts.rootHash) return true;
  const { plan } = await engine();
  return plan(a.facts, b.facts, { renames: 'off' }).deltas.length === 0;
}

/** The same schema, as if every constraint had looked at all rows: to take that back would be no help to anybody. */
export function asValidated(schema: Schema): Promise<Schema> {
  const facts = schema.facts.facts().map((fact) => (fact.id.kind === 'constraint' ? validated(fact) : fact));
  return schemaOf(facts, schema.facts.edges);
}

function validated({ payload, ...rest }: Fact): Fact {
  return { ...rest, payload: { ...payload, validated: true, def: withoutNotValid(payload['def']) } };
}

function withoutNotValid(definition: unknown): unknown {
  return typeof definition === 'string' ? definition.replace(/ NOT VALID$/, '') : definition;
}

function changeOf(action: EngineAction): Change {
  const { verb, produces, destroys, consumes, releases, dataLoss, transactionality } = action;
  return {
    sql: action.sql.replaceAll('__pgdelta_replaced"', '_old"'),
    verb,
    creates: produces,
    drops: destroys,
    uses: [...consumes, ...releases],
    losesData: dataLoss === 'destructive',
    commitAfter: transactionality === 'commitBoundaryAfter',
  };
}
