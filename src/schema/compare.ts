import { changeOf } from './change.js';
import type { Change } from './change.js';
import type { Engine, Fact, FactBase } from './engine.js';
import { engine } from './engine.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { inOwnWords } from './own-words.js';
import { schemaOf } from './read.js';
import type { Schema } from './read.js';

/** Loads the comparison early, while the caller waits for the schemas. */
export async function prepareToCompare(): Promise<void> {
  await engine();
}

/** The statements that change one schema into the other; empty if they are equal. */
export async function compareSchemas(
  from: Schema,
  to: Schema,
  { replaceEnums = false } = {},
): Promise<readonly Change[]> {
  const { plan, buildFactBase } = await engine();
  const before = withStale(replaceEnums ? withOtherEnums(from, to) : from, to);
  const options = { renames: 'off', compact: false, assumedRoles: rolesIn(from, to) };
  const written = inOwnWords(to, before);
  const { actions } = plan(asFactBase(before, buildFactBase), asFactBase(written, buildFactBase), options);
  return actions.map((action) => changeOf(action, from, to));
}

const factBases = new WeakMap<Schema, FactBase>();

function asFactBase(schema: Schema, build: Engine['buildFactBase']): FactBase {
  const known = factBases.get(schema);
  if (known !== undefined) return known;
  const made = build([...schema.facts], [...schema.edges]);
  factBases.set(schema, made);
  return made;
}

/** Of policies. Roles are no part of a schema here: they are there, or the statement says that they are not. */
function rolesIn(...schemas: readonly Schema[]): readonly string[] {
  return schemas.flatMap(({ objects }) =>
    objects.flatMap(({ id, is }) => (id.kind === 'policy' ? (is['roles'] as readonly string[]) : [])),
  );
}

/** The statements that can be executed in one transaction: a value that is added to an enum could not be used in it, a new type can. */
export async function compareInOneTransaction(from: Schema, to: Schema): Promise<readonly Change[]> {
  const changes = await compareSchemas(from, to);
  const grown = new Set(changes.filter(({ commitAfter }) => commitAfter).flatMap(({ uses }) => uses.map(keyOf)));
  const isAbout = (id: ObjectId): boolean => id.kind === 'type' && grown.has(keyOf(id));
  const others = changes.filter(({ commitAfter, verb }) => !commitAfter && verb !== 'drop');
  const used = others.some(({ creates, uses }) =>
    [...creates, ...uses].some((id) => isAbout(id) || to.needs(id).some(isAbout)),
  );
  return used ? compareSchemas(from, to, { replaceEnums: true }) : changes;
}

/** Pretends that growing enums also lose a value, so that the engine writes a new type. */
function withOtherEnums(from: Schema, to: Schema): Schema {
  const differs = ({ id, payload }: Fact): boolean =>
    payload['variant'] === 'enum' &&
    to.has(id) &&
    JSON.stringify(payload['values']) !== JSON.stringify(to.get(id)?.is['values']);
  const marked = ({ payload, ...rest }: Fact): Fact => ({
    ...rest,
    payload: { ...payload, values: [...(payload['values'] as readonly unknown[]), ''] },
  });
  return schemaOf(
    from.facts.map((fact) => (differs(fact) ? marked(fact) : fact)),
    from.edges,
  );
}

/** PostgreSQL does not change the type of a column that a generated one reads: that one must go meanwhile, so it counts as changed. */
function withStale(from: Schema, to: Schema): Schema {
  const isRetyped = (id: ObjectId): boolean =>
    id.kind === 'column' && to.has(id) && from.get(id)?.is['type'] !== to.get(id)?.is['type'];
  const stale = (fact: Fact): boolean =>
    typeof fact.payload['generatedExpr'] === 'string' && from.needs(fact.id).some(isRetyped);
  if (!from.facts.some(stale)) return from;
  const marked = ({ payload, ...rest }: Fact): Fact => ({
    ...rest,
    payload: { ...payload, generatedExpr: `${String(payload['generatedExpr'])} ` },
  });
  return schemaOf(
    from.facts.map((fact) => (stale(fact) ? marked(fact) : fact)),
    from.edges,
  );
}

/** The differences, for people and for proofs; empty if the two are equal. */
export async function isSame(a: Schema, b: Schema): Promise<boolean> {
  const { plan, buildFactBase } = await engine();
  const [one, other] = [asFactBase(a, buildFactBase), asFactBase(b, buildFactBase)];
  if (one.rootHash === other.rootHash) return true;
  return plan(one, other, { renames: 'off', assumedRoles: rolesIn(a, b) }).deltas.length === 0;
}

/** The same schema with every constraint validated, since undoing a validation would serve no purpose. */
export function asValidated(schema: Schema): Schema {
  const facts = schema.facts.map((fact) => (fact.id.kind === 'constraint' ? validated(fact) : fact));
  return schemaOf(facts, schema.edges);
}

function validated({ payload, ...rest }: Fact): Fact {
  return { ...rest, payload: { ...payload, validated: true, def: withoutNotValid(payload['def']) } };
}

function withoutNotValid(definition: unknown): unknown {
  return typeof definition === 'string' ? definition.replace(/ NOT VALID$/, '') : definition;
}
