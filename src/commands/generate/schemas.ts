import type { DataSource } from 'typeorm';
import type { SqlClient } from '../../database/client.js';
import { MigrateError } from '../../errors.js';
import { tablesOf } from '../../database/tables.js';
import { listMigrations } from '../../files/list.js';
import { resolveMigrations } from '../../files/resolve.js';
import { keyOf, objectId } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { compareSchemas } from '../../schema/compare.js';
import { readSchema } from '../../schema/read.js';
import type { CatalogPool, Schema } from '../../schema/read.js';
import { createEntities } from '../../shadow/entities.js';
import { withLive } from '../../shadow/live.js';
import { Origins, originOf } from '../../shadow/origins.js';
import type { Origin } from '../../shadow/origins.js';
import { replay } from '../../shadow/replay.js';
import { openShadow } from '../../shadow/shadow.js';
import type { Shadow } from '../../shadow/shadow.js';
import { typeormMetadataRows } from '../../shadow/typeorm-metadata.js';
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
  readonly shadow: Shadow;
  readonly originOf: (id: ObjectId) => Origin | undefined;
  readonly read: () => Promise<Schema>;
}

/** What the entities describe, made by TypeORM on an empty database and read from its catalog. */
export async function desiredSide(context: CommandContext, url: string | undefined): Promise<DesiredSide> {
  const shadow = await openShadow(context.dataSource, { url });
  try {
    await createEntities(shadow.dataSource, (sql) => shadow.pool.query(sql));
    return { ...(await sideOf(shadow.pool, context, shadow.dataSource)), history: readHistory(shadow.dataSource) };
  } finally {
    await shadow.close();
  }
}

/**
 * Where it begins, on another empty database: what the migrations lead to, or a copy of the schema of a live database. It stays open: the
 * proof goes on there.
 */
export async function currentSide(
  context: CommandContext,
  { shadow: url, from }: Pick<GenerateOptions, 'shadow' | 'from'>,
): Promise<CurrentSide> {
  const shadow = await openShadow(context.dataSource, { url });
  const read = (): Promise<Schema> => readSchema(shadow.pool, { ignoreTables: ignored(context, shadow.dataSource) });
  try {
    await createTypeormTable(shadow);
    if (from !== undefined) return await copied(await liveSide(context, from), { shadow, read });
    const origins = new Origins(shadow.pool);
    await origins.after('generated');
    const known = await resolveMigrations(await listMigrations(context.migrations), () => false);
    await replay(shadow, known, context.instantiate, (migration, statements) =>
      origins.after(originOf(migration, statements)),
    );
    const side = await sideOf(shadow.pool, context, shadow.dataSource);
    return { ...side, shadow, originOf: await origins.finish(), read };
  } catch (error) {
    await shadow.close();
    throw error;
  }
}

/** The live schema on the shadow, in the words of the shadow's version of PostgreSQL. Who made what is not known of it. */
async function copied(live: Side, { shadow, read }: Pick<CurrentSide, 'shadow' | 'read'>): Promise<CurrentSide> {
  for (const { sql } of await compareSchemas(await read(), live.schema)) await shadow.pool.query(sql);
  const schema = await read();
  const left = await compareSchemas(schema, live.schema);
  if (left.length > 0) throw notCopied(left.map(({ sql }) => sql));
  return { schema, metadata: live.metadata, shadow, read, originOf: () => undefined };
}

function notCopied(left: readonly string[]): MigrateError {
  return new MigrateError({
    code: 'PROOF_FAILED',
    message: `The schema of that database could not be copied to the shadow. What would be left:\n${left
      .slice(0, 10)
      .map((sql) => `  ${sql}`)
      .join('\n')}`,
    next: 'Use a server of the same version as the shadow: --shadow postgres://… Nothing was written.',
  });
}

function liveSide(context: CommandContext, url: string): Promise<Side> {
  return withLive(url, (pool) => sideOf(pool, context));
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
  const unmanaged = (entities?.entityMetadatas ?? []).filter(({ synchronize }) => !synchronize);
  const kinds = (type: string): readonly string[] => (type === 'view' ? ['view', 'materializedView'] : ['table']);
  return [
    ...ownTables(context),
    ...unmanaged.flatMap(({ tableType, schema = 'public', tableName }) =>
      kinds(tableType).map((kind) => objectId(kind, schema, tableName)),
    ),
  ];
}

/** TypeORM's run makes this table before the migrations that write to it. */
async function createTypeormTable(shadow: Shadow): Promise<void> {
  const builder = shadow.dataSource.driver.createSchemaBuilder() as {
    createMetadataTableIfNecessary?(queryRunner: unknown): Promise<void>;
  };
  const queryRunner = shadow.dataSource.createQueryRunner();
  try {
    await builder.createMetadataTableIfNecessary?.(queryRunner);
  } finally {
    await queryRunner.release();
  }
}

/** Tables that are the tools', not the schema's. */
function ownTables({ dataSource }: CommandContext): readonly ObjectId[] {
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
