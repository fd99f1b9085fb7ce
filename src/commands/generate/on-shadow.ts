import type { SqlClient } from '../../database/client.js';
import { MigrateError } from '../../errors.js';
import { compareSchemas } from '../../schema/compare.js';
import type { ObjectId } from '../../schema/object-id.js';
import { asPrintedBy } from '../../schema/printed-texts.js';
import { readSchema } from '../../schema/read.js';
import type { Schema } from '../../schema/read.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { initialSessionOf } from '../../shadow/initial-session.js';
import { initialStateOf } from '../../shadow/initial-state.js';
import type { InitialState } from '../../shadow/initial-state.js';
import { optionsKey } from '../../shadow/options-key.js';
import type { Beginning } from '../../shadow/replay-key.js';
import { openShadow } from '../../shadow/shadow.js';
import type { Shadow } from '../../shadow/shadow.js';
import { openThrowaway } from '../../shadow/throwaway.js';
import type { Throwaway } from '../../shadow/throwaway.js';
import { metadataTableOf, metadataTableSql } from '../../shadow/typeorm-metadata.js';
import type { CommandContext } from '../context.js';
import { restored, storedOf } from './side.js';
import type { StoredSide } from './side.js';
import { ownTables } from './tables.js';

/** Hands out one throwaway database, in its initial state at first; opened when it is first asked for. Should it lack an extension, another one. */
export type Lend = (extensions: readonly string[]) => Promise<Throwaway>;

export interface Lender {
  readonly lend: Lend;
  close(): Promise<void>;
}

export interface Where {
  /** A server to make it on, instead of in the process. */
  readonly url: string | undefined;
  /** What it has at first. */
  readonly initial: () => InitialState | Promise<InitialState>;
}

export function openLater({ url, initial }: Where): Lender {
  let opened: Promise<Throwaway> | undefined;
  let closed: Promise<void> | undefined;
  const open = async (): Promise<Throwaway> => openThrowaway({ url, initial: await initial() });
  const lend: Lend = async (extensions) => {
    const one = await (opened ??= open());
    if (one.offers(extensions)) return one;
    await one.close();
    return (opened = open());
  };
  const close = async (): Promise<void> => (await opened?.catch(() => undefined))?.close();
  return { lend, close: () => (closed ??= close()) };
}

/** Lends a throwaway database to all of `work`. */
export async function withThrowaway<T>(where: Where, work: (lend: Lend) => Promise<T>): Promise<T> {
  const { lend, close } = openLater(where);
  try {
    return await work(lend);
  } finally {
    await close();
  }
}

/** Migrations that TypeORM has generated write to this table, also those of views that are gone. */
async function createTypeormTable(pool: SqlClient, context: CommandContext): Promise<void> {
  const table = metadataTableOf(context.dataSource);
  // Another schema of the search path may be one that the first migration makes.
  const inPublic = !table.includes('.') && initialSessionOf(context).searched.includes('public');
  // Where it is to lie in a schema that the migrations make, that is not there yet.
  await pool.query(metadataTableSql(inPublic ? `public.${table}` : table)).catch(() => undefined);
}

/** What replays of this data source begin with, for the keys of caches. */
export async function beginningOf(context: CommandContext): Promise<Beginning> {
  const { dataSource } = context;
  return {
    initial: [(await initialStateOf(context)).key, metadataTableOf(dataSource), optionsKey(dataSource)],
    naming: dataSource.options.namingStrategy === undefined ? 'default' : 'own',
  };
}

/** Lends a throwaway database on which migrations can be executed, from the first one on if nothing else is said. */
export async function withEmptyShadow<T>(
  context: CommandContext,
  { url, initial = () => initialStateOf(context) }: Pick<Where, 'url'> & Partial<Where>,
  work: (shadow: Shadow) => Promise<T>,
): Promise<T> {
  const shadow = await openShadow(context.dataSource, await initial(), { url });
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
  /** A database in its initial state. */
  readonly lend: Lend;
  readonly unmanaged: readonly ObjectId[];
  /** Where the work leads to: its extensions are needed too. */
  readonly to: Schema;
  /** The schema was read on another server, perhaps of another version: how this one puts it has to be read. */
  readonly inOtherWords?: boolean;
  /** What the initial state is like is the same each time. */
  readonly cache: SchemaCache;
}

/** What is there before the first migration, as it is read. */
export async function initialSchema(
  { key }: InitialState,
  read: () => Promise<Schema>,
  cache: SchemaCache,
): Promise<Schema> {
  const known = await cache.get<StoredSide>(`initial ${key}`);
  if (known) return restored(known).schema;
  const schema = await read();
  await cache.set(`initial ${key}`, storedOf({ schema, metadata: [] }));
  return schema;
}

/** Lends a workbench with this schema, in the words of its version of PostgreSQL. */
export async function withWorkbench<T>(
  schema: Schema,
  context: CommandContext,
  { lend, unmanaged, to, inOtherWords = false, cache }: Bench,
  work: (workbench: Workbench) => Promise<T>,
): Promise<T> {
  const { pool, initial } = await lend([...extensionsOf(schema), ...extensionsOf(to)]);
  await createTypeormTable(pool, context);
  const read = (): Promise<Schema> =>
    readSchema(pool, { ignoreTables: [...ownTables(context), ...unmanaged], texts: 'settled' });
  const client = (await pool.connect()) as SqlClient & { release(): void };
  try {
    await client.query('SET check_function_bodies = off');
    const begin = await initialSchema(initial, read, cache);
    for (const { sql } of await compareSchemas(begin, schema)) await client.query(sql);
    await client.query('RESET check_function_bodies');
    if (!inOtherWords) return await work({ client, schema, read });
    const made = await read();
    const left = await compareSchemas(made, asPrintedBy(made, schema));
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
