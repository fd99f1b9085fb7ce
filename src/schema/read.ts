import type { Dependency, Fact } from './engine.js';
import { engine } from './engine.js';
import { withLighterQueries } from './engine-queries.js';
import { classify } from '../sql/index.js';
import { keyOf } from './object-id.js';
import type { ObjectId } from './object-id.js';
import { settled } from './settle.js';
import type { Session } from './settle.js';
import { readMembers, unqualified } from './unqualified.js';

/** The schema of a database: every object that migrations can change, read from the catalog. */
export interface Schema {
  readonly objects: readonly SchemaObject[];
  get(id: ObjectId): SchemaObject | undefined;
  has(id: ObjectId): boolean;
  /** The dependencies of an object: its columns, its types, the tables of a view. */
  needs(id: ObjectId): readonly ObjectId[];
  /** The dependents of an object, which would have to be dropped first. */
  neededBy(id: ObjectId): readonly ObjectId[];
  childrenOf(id: ObjectId): readonly SchemaObject[];
  /** For this folder, and for the cache: the same objects as the engine has read them. */
  readonly facts: readonly Fact[];
  readonly edges: readonly Dependency[];
  factOf(id: ObjectId): Fact | undefined;
  edgesFrom(id: ObjectId): readonly Dependency[];
}

export interface SchemaObject {
  readonly id: ObjectId;
  readonly parent: ObjectId | undefined;
  /** Its properties in the catalog: type and notNull of a column, def of an index. */
  readonly is: Readonly<Record<string, unknown>>;
}

/** The part of a `pg` pool that is needed. */
export interface CatalogPool {
  connect(): Promise<unknown>;
  /** Reads the catalog in the thread of the database, if possible. */
  readCatalog?(options: ReadOptions): Promise<Catalog>;
}

/** The facts of a schema, in serialisable form. */
export interface Catalog {
  readonly facts: readonly Fact[];
  readonly edges: readonly Dependency[];
}

export interface ReadOptions {
  /** Tables that belong to the tool, not to the schema. */
  readonly ignoreTables: readonly ObjectId[];
  /** Expressions as they are printed, or in the form that is printed the same again, which a shadow finds out. @default 'printed' */
  readonly texts?: 'printed' | 'settled';
}

/** Leaves out roles and privileges, which differ between servers and are not part of migrations. */
const leftOut = new Set(['role', 'membership', 'acl', 'securityLabel', 'defaultPrivilege', 'userMapping']);

export async function readSchema(pool: CatalogPool, options: ReadOptions): Promise<Schema> {
  const { facts, edges } = await (pool.readCatalog?.(options) ?? readCatalog(pool, options));
  return schemaOf(facts, edges);
}

export async function readCatalog(
  pool: CatalogPool,
  { ignoreTables, texts = 'printed' }: ReadOptions,
): Promise<Catalog> {
  const { extract } = await engine();
  const { factBase } = await extract(withLighterQueries(pool));
  const ignored = new Set(ignoreTables.map(keyOf));
  const all = factBase.facts();
  const byKey = new Map(all.map((fact) => [keyOf(fact.id), fact]));
  const isIgnored = (fact: Fact): boolean => {
    if (ignored.has(keyOf(fact.id))) return true;
    const owner = fact.payload['ownedBy'] as { readonly schema: string; readonly table: string } | null | undefined;
    if (owner && ignored.has(keyOf({ kind: 'table', schema: owner.schema, name: owner.table }))) return true;
    const parent = fact.parent ?? fact.id.target;
    const above = parent && byKey.get(keyOf(parent));
    return above !== undefined && isIgnored(above);
  };
  const edges = factBase.edges.filter(({ kind }) => kind !== 'owner');
  const isTheirs = typesOf(edges, (id) => {
    const fact = byKey.get(keyOf(id));
    return fact !== undefined && isIgnored(fact);
  });
  const members = new Set(edges.flatMap(({ kind, from }) => (kind === 'memberOfExtension' ? [keyOf(from)] : [])));
  const kept = all.filter(
    (fact) => !leftOut.has(fact.id.kind) && !isNoise(fact, members) && !isIgnored(fact) && !isTheirs(fact.id),
  );
  const facts = kept.map((fact) => withoutOnly(withCollation(fact)));
  return onSession(pool, async (session) => {
    // Not later, because settling texts empties the search path.
    const names = await readMembers(session);
    return unqualified({ facts: texts === 'settled' ? await settled(facts, session) : facts, edges }, names);
  });
}

/** Runs in a transaction that is rolled back. */
async function onSession<T>(pool: CatalogPool, work: (session: Session) => Promise<T>): Promise<T> {
  const client = (await pool.connect()) as Session & { release(): void };
  try {
    await client.query('BEGIN');
    return await work(client);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** The types that only tables need which are left out: they are not the schema's either. */
function typesOf(edges: readonly Dependency[], isIgnored: (id: ObjectId) => boolean): (id: ObjectId) => boolean {
  const theirs = new Set<string>();
  const ours = new Set<string>();
  for (const { from, to } of edges) if (to.kind === 'type') (isIgnored(from) ? theirs : ours).add(keyOf(to));
  return (id) => id.kind === 'type' && theirs.has(keyOf(id)) && !ours.has(keyOf(id));
}

/** The index of a partitioned table is printed with ONLY, although it covers all partitions. */
function withoutOnly(fact: Fact): Fact {
  const { def } = fact.payload;
  if (fact.id.kind !== 'index' || typeof def !== 'string' || !def.includes(' ON ONLY ')) return fact;
  const rest = classify(def)[0]?.afterName ?? '';
  if (!rest.startsWith('ON ONLY ')) return fact;
  const whole = `${def.slice(0, -rest.length)}ON ${rest.slice('ON ONLY '.length)}`;
  return { ...fact, payload: { ...fact.payload, def: whole } };
}

/** A collation is part of the type: another one is given by ALTER COLUMN … TYPE, which keeps the data. */
function withCollation(fact: Fact): Fact {
  const { type, collation } = fact.payload;
  if (fact.id.kind !== 'column' || typeof type !== 'string' || typeof collation !== 'string') return fact;
  return { ...fact, payload: { ...fact.payload, type: `${type} COLLATE ${collation}`, collation: null } };
}

/** Comments that no migration makes: on the schema public, and on extensions and their members, whose owner alone may comment on them. */
function isNoise({ id: { kind, target } }: Fact, members: ReadonlySet<string>): boolean {
  if (kind !== 'comment' || target === undefined) return false;
  return (
    target.kind === 'extension' || members.has(keyOf(target)) || (target.kind === 'schema' && target.name === 'public')
  );
}

/**
 * The same schema with other facts: edges to what is not there fall away. The engine's own form of it, which takes its time for a large one,
 * is made where the engine compares (`compare.ts`); most large ones are only narrowed.
 */
export function schemaOf(facts: readonly Fact[], edges: readonly Dependency[]): Schema {
  const byKey = new Map(facts.map((fact) => [keyOf(fact.id), fact]));
  const whole = edges.filter(({ from, to }) => byKey.has(keyOf(from)) && byKey.has(keyOf(to)));
  const outgoing = lookup(whole, (edge) => [edge.from, edge]);
  const incoming = lookup(whole, ({ from, to }) => [to, from]);
  const children = lookup(facts, (fact) => (fact.parent === undefined ? undefined : [fact.parent, object(fact)]));
  return {
    facts,
    edges: whole,
    objects: facts.map(object),
    factOf: (id) => byKey.get(keyOf(id)),
    get: (id) => {
      const fact = byKey.get(keyOf(id));
      return fact && object(fact);
    },
    has: (id) => byKey.has(keyOf(id)),
    edgesFrom: outgoing,
    needs: (id) => outgoing(id).map(({ to }) => to),
    neededBy: incoming,
    childrenOf: children,
  };
}

function object({ id, parent, payload }: Fact): SchemaObject {
  return { id, parent, is: payload };
}

/** Created on first use. */
function lookup<Item, Value>(
  items: readonly Item[],
  entryOf: (item: Item) => readonly [ObjectId, Value] | undefined,
): (id: ObjectId) => readonly Value[] {
  let found: Map<string, Value[]> | undefined;
  const make = (): Map<string, Value[]> => {
    const made = new Map<string, Value[]>();
    for (const item of items) {
      const entry = entryOf(item);
      if (entry === undefined) continue;
      const key = keyOf(entry[0]);
      const values = made.get(key);
      if (values) values.push(entry[1]);
      else made.set(key, [entry[1]]);
    }
    return made;
  };
  return (id) => (found ??= make()).get(keyOf(id)) ?? [];
}
