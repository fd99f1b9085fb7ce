import type { DataSource } from 'typeorm';
import type { SqlClient } from '../../database/client.js';
import { listMigrations } from '../../files/list.js';
import type { KnownMigration } from '../../files/migration.js';
import { resolveMigrations } from '../../files/resolve.js';
import { keyOf, quoteIdent, sqlName } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { graft } from '../../schema/graft.js';
import { readSchema, schemaOf } from '../../schema/read.js';
import type { CatalogPool, Schema } from '../../schema/read.js';
import { hashOf } from '../../shadow/cache.js';
import type { SchemaCache } from '../../shadow/cache.js';
import { createEntities } from '../../shadow/entities.js';
import { entityChanges } from '../../shadow/entity-changes.js';
import type { EntityChanges } from '../../shadow/entity-changes.js';
import { withLive } from '../../shadow/live.js';
import { Origins, originOf } from '../../shadow/origins.js';
import type { OriginMap } from '../../shadow/origins.js';
import { replayKey } from '../../shadow/replay-key.js';
import { replay } from '../../shadow/replay.js';
import { withEntities } from '../../shadow/shadow.js';
import { typeormMetadataRows } from '../../shadow/typeorm-metadata.js';
import type { TypeormMetadataRow } from '../../shadow/typeorm-metadata.js';
import type { CommandContext } from '../context.js';
import type { GenerateOptions } from './contract.js';
import { withEmptyShadow, withShadow } from './on-shadow.js';
import { ownTables, unmanagedTables } from './tables.js';
import { readHistory } from './history.js';
import type { History } from './history.js';

/** What one side of the comparison is. */
export interface Side {
  readonly schema: Schema;
  readonly metadata: readonly TypeormMetadataRow[];
}

export interface DesiredSide extends Side {
  readonly history: History;
  /** Tables that the entities only know: neither side has them. */
  readonly unmanaged: readonly ObjectId[];
}

export interface CurrentSide extends Side {
  /** Who made what, by the key of the object. */
  readonly origins: OriginMap;
}

/** What the entities describe, made by TypeORM on an empty database and read from its catalog. */
export async function desiredSide(
  context: CommandContext,
  url: string | undefined,
  cache: SchemaCache,
): Promise<DesiredSide> {
  return withEntities(context.dataSource, async (entities) => {
    const statements: string[] = [];
    await createEntities(entities, (sql) => Promise.resolve(statements.push(sql)));
    const made = await entitySide(statements, { context, entities, url, cache });
    return { ...made, history: readHistory(entities), unmanaged: unmanagedTables(entities) };
  });
}

interface Making {
  readonly context: CommandContext;
  /** Knows the entities, and has no database. */
  readonly entities: DataSource;
  readonly url: string | undefined;
  readonly cache: SchemaCache;
}

/** As it was read before, where the statements are the same; where a few tables have changed, only those are made. */
async function entitySide(statements: readonly string[], making: Making): Promise<Side> {
  const { cache, context } = making;
  const own = ownTables(context).map(keyOf);
  const key = `entities ${hashOf([...own, ...statements])}`;
  const latest = `latest ${hashOf([process.cwd(), ...own])}`;
  const known = await cache.get<StoredSide>(key);
  if (known) return restored(known);
  const before = await cache.get<StoredSide & { readonly statements: readonly string[] }>(latest);
  const changes = before && entityChanges(before.statements, statements);
  const side = before && changes ? await grafted(await restored(before), changes, making) : await wholeSide(making);
  const stored = storedOf(side);
  await cache.set(key, stored);
  await cache.set(latest, { ...stored, statements });
  return side;
}

async function wholeSide({ context, entities, url }: Making): Promise<Side> {
  return withShadow(context, url, async (shadow) => {
    // With its errors explained, and what others have made where something refers to it.
    await createEntities(entities, (sql) => shadow.pool.query(sql));
    return sideOf(shadow.pool, context, unmanagedTables(entities));
  });
}

async function grafted(before: Side, changes: EntityChanges, { context, entities, url }: Making): Promise<Side> {
  const part = await withShadow(context, url, async (shadow) => {
    for (const sql of changes.statements) await shadow.pool.query(sql);
    return sideOf(shadow.pool, context, unmanagedTables(entities));
  });
  const isChanged = (id: ObjectId): boolean => {
    // TypeORM leaves the schema out only where it is the default one.
    const names = [sqlName(id), ...(id.schema === 'public' ? [quoteIdent(id.name ?? '')] : [])];
    if (id.kind === 'type') return names.some((name) => changes.types.has(name));
    return id.kind === 'table' && names.some((name) => changes.tables.has(name));
  };
  return { schema: await graft(before.schema, part.schema, isChanged), metadata: before.metadata };
}

/** Where it begins: what the migrations lead to on an empty database, or what a live one has. */
export async function currentSide(
  context: CommandContext,
  { shadow: url, from }: Pick<GenerateOptions, 'shadow' | 'from'>,
  cache: SchemaCache,
  unmanaged: readonly ObjectId[],
): Promise<CurrentSide> {
  // Who made what is not known of a live database.
  if (from !== undefined)
    return { ...(await withLive(from, (pool) => sideOf(pool, context, unmanaged))), origins: new Map() };
  const migrations = await resolveMigrations(await listMigrations(context.migrations), () => false);
  return replayedSide(migrations, context, { url, cache, unmanaged });
}

interface Replaying {
  readonly url: string | undefined;
  readonly cache: SchemaCache;
  /** Tables to leave out. */
  readonly unmanaged: readonly ObjectId[];
}

/** What these migrations lead to on an empty database, as it was read before where the texts are the same. */
export async function replayedSide(
  migrations: readonly KnownMigration[],
  context: CommandContext,
  replaying: Replaying,
): Promise<CurrentSide> {
  const { cache, unmanaged } = replaying;
  const key = await replayKey(migrations, leftOut(context, unmanaged));
  const known = key === undefined ? undefined : await cache.get<StoredCurrent>(key);
  if (known) return { ...(await restored(known)), origins: known.origins };
  const side = await replayed(migrations, context, replaying);
  if (key !== undefined) await cache.set(key, { ...storedOf(side), origins: side.origins });
  return side;
}

function replayed(
  migrations: readonly KnownMigration[],
  context: CommandContext,
  { url, unmanaged }: Replaying,
): Promise<CurrentSide> {
  return withEmptyShadow(context, url, async (shadow) => {
    const origins = new Origins(shadow.pool);
    await origins.after('generated');
    await replay(shadow, migrations, context.instantiate, (migration, statements) =>
      origins.after(originOf(migration, statements)),
    );
    return { ...(await sideOf(shadow.pool, context, unmanaged)), origins: await origins.finish() };
  });
}

/** After generating, what the migrations lead to is known: the next time it need not be replayed. */
export async function rememberCurrent(
  context: CommandContext,
  side: CurrentSide,
  cache: SchemaCache,
  unmanaged: readonly ObjectId[],
): Promise<void> {
  const migrations = await resolveMigrations(await listMigrations(context.migrations), () => false);
  const key = await replayKey(migrations, leftOut(context, unmanaged));
  if (key !== undefined) await cache.set(key, { ...storedOf(side), origins: side.origins });
}

interface StoredSide {
  readonly facts: ReturnType<Schema['facts']['facts']>;
  readonly edges: Schema['facts']['edges'];
  readonly metadata: readonly TypeormMetadataRow[];
}

interface StoredCurrent extends StoredSide {
  readonly origins: OriginMap;
}

function storedOf({ schema, metadata }: Side): StoredSide {
  return { facts: schema.facts.facts(), edges: schema.facts.edges, metadata };
}

async function restored({ facts, edges, metadata }: StoredSide): Promise<Side> {
  return { schema: await schemaOf(facts, edges), metadata };
}

/** What the database of the data source has. */
export async function ownSide(context: CommandContext): Promise<Side> {
  await context.initialise();
  const { master } = context.dataSource.driver as unknown as { readonly master: CatalogPool & SqlClient };
  return sideOf(master, context, unmanagedTables(context.dataSource));
}

async function sideOf(
  pool: CatalogPool & SqlClient,
  context: CommandContext,
  unmanaged: readonly ObjectId[],
): Promise<Side> {
  return {
    schema: await readSchema(pool, { ignoreTables: [...ownTables(context), ...unmanaged] }),
    metadata: await typeormMetadataRows(pool, context.dataSource),
  };
}

function leftOut(context: CommandContext, unmanaged: readonly ObjectId[]): readonly string[] {
  return [...ownTables(context), ...unmanaged].map(keyOf);
}
