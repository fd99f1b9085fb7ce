import type { SqlClient } from '../../database/sql-client.js';
import { codeOf } from '../../errors.js';
import { nameOf } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { quoteName } from '../../sql/index.js';

/** An index that no query uses and that enforces nothing, although it has the name and the definition of a valid one. */
export interface InvalidIndex {
  readonly schema: string;
  readonly name: string;
  /** As `schema.name`. */
  readonly table: string;
  /** Whether a session is currently building it. */
  readonly isBeingBuilt: boolean;
}

/**
 * Read from the live database, because an index definition does not show it. An invalid index of a partitioned table only lacks those of
 * some partitions.
 */
export async function readInvalidIndexes(client: SqlClient): Promise<readonly InvalidIndex[]> {
  return (await client.query(invalidSql)).rows as unknown as readonly InvalidIndex[];
}

const invalidSql = `SELECT n.nspname AS schema, c.relname AS name, tn.nspname || '.' || t.relname AS table,
  EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid AND p.datname = current_database()) AS "isBeingBuilt"
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) AND c.relkind = 'i' AND n.nspname !~ '^pg_toast' ORDER BY 1, 2`;

/**
 * Makes the same indexes invalid on a copy of the schema, so that statements find them as on the live database. Returns those for which
 * that is not permitted: it requires a superuser.
 */
export async function makeInvalid(indexes: readonly InvalidIndex[], pool: SqlClient): Promise<readonly InvalidIndex[]> {
  const left: InvalidIndex[] = [];
  for (const index of indexes) {
    try {
      await pool.query('UPDATE pg_catalog.pg_index SET indisvalid = false WHERE indexrelid = to_regclass($1)', [
        sqlNameOf(index),
      ]);
    } catch (error) {
      if (codeOf(error) !== insufficientPrivilege) throw error;
      left.push(index);
    }
  }
  return left;
}

const insufficientPrivilege = '42501';

/** `CREATE INDEX … IF NOT EXISTS` finds that the name exists, does nothing, and reports success. */
export function leftInvalid({
  tree,
  tables,
}: Observed): { readonly index: string; readonly message: string } | undefined {
  const create = nodeOf(tree, 'IndexStmt');
  const table = create?.relation && tables.get(nameOf(create.relation));
  const found = create?.if_not_exists && table?.indexes.find(({ name, valid }) => name === create.idxname && !valid);
  if (!found || !table) return undefined;
  const index = { schema: table.schema, name: found.name };
  const useless = found.unique ? 'no query uses it, it does not enforce uniqueness,' : 'no query uses it,';
  return {
    index: `${index.schema}.${index.name}`,
    message: `${index.schema}.${index.name} already exists and is invalid: ${useless} and IF NOT EXISTS keeps it. Drop it first: DROP INDEX CONCURRENTLY ${sqlNameOf(index)}`,
  };
}

function sqlNameOf({ schema, name }: Pick<InvalidIndex, 'schema' | 'name'>): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
