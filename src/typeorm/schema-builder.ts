import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { columnDefault } from './column-default.js';
import { putOwn } from './own-methods.js';

/** All of them are strings, or missing. */
export type Parameter = string | null | undefined;

export interface Query {
  readonly query: string;
  readonly parameters?: readonly Parameter[] | undefined;
}

/** The parts of TypeORM's schema builder that are used. */
interface SchemaBuilder {
  log(): Promise<{ readonly upQueries: readonly Query[] }>;
  createMetadataTableIfNecessary(queryRunner: QueryRunner): Promise<void>;
  getTablePath(target: object | string): string;
}

function builderOf({ driver }: DataSource): SchemaBuilder {
  return driver.createSchemaBuilder() as unknown as SchemaBuilder;
}

/** TypeORM's own table for views and generated columns: the migrations that TypeORM generates write to it. */
export function createMetadataTable(dataSource: DataSource, queryRunner: QueryRunner): Promise<void> {
  return builderOf(dataSource).createMetadataTableIfNecessary(queryRunner);
}

/** Whether TypeORM manages the table, which it does not with `synchronize: false`. */
export type Which = 'managed' | 'unmanaged';

/** The statements with which TypeORM creates all entities on an empty database. */
export async function creationQueries(dataSource: DataSource, which: Which): Promise<readonly Query[]> {
  const restore = [...(which === 'unmanaged' ? [exchangeManaged(dataSource)] : []), mendDriver(dataSource)];
  try {
    const builder = builderOf(dataSource);
    rememberPaths(builder);
    const metadataTable = which === 'managed' ? await metadataTableQueries(dataSource) : [];
    return [...metadataTable, ...(await builder.log()).upQueries];
  } finally {
    for (const undo of restore) undo();
  }
}

/**
 * The builder looks for each entity's table among all tables, again and again, and makes up the name of each of them every time: with a
 * thousand tables that is most of its work. Nothing is renamed while everything is created, so once is enough.
 */
function rememberPaths(builder: SchemaBuilder): void {
  const paths = new Map<object | string, string>();
  const original = builder.getTablePath.bind(builder);
  builder.getTablePath = (target) => {
    const known = paths.get(target);
    if (known !== undefined) return known;
    const path = original(target);
    paths.set(target, path);
    return path;
  };
}

/** `log()` writes rows into TypeORM's table of views and generated columns, but does not create that table. */
async function metadataTableQueries(dataSource: DataSource): Promise<readonly Query[]> {
  const queryRunner = dataSource.createQueryRunner();
  queryRunner.enableSqlMemory();
  try {
    await createMetadataTable(dataSource, queryRunner);
    return queryRunner.getMemorySql().upQueries;
  } finally {
    queryRunner.disableSqlMemory();
    await queryRunner.release();
  }
}

/**
 * The schema builder asks its driver for every default, and what has changed since the table was created: nothing, it has just been
 * created. 0.3 would fail over the defaults of JSON columns there.
 */
function mendDriver({ driver }: DataSource): () => void {
  const { normalizeDefault } = driver as unknown as { normalizeDefault(column: ColumnMetadata): string | undefined };
  const typeorm = normalizeDefault.bind(driver);
  return putOwn(driver, {
    normalizeDefault: (column: ColumnMetadata) => columnDefault(column, typeorm),
    findChangedColumns: () => [],
  });
}

type Writable = EntityMetadata & { synchronize: boolean };

/** A view entity without an expression stands for a view that a migration has created: TypeORM cannot create it. */
export function leaveViewsWithoutExpression(dataSource: DataSource): void {
  for (const metadata of dataSource.entityMetadatas as Writable[])
    if (isWithoutExpression(metadata)) metadata.synchronize = false;
}

function isWithoutExpression({ tableType, expression }: EntityMetadata): boolean {
  return tableType === 'view' && expression === undefined;
}

/** Temporarily inverts `synchronize`, so that TypeORM builds only the unmanaged tables. */
function exchangeManaged(dataSource: DataSource): () => void {
  const exchange = (): void => {
    for (const metadata of dataSource.entityMetadatas as Writable[])
      if (!isWithoutExpression(metadata)) metadata.synchronize = !metadata.synchronize;
  };
  exchange();
  return exchange;
}
