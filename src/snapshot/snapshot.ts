import { keyOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import { readSchema, schemaOf } from '../schema/read.js';
import type { Schema } from '../schema/read.js';
import type { OriginMap } from '../shadow/origins.js';
import type { Database } from '../shadow/shadow.js';
import { typeormMetadataRows } from '../shadow/typeorm-metadata.js';
import type { TypeormMetadataRow } from '../shadow/typeorm-metadata.js';
import { ownTables } from './own-tables.js';
import type { Project } from './project.js';

/** A schema that was read from a catalog. */
export interface Snapshot {
  readonly schema: Schema;
  /** The rows of TypeORM's metadata table for views and generated columns. */
  readonly metadata: readonly TypeormMetadataRow[];
  /** The origin of each object, by its key; empty if not known. */
  readonly origins: OriginMap;
}

/** The form stored in the cache. */
export interface StoredSnapshot {
  readonly facts: Schema['facts'];
  readonly edges: Schema['edges'];
  readonly metadata: Snapshot['metadata'];
  readonly origins: OriginMap;
}

/** A schema finds its objects through lookups, which take a while to make: what stays in memory keeps them. */
const schemas = new WeakMap<StoredSnapshot, Schema>();

export function storedOf({ schema, metadata, origins }: Snapshot): StoredSnapshot {
  const stored = { facts: schema.facts, edges: schema.edges, metadata, origins };
  schemas.set(stored, schema);
  return stored;
}

export function restored(stored: StoredSnapshot): Snapshot {
  const { facts, edges, metadata, origins } = stored;
  const schema = schemas.get(stored) ?? schemaOf(facts, edges);
  schemas.set(stored, schema);
  return { schema, metadata, origins };
}

interface Reading {
  readonly unmanaged: readonly ObjectId[];
  /** A live database is only read; on a shadow, expressions can be settled. */
  readonly texts: 'printed' | 'settled';
}

export async function take(database: Database, project: Project, { unmanaged, texts }: Reading): Promise<Snapshot> {
  return {
    schema: await readSchema(database, { ignoreTables: [...ownTables(project), ...unmanaged], texts }),
    metadata: await typeormMetadataRows(database, project.dataSource),
    origins: new Map(),
  };
}

/** The objects that no snapshot contains, for the cache keys. */
export function leftOut(project: Project, unmanaged: readonly ObjectId[]): readonly string[] {
  return [...ownTables(project), ...unmanaged].map(keyOf);
}
