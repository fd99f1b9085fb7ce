import type { SqlClient } from '../database/client.js';
import type { LoadedMigration } from '../files/migration.js';
import { keyOf, objectId } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';

/** Who made an object: a generator (ours, TypeORM's), which may remove it too, or somebody by hand. */
export type Origin = 'generated' | 'hand';

/** Follows the replay, and knows in the end who made what. One question to the catalog for each migration. */
export class Origins {
  readonly #byOid = new Map<string, Origin>();
  /** What was there at the last look. */
  #present = new Map<string, Origin>();

  constructor(private readonly client: SqlClient) {}

  /** What is new since the last look was made by a migration of this origin. */
  async after(origin: Origin): Promise<void> {
    await this.#assign(origin);
  }

  async finish(): Promise<(id: ObjectId) => Origin | undefined> {
    const rows = await this.#assign('hand');
    const byId = new Map(rows.map((row) => [keyOfRow(row), this.#byOid.get(row.oid)]));
    return ({ kind, schema, table, name }) =>
      byId.get(keyOf(objectId(kind === 'procedure' ? 'function' : kind, schema, name ?? '', table)));
  }

  async #assign(origin: Origin): Promise<readonly CatalogRow[]> {
    const { rows } = await this.client.query(everything);
    const found = rows as unknown as readonly CatalogRow[];
    // A view that was in the way of a change is made anew, and is still who made it first.
    for (const row of found)
      if (!this.#byOid.has(row.oid)) this.#byOid.set(row.oid, this.#present.get(keyOfRow(row)) ?? origin);
    this.#present = new Map(found.map((row) => [keyOfRow(row), this.#byOid.get(row.oid) ?? origin]));
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

function keyOfRow({ kind, schema, table, name }: CatalogRow): string {
  return keyOf(objectId(kind, schema ?? undefined, name, table ?? undefined));
}

const ownSchemas = `n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'`;
const everything = `
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
  UNION ALL SELECT 'e' || e.oid, 'extension', NULL, NULL, e.extname FROM pg_extension e`;

/** The statements that TypeORM's own generator writes: each on one line, with every name in quotes. */
const typeormStyle =
  /^(?:CREATE (?:TABLE|TYPE|VIEW|MATERIALIZED VIEW|SEQUENCE(?: IF NOT EXISTS)?|(?:UNIQUE )?INDEX(?: CONCURRENTLY)?|SCHEMA(?: IF NOT EXISTS)?|EXTENSION IF NOT EXISTS) "|(?:ALTER|DROP) (?:TABLE|TYPE|VIEW|MATERIALIZED VIEW|SEQUENCE|INDEX(?: CONCURRENTLY)?|SCHEMA) "|COMMENT ON (?:TABLE|COLUMN) "|(?:INSERT INTO|DELETE FROM|UPDATE) "(?:[^"]+"\.")?typeorm_metadata")/;

export function originOf(migration: LoadedMigration, statements: readonly string[]): Origin {
  if (migration.marksPhase) return 'generated';
  if (migration.checksum !== undefined) return 'hand';
  return statements.length > 0 && statements.every((sql) => typeormStyle.test(sql)) ? 'generated' : 'hand';
}
