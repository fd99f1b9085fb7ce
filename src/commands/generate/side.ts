import type { CatalogPool, Schema } from '../../schema/read.js';
import { readSchema, schemaOf } from '../../schema/read.js';
import type { SqlClient } from '../../database/client.js';
import { keyOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { initialSessionOf } from '../../shadow/initial-session.js';
import { typeormMetadataRows } from '../../shadow/typeorm-metadata.js';
import type { TypeormMetadataRow } from '../../shadow/typeorm-metadata.js';
import type { CommandContext } from '../context.js';
import { ownTables, unmanagedTables } from './tables.js';

/** What one side of the comparison is. */
export interface Side {
  readonly schema: Schema;
  readonly metadata: readonly TypeormMetadataRow[];
}

/** A side as it lies in the cache. */
export interface StoredSide {
  readonly facts: Schema['facts'];
  readonly edges: Schema['edges'];
  readonly metadata: readonly TypeormMetadataRow[];
}

export function storedOf({ schema, metadata }: Side): StoredSide {
  return { facts: schema.facts, edges: schema.edges, metadata };
}

export function restored({ facts, edges, metadata }: StoredSide): Side {
  return { schema: schemaOf(facts, edges), metadata };
}

/** What the database of the data source has. */
export async function ownSide(context: CommandContext): Promise<Side> {
  await context.initialise();
  const { master } = context.dataSource.driver as unknown as { readonly master: CatalogPool & SqlClient };
  const unmanaged = unmanagedTables(context.dataSource, initialSessionOf(context).schema);
  return sideOf(master, context, { unmanaged, texts: 'printed' });
}

interface Reading {
  readonly unmanaged: readonly ObjectId[];
  /** A live database is only read; on a shadow, expressions can be settled. */
  readonly texts: 'printed' | 'settled';
}

export async function sideOf(
  pool: CatalogPool & SqlClient,
  context: CommandContext,
  { unmanaged, texts }: Reading,
): Promise<Side> {
  return {
    schema: await readSchema(pool, { ignoreTables: [...ownTables(context), ...unmanaged], texts }),
    metadata: await typeormMetadataRows(pool, context.dataSource),
  };
}

/** What neither side has, for the keys of the cache. */
export function leftOut(context: CommandContext, unmanaged: readonly ObjectId[]): readonly string[] {
  return [...ownTables(context), ...unmanaged].map(keyOf);
}
