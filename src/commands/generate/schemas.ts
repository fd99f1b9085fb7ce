import type { DataSource } from 'typeorm';
import type { SqlClient } from '../../database/client.js';
import { MigrateError } from '../../errors.js';
import { tablesOf } from '../../database/tables.js';
import { listMigrations } from '../../files/list.js';
import type { KnownMigration } from '../../files/migration.js';
import { resolveMigrations } from '../../files/resolve.js';
import { keyOf, objectId, quoteIdent, sqlName } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { compareSchemas } from '../../schema/compare.js';
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
import { openShadow, withEntities } from '../../shadow/shadow.js';
import type { Shadow } from '../../shadow/shadow.js';
import { metadataTableOf, metadataTableSql, typeormMetadataRows } from '../../shadow/typeorm-metadata.js';
import type { TypeormMetadataRow } from '../../shadow/typeorm-metadata.js';
import type { CommandContext } from '../context.js';
import type { GenerateOptions } from './contract.js';
import { readHistory } from './history.js';
import type { History } from './history.js';

/** What one side of the comparison is. */
export interface Side {
  readonly schema: Schema;
  readonly metadata: readonly TypeormMetadataRow[];
}

export interface DesiredSide extends Side {
  readonly history: History;
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
    return { ...made, history: readHistory(entities) };
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
    return sideOf(shadow.pool, context, entities);
  });
}

async function grafted(before: Side, changes: EntityChanges, { context, entities, url }: Making): Promise<Side> {
  const part = await withShadow(context, url, async (shadow) => {
    for (const sql of changes.statements) await shadow.pool.query(sql);
    return sideOf(shadow.pool, context, entities);
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
): Promise<CurrentSide> {
  // Who made what is not known of a live database.
  if (from !== undefined) return { ...(await liveSide(context, from)), origins: new Map() };
  const migrations = await resolveMigrations(await listMigrations(context.migrations), () => false);
  return replayedSide(migrations, context, { url, cache, tables: 'managed' });
}

interface Replaying {
  readonly url: string | undefined;
  readonly cache: SchemaCache;
  /** `managed`: without those that entities only know (`synchronize: false`). */
  readonly tables: 'managed' | 'all';
}

/** What these migrations lead to on an empty database, as it was read before where the texts are the same. */
export async function replayedSide(
  migrations: readonly KnownMigration[],
  context: CommandContext,
  replaying: Replaying,
): Promise<CurrentSide> {
  const { cache, tables } = replaying;
  const key = await replayKey(migrations, [...ownTables(context).map(keyOf), ...(tables === 'all' ? [tables] : [])]);
  const known = key === undefined ? undefined : await cache.get<StoredCurrent>(key);
  if (known) return { ...(await restored(known)), origins: known.origins };
  const side = await replayed(migrations, context, replaying);
  if (key !== undefined) await cache.set(key, { ...storedOf(side), origins: side.origins });
  return side;
}

function replayed(
  migrations: readonly KnownMigration[],
  context: CommandContext,
  { url, tables }: Replaying,
): Promise<CurrentSide> {
  return withShadow(context, url, async (shadow) => {
    await createTypeormTable(shadow, context);
    const origins = new Origins(shadow.pool);
    await origins.after('generated');
    await replay(shadow, migrations, context.instantiate, (migration, statements) =>
      origins.after(originOf(migration, statements)),
    );
    const entities = tables === 'managed' ? shadow.dataSource : undefined;
    return { ...(await sideOf(shadow.pool, context, entities)), origins: await origins.finish() };
  });
}

/** After generating, what the migrations lead to is known: the next time it need not be replayed. */
export async function rememberCurrent(context: CommandContext, side: CurrentSide, cache: SchemaCache): Promise<void> {
  const migrations = await resolveMigrations(await listMigrations(context.migrations), () => false);
  const key = await replayKey(migrations, ownTables(context).map(keyOf));
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

/** Lends an empty throwaway database. */
export async function withShadow<T>(
  { dataSource }: CommandContext,
  url: string | undefined,
  work: (shadow: Shadow) => Promise<T>,
): Promise<T> {
  const shadow = await openShadow(dataSource, { url });
  try {
    return await work(shadow);
  } finally {
    await shadow.close();
  }
}

function liveSide(context: CommandContext, url: string): Promise<Side> {
  return withLive(url, (pool) => sideOf(pool, context));
}

/** A throwaway database that has a schema: here it is tried and proven what leads from it to another. */
export interface Workbench {
  readonly client: SqlClient;
  readonly schema: Schema;
  readonly read: () => Promise<Schema>;
}

/** Lends a workbench with this schema, in the words of its version of PostgreSQL. */
export async function withWorkbench<T>(
  schema: Schema,
  context: CommandContext,
  url: string | undefined,
  work: (workbench: Workbench) => Promise<T>,
): Promise<T> {
  return withShadow(context, url, async (shadow) => {
    await createTypeormTable(shadow, context);
    const read = (): Promise<Schema> => readSchema(shadow.pool, { ignoreTables: ignored(context, shadow.dataSource) });
    const client = (await shadow.pool.connect()) as SqlClient & { release(): void };
    try {
      await client.query('SET check_function_bodies = off');
      for (const { sql } of await compareSchemas(await read(), schema)) await client.query(sql);
      await client.query('RESET check_function_bodies');
      const made = await read();
      const left = await compareSchemas(made, schema);
      if (left.length > 0) throw notMade(left.map(({ sql }) => sql));
      return await work({ client, schema: made, read });
    } finally {
      client.release();
    }
  });
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

/** What the database of the data source has. */
export async function ownSide(context: CommandContext): Promise<Side> {
  await context.initialise();
  const { master } = context.dataSource.driver as unknown as { readonly master: CatalogPool & SqlClient };
  return sideOf(master, context, context.dataSource);
}

async function sideOf(pool: CatalogPool & SqlClient, context: CommandContext, entities?: DataSource): Promise<Side> {
  return {
    schema: await readSchema(pool, { ignoreTables: ignored(context, entities) }),
    metadata: await typeormMetadataRows(pool, context.dataSource),
  };
}

/** Tables that are the tools', and those that the entities only know and do not make (`synchronize: false`). */
function ignored(context: CommandContext, entities: DataSource | undefined): readonly ObjectId[] {
  return [...ownTables(context), ...(entities ? unmanagedTables(entities) : [])];
}

/** Those of entities with `synchronize: false`. */
export function unmanagedTables({ entityMetadatas }: DataSource): readonly ObjectId[] {
  const kinds = (type: string): readonly string[] => (type === 'view' ? ['view', 'materializedView'] : ['table']);
  return entityMetadatas
    .filter(({ synchronize }) => !synchronize)
    .flatMap(({ tableType, schema = 'public', tableName }) =>
      kinds(tableType).map((kind) => objectId(kind, schema, tableName)),
    );
}

/** Migrations that TypeORM has generated write to this table, also those of views that are gone. */
export async function createTypeormTable({ pool }: Shadow, { dataSource }: CommandContext): Promise<void> {
  // Where it is to lie in a schema that the migrations make, that is not there yet.
  await pool.query(metadataTableSql(metadataTableOf(dataSource))).catch(() => undefined);
}

/** Tables that are the tools', not the schema's. */
export function ownTables({ dataSource }: CommandContext): readonly ObjectId[] {
  const options = dataSource.options as {
    readonly metadataTableName?: string;
    readonly migrationsTableName?: string;
    readonly schema?: string;
  };
  const { schema = options.schema ?? 'public' } = tablesOf(dataSource);
  const ledger = (options.migrationsTableName ?? 'migrations').split('.').at(-1) ?? 'migrations';
  const names = [ledger, `${ledger}_log`, options.metadataTableName ?? 'typeorm_metadata'];
  const all = [schema, options.schema ?? 'public'].flatMap((place) =>
    names.map((name) => objectId('table', place, name)),
  );
  return [...new Map(all.map((id) => [keyOf(id), id])).values()];
}
