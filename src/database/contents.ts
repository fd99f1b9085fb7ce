import { quoteLiteral } from '../sql/index.js';
import { sqlState } from './failure.js';
import type { SqlClient } from './sql-client.js';
import type { Tables } from './tables.js';

/** An object of a database that can be dropped separately. */
export interface DroppableObject {
  /** The name of its kind in SQL: `materialized view`. */
  readonly kind: string;
  /** The name with schema and arguments, quoted if necessary: `public.total(integer)`. */
  readonly identity: string;
  readonly schema: string | null;
  /** The name without schema and arguments. */
  readonly name: string;
  /** Whether this role may drop it. */
  readonly owned: boolean;
}

/** Kinds that have a different name in the statement that drops them. */
const droppedAs: Readonly<Record<string, string>> = { 'composite type': 'type', 'statistics object': 'statistics' };

const inSchemas = [
  ...['table', 'view', 'materialized view', 'sequence', 'foreign table', 'function', 'procedure', 'aggregate', 'type'],
  ...['composite type', 'domain', 'collation', 'conversion', 'operator', 'operator class', 'operator family'],
  ...['statistics object', 'text search configuration', 'text search dictionary', 'text search parser'],
  'text search template',
];

/**
 * All objects that users have created. Objects that come with the server, parts of other objects, such as partitions, and members of
 * extensions are left out. The catalog does not record the owner of objects that belong to the role of `initdb`: it has the OID 10.
 * https://www.postgresql.org/docs/current/catalog-pg-shdepend.html
 */
const contents = `WITH user_schemas AS (SELECT oid, nspname, nspowner FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
members AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass),
found AS (
  SELECT 1 AS rank, 'event trigger' AS kind, quote_ident(evtname) AS identity, NULL AS schema, evtname::text AS name, evtowner AS owner, 'pg_event_trigger'::regclass AS classid, oid FROM pg_event_trigger
  UNION ALL SELECT 1, 'publication', quote_ident(pubname), NULL, pubname, pubowner, 'pg_publication'::regclass, oid FROM pg_publication
  UNION ALL SELECT 2, o.type, o.identity, n.nspname, coalesce(o.name, (SELECT proname FROM pg_proc WHERE oid = d.objid)), coalesce(s.refobjid, 10), d.classid, d.objid
    FROM user_schemas n JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.deptype = 'n'
    LEFT JOIN pg_shdepend s ON s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.classid = d.classid AND s.objid = d.objid AND s.deptype = 'o'
    CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) o
    WHERE o.type IN (${inSchemas.map(quoteLiteral).join(', ')})
      AND NOT EXISTS (SELECT FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relispartition)
  UNION ALL SELECT 3, 'server', quote_ident(srvname), NULL, srvname, srvowner, 'pg_foreign_server'::regclass, oid FROM pg_foreign_server
  UNION ALL SELECT 4, 'foreign-data wrapper', quote_ident(fdwname), NULL, fdwname, fdwowner, 'pg_foreign_data_wrapper'::regclass, oid FROM pg_foreign_data_wrapper
  UNION ALL SELECT 5, 'extension', quote_ident(extname), NULL, extname, extowner, 'pg_extension'::regclass, oid FROM pg_extension WHERE extname <> 'plpgsql'
  UNION ALL SELECT 6, 'schema', quote_ident(nspname), NULL, nspname, nspowner, 'pg_namespace'::regclass, oid FROM user_schemas WHERE nspname <> 'public')
SELECT kind, identity, schema, name, pg_has_role(owner, 'USAGE')
    AND (kind <> 'schema' OR has_database_privilege(current_database(), 'CREATE')) AS owned
  FROM found f WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = f.classid AND m.objid = f.oid) ORDER BY rank, identity`;

/** Reads the objects in an order in which they can be dropped. */
export async function readContents(client: SqlClient): Promise<readonly DroppableObject[]> {
  const { rows } = await client.query(contents);
  return (rows as unknown as readonly DroppableObject[]).map((object) => ({
    ...object,
    kind: droppedAs[object.kind] ?? object.kind,
  }));
}

/** Dropping these with CASCADE only drops objects that cannot exist without them: views, foreign keys. */
const cascading: ReadonlySet<string> = new Set([
  ...['table', 'view', 'materialized view', 'foreign table', 'event trigger', 'publication'],
]);

/**
 * Drops these objects in one transaction. Objects that a remaining object still needs, such as the type of a column or a schema that is not
 * empty, are kept and returned. Objects that belong to another one, such as the sequence of a column, are dropped with it.
 */
export async function dropContents(
  client: SqlClient,
  objects: readonly DroppableObject[],
  lockTimeoutMs: number,
): Promise<readonly DroppableObject[]> {
  await client.query(`BEGIN; SET LOCAL lock_timeout = ${lockTimeoutMs}; SET LOCAL client_min_messages = warning`);
  try {
    for (const object of objects) if (cascading.has(object.kind)) await client.query(`${statementFor(object)} CASCADE`);
    let left: readonly DroppableObject[] = objects.filter(({ kind }) => !cascading.has(kind));
    for (let before = Infinity; left.length > 0 && left.length < before;) {
      before = left.length;
      left = await dropUnneeded(client, left);
    }
    await client.query('COMMIT');
    return left;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Returns the objects that are still needed: they may depend on each other. */
async function dropUnneeded(
  client: SqlClient,
  objects: readonly DroppableObject[],
): Promise<readonly DroppableObject[]> {
  const needed: DroppableObject[] = [];
  for (const object of objects) {
    await client.query('SAVEPOINT nest_migrate_drop');
    try {
      await client.query(statementFor(object));
    } catch (error) {
      if (sqlState(error) !== '2BP01') throw error;
      await client.query('ROLLBACK TO SAVEPOINT nest_migrate_drop');
      needed.push(object);
    }
  }
  return needed;
}

function statementFor({ kind, identity }: DroppableObject): string {
  return `DROP ${kind.replace('-', ' ').toUpperCase()} IF EXISTS ${identity}`;
}

/** Tables with the columns of a TypeORM ledger, except for ours. Each has the identity that `readContents` returns. */
export async function otherLedgers(
  client: SqlClient,
  { ledger }: Pick<Tables, 'ledger'>,
): Promise<ReadonlySet<string>> {
  const { rows } = await client.query(
    `SELECT (pg_identify_object('pg_class'::regclass, c.oid, 0)).identity FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind = 'r' AND c.oid IS DISTINCT FROM to_regclass(${quoteLiteral(ledger)}) GROUP BY c.oid
     HAVING array_agg(a.attname || ' ' || format_type(a.atttypid, NULL) ORDER BY a.attname) = '{id integer,name character varying,timestamp bigint}'`,
  );
  return new Set(rows.map(({ identity }) => String(identity)));
}
