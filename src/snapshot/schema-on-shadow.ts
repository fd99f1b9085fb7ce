import type { SqlClient } from '../database/sql-client.js';
import { MigrateError } from '../errors.js';
import { compareSchemas } from '../schema/compare.js';
import type { ObjectId } from '../schema/object-id.js';
import { asPrintedBy } from '../schema/printed-texts.js';
import { readSchema } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import type { SchemaCache } from '../shadow/cache.js';
import type { Database, Shadow } from '../shadow/shadow.js';
import { initialSchema } from './initial.js';
import { createTypeormTable } from './migratable-shadow.js';
import { ownTables } from './own-tables.js';
import type { Project } from './project.js';

/** A shadow with a schema, on which the steps to another schema are tried and proven. */
export interface SchemaOnShadow {
  readonly client: SqlClient;
  readonly schema: Schema;
  readonly read: () => Promise<Schema>;
}

/** The schema on a shadow that is no longer in its initial state. */
export interface Standing {
  readonly database: Database;
  readonly schema: Schema;
}

interface Wanted {
  /** A shadow in its initial state, or with the schema `stands`. */
  readonly shadow: Shadow;
  readonly stands?: Standing | undefined;
  readonly unmanaged: readonly ObjectId[];
  /** The target schema, whose extensions are needed too. */
  readonly to: Schema;
  /** Whether the schema was read on another server, so that the shadow's form of expressions has to be read. */
  readonly inOtherWords?: boolean;
  readonly cache: SchemaCache;
}

export function extensionsOf(schema: Schema): readonly string[] {
  return schema.objects.flatMap(({ id }) => (id.kind === 'extension' ? [id.name ?? ''] : []));
}

/** Creates this schema on the shadow, as its version of PostgreSQL prints it, and provides it. */
export async function withSchemaOnShadow<T>(
  schema: Schema,
  project: Project,
  wanted: Wanted,
  work: (at: SchemaOnShadow, stands: Standing) => Promise<T>,
): Promise<T> {
  const { shadow, stands, unmanaged, to, inOtherWords = false, cache } = wanted;
  const database = await shadow.database([...extensionsOf(schema), ...extensionsOf(to)]);
  await createTypeormTable(database, project);
  const ignoreTables = [...ownTables(project), ...unmanaged];
  const read = (): Promise<Schema> => readSchema(database, { ignoreTables, texts: 'settled' });
  const client = (await database.connect()) as SqlClient & { release(): void };
  try {
    await client.query('SET check_function_bodies = off');
    const standing = stands?.database === database ? stands.schema : undefined;
    const begin = standing ?? (await initialSchema(await shadow.initial(), read, cache));
    const isMade = await convert(begin, schema, client).catch((error: unknown) => {
      if (standing === undefined) throw error;
      return false;
    });
    if (isMade) {
      await client.query('RESET check_function_bodies');
      if (!inOtherWords) return await work({ client, schema, read }, { database, schema });
      const made = await read();
      const left = await compareSchemas(made, asPrintedBy(made, schema));
      if (left.length > 0) throw notMade(left.map(({ sql }) => sql));
      return await work({ client, schema: made, read }, { database, schema: made });
    }
  } finally {
    client.release();
  }
  // No schema prevents starting over, but one column type may not be convertible into another.
  await shadow.startOver();
  return withSchemaOnShadow(schema, project, { ...wanted, stands: undefined }, work);
}

async function convert(from: Schema, to: Schema, client: SqlClient): Promise<boolean> {
  const statements = (await compareSchemas(from, to)).map(({ sql }) => sql);
  if (await isMadeAtOnce(statements, client)) return true;
  for (const sql of statements) await client.query(sql);
  return true;
}

/**
 * One message is quicker than one for each of a few hundred statements. It is also one transaction, so nothing is left of it if that is not
 * possible, for example because a new value of an enum can be used only after a commit.
 */
async function isMadeAtOnce(statements: readonly string[], client: SqlClient): Promise<boolean> {
  if (statements.length < 2) return false;
  return client.query(statements.join(';\n')).then(
    () => true,
    () => false,
  );
}

function notMade(left: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'PROOF_FAILED',
    message: `The current schema could not be recreated on a shadow. The remaining differences:\n${left
      .slice(0, 10)
      .map((sql) => `  ${sql}`)
      .join('\n')}`,
    next: 'Nothing was written. With --from, use a server of the same version as the shadow: --shadow postgres://…',
  });
}
