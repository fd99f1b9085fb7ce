import type { SqlClient } from '../../database/client.js';
import { MigrateError } from '../../errors.js';
import { compareSchemas } from '../../schema/compare.js';
import type { ObjectId } from '../../schema/object-id.js';
import { readSchema } from '../../schema/read.js';
import type { Schema } from '../../schema/read.js';
import { openShadow } from '../../shadow/shadow.js';
import type { SchemaCache } from '../../shadow/cache.js';
import type { Shadow } from '../../shadow/shadow.js';
import { openThrowaway } from '../../shadow/throwaway.js';
import type { Throwaway } from '../../shadow/throwaway.js';
import { metadataTableOf, metadataTableSql } from '../../shadow/typeorm-metadata.js';
import type { CommandContext } from '../context.js';
import { restored, storedOf } from './side.js';
import type { StoredSide } from './side.js';
import { ownTables } from './tables.js';

/** Hands out one throwaway database, empty at first; it is opened when it is first asked for. Should it lack an extension, another one. */
export type Lend = (extensions: readonly string[]) => Promise<Throwaway>;

export interface Lender {
  readonly lend: Lend;
  close(): Promise<void>;
}

export function openLater(url: string | undefined): Lender {
  let opened: Promise<Throwaway> | undefined;
  let closed: Promise<void> | undefined;
  const lend: Lend = async (extensions) => {
    const one = await (opened ??= openThrowaway({ url }));
    if (one.offers(extensions)) return one;
    await one.close();
    return (opened = openThrowaway({ url }));
  };
  const close = async (): Promise<void> => (await opened?.catch(() => undefined))?.close();
  return { lend, close: () => (closed ??= close()) };
}

/** Lends a throwaway database to all of `work`. */
export async function withThrowaway<T>(url: string | undefined, work: (lend: Lend) => Promise<T>): Promise<T> {
  const { lend, close } = openLater(url);
  try {
    return await work(lend);
  } finally {
    await close();
  }
}

/** Migrations that TypeORM has generated write to this table, also those of views that are gone. */
async function createTypeormTable(pool: SqlClient, { dataSource }: CommandContext): Promise<void> {
  // Where it is to lie in a schema that the migrations make, that is not there yet.
  await pool.query(metadataTableSql(metadataTableOf(dataSource))).catch(() => undefined);
}

/** What an empty throwaway database has before the first migration, as far as it is not the same in all projects. */
export function initialState({ dataSource }: CommandContext): readonly string[] {
  return [metadataTableOf(dataSource)];
}

/** Lends an empty throwaway database on which migrations can be executed. */
export async function withEmptyShadow<T>(
  context: CommandContext,
  url: string | undefined,
  work: (shadow: Shadow) => Promise<T>,
): Promise<T> {
  const shadow = await openShadow(context.dataSource, { url });
  try {
    await createTypeormTable(shadow.pool, context);
    return await work(shadow);
  } finally {
    await shadow.close();
  }
}

/** A throwaway database that has a schema: here it is tried and proven what leads from it to another. */
export interface Workbench {
  readonly client: SqlClient;
  readonly schema: Schema;
  readonly read: () => Promise<Schema>;
}

export function extensionsOf(schema: Schema): readonly string[] {
  return schema.objects.flatMap(({ id }) => (id.kind === 'extension' ? [id.name ?? ''] : []));
}

interface Bench {
  /** An empty database. */
  readonly lend: Lend;
  readonly unmanaged: readonly ObjectId[];
  /** Where the work leads to: its extensions are needed too. */
  readonly to: Schema;
  /** The schema was read on another server, perhaps of another version: how this one puts it has to be read. */
  readonly inOtherWords?: boolean;
  /** What an empty database has is the same each time. */
  readonly cache: SchemaCache;
}

async function emptySchema(read: () => Promise<Schema>, cache: SchemaCache): Promise<Schema> {
  const known = await cache.get<StoredSide>('empty');
  if (known) return restored(known).schema;
  const schema = await read();
  await cache.set('empty', storedOf({ schema, metadata: [] }));
  return schema;
}

/** Lends a workbench with this schema, in the words of its version of PostgreSQL. */
export async function withWorkbench<T>(
  schema: Schema,
  context: CommandContext,
  { lend, unmanaged, to, inOtherWords = false, cache }: Bench,
  work: (workbench: Workbench) => Promise<T>,
): Promise<T> {
  const { pool } = await lend([...extensionsOf(schema), ...extensionsOf(to)]);
  await createTypeormTable(pool, context);
  const read = (): Promise<Schema> => readSchema(pool, { ignoreTables: [...ownTables(context), ...unmanaged] });
  const client = (await pool.connect()) as SqlClient & { release(): void };
  try {
    await client.query('SET check_function_bodies = off');
    const empty = await emptySchema(read, cache);
    for (const { sql } of await compareSchemas(empty, schema)) await client.query(sql);
    await client.query('RESET check_function_bodies');
    if (!inOtherWords) return await work({ client, schema, read });
    const made = await read();
    const left = await compareSchemas(made, schema);
    if (left.length > 0) throw notMade(left.map(({ sql }) => sql));
    return await work({ client, schema: made, read });
  } finally {
    client.release();
  }
}

function notMade(left: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'PROOF_FAILED',
    message: `The present schema could not be made again on a throwaway database. What would be left:\n${left
      .slice(0, 10)
      .map((sql) => `  ${sql}`)
      .join('\n')}`,
    next: 'Nothing was written. With --from, use a server of the same version as the shadow: --shadow postgres://…',
  });
}
