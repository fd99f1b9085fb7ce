import type { SqlClient } from '../database/sql-client.js';
import type { LoadedMigration } from '../files/migration.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { classify } from '../sql/index.js';
import { isOfTypeorm, madeByTypeorm, shortPath } from './made-by-typeorm.js';

/** The origin of an object: a generator (ours or TypeORM's), which may also drop it; a handwritten migration; or the initial state. */
export type Origin = Maker | 'initial';
type Maker = 'generated' | 'hand';

/** By the key of the object, without the arguments of functions. */
export type OriginMap = ReadonlyMap<string, Origin>;

export function originIn(origins: OriginMap, id: ObjectId): Origin | undefined {
  return origins.get(originKey(id));
}

export function originKey({ kind, schema, table, name }: ObjectId): string {
  return keyOf(objectId(kind === 'procedure' ? 'function' : kind, schema, name ?? '', table));
}

/**
 * Follows the replay to record the origin of each object. An object that is new in the catalog was created by the migrations since the
 * last look, so it looks whenever their origin changes, and after migrations that drop something, since an object that is created again
 * has a new origin.
 */
export class Origins {
  readonly #byOid = new Map<string, Origin>();
  /** The objects at the last look, by their paths. */
  #present = new Map<string, Origin>();
  /** The origin of the migrations executed since. */
  #unseen: Maker | undefined;
  /** What TypeORM's generator has created in handwritten ones among them. */
  readonly #generated = new Set<string>();

  private constructor(private readonly client: SqlClient) {}

  static async open(client: SqlClient): Promise<Origins> {
    const origins = new Origins(client);
    await origins.#assign('initial');
    return origins;
  }

  /** Whether a migration of this origin can follow without a look. While its origin is unknown, that is uncertain. */
  mayFollow(origin: Maker | undefined): boolean {
    return this.#unseen === undefined || this.#unseen === origin;
  }

  async look(): Promise<void> {
    if (this.#unseen !== undefined) await this.#assign(this.#unseen);
    this.#unseen = undefined;
    this.#generated.clear();
  }

  async after(migration: LoadedMigration, statements: readonly string[]): Promise<void> {
    const origin = originOf(migration, statements);
    if (originBefore(migration) === undefined && origin === 'hand')
      for (const path of madeByTypeorm(statements)) this.#generated.add(path);
    // A migration that ends its own transaction could not be rolled back: objects of uncertain origin are kept.
    this.#unseen = this.mayFollow(origin) ? origin : 'hand';
    if (statements.some((sql) => classify(sql).some(({ mayRemove }) => mayRemove))) await this.look();
  }

  async finish(): Promise<OriginMap> {
    await this.look();
    const rows = await this.#assign('hand');
    return new Map(
      rows.map(({ oid, kind, schema, table, name }) => [
        keyOf(objectId(kind, schema ?? undefined, name, table ?? undefined)),
        this.#byOid.get(oid) ?? 'hand',
      ]),
    );
  }

  async #assign(origin: Origin): Promise<readonly CatalogRow[]> {
    const { rows } = await this.client.query(everything);
    const found = (rows[0]?.['found'] ?? []) as readonly CatalogRow[];
    // A view that was in the way of a change is created again, and an index that was built beside another one takes its name: the origin
    // is still that of the first one.
    const present = new Map<string, Origin>();
    for (const row of found) {
      const path = pathOf(row);
      const before = this.#present.get(path);
      const known = this.#byOid.get(row.oid);
      const made = this.#generated.has(shortPath(row.kind, row.table, row.name)) ? 'generated' : origin;
      const now = before === undefined || before === 'generated' ? (known ?? before ?? made) : before;
      this.#byOid.set(row.oid, now);
      present.set(path, now);
    }
    this.#present = present;
    return found;
  }
}

interface CatalogRow {
  readonly oid: string;
  readonly kind: string;
  readonly schema: string | null;
  readonly table: string | null;
  readonly name: string;
}

/** Made for each object at each look, so it must take less time than `keyOf`. */
function pathOf({ kind, schema, table, name }: CatalogRow): string {
  return `${kind}\0${schema ?? ''}\0${table ?? ''}\0${name}`;
}

const ownSchemas = `n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`;
/** Returned as one value, since parsing thousands of rows takes longer than finding them. */
const everything = `SELECT json_agg(o) AS found FROM (
  SELECT 'c' || c.oid AS oid, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materializedView' WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' ELSE 'table' END AS kind,
    n.nspname AS schema, NULL AS table, c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${ownSchemas} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I')
  UNION ALL SELECT 'a' || a.attrelid || ':' || a.attnum, 'column', n.nspname, c.relname, a.attname
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${ownSchemas} AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT 'k' || k.oid, 'constraint', n.nspname, c.relname, k.conname
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${ownSchemas}
  UNION ALL SELECT 't' || t.oid, CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, n.nspname, NULL, t.typname
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
  WHERE ${ownSchemas} AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
  UNION ALL SELECT 'p' || p.oid, CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE 'function' END, n.nspname, NULL, p.proname
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${ownSchemas}
  UNION ALL SELECT 'g' || g.oid, 'trigger', n.nspname, c.relname, g.tgname
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal
  UNION ALL SELECT 'y' || y.oid, 'policy', n.nspname, c.relname, y.polname
  FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  UNION ALL SELECT 'r' || r.oid, 'rule', n.nspname, c.relname, r.rulename
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${ownSchemas} AND r.rulename <> '_RETURN'
  UNION ALL SELECT 's' || n.oid, 'schema', NULL, NULL, n.nspname FROM pg_namespace n WHERE ${ownSchemas}
  UNION ALL SELECT 'e' || e.oid, 'extension', NULL, NULL, e.extname FROM pg_extension e) o`;

export function originOf(migration: LoadedMigration, statements: readonly string[]): Maker {
  return originBefore(migration) ?? styleOf(statements);
}

/** The origin of a migration before its execution; undefined if only its statements can tell. */
export function originBefore({ marksPhase, byHand }: LoadedMigration): Maker | undefined {
  if (byHand) return 'hand';
  return marksPhase ? 'generated' : undefined;
}

function styleOf(statements: readonly string[]): Maker {
  // TypeORM's CLI knows no guards: they are added by hand, but create nothing.
  const changing = statements.filter((sql) => !classify(sql).every(({ changesNothing }) => changesNothing));
  return changing.length > 0 && changing.every(isOfTypeorm) ? 'generated' : 'hand';
}
