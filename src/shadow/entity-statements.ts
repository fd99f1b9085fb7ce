import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { literal } from '../database/tables.js';
import { messageOf, MigrateError } from '../errors.js';
import { splitSql } from '../files/split-sql.js';
import { columnDefault } from './column-default.js';
import type { Which } from './entity-names.js';

interface Query {
  readonly query: string;
  readonly parameters?: readonly unknown[] | undefined;
}

/** What is used of TypeORM's schema builder. */
interface SchemaBuilder {
  log(): Promise<{ readonly upQueries: readonly Query[] }>;
  createMetadataTableIfNecessary(queryRunner: QueryRunner): Promise<void>;
}

/** The statements with which TypeORM creates what the entities describe, each one that PostgreSQL understands. */
export async function entityStatements(dataSource: DataSource, which: Which): Promise<readonly string[]> {
  const restore = [...(which === 'unmanaged' ? [exchangeManaged(dataSource)] : []), mendDefaults(dataSource)];
  try {
    const builder = dataSource.driver.createSchemaBuilder() as unknown as SchemaBuilder;
    const queries = [
      ...(which === 'managed' ? await metadataTable(dataSource, builder) : []),
      ...(await builder.log()).upQueries,
    ];
    return withoutRepeatedTypes(queries.flatMap(mended));
  } catch (error) {
    throw new MigrateError({
      code: 'ENTITIES_INVALID',
      message: `TypeORM cannot say how to create what the entities describe: ${messageOf(error)}`,
      next: 'Correct the entity. Nothing was written, and no database of yours was touched.',
      cause: error,
    });
  } finally {
    for (const undo of restore) undo();
  }
}

/** `log()` writes rows into TypeORM's table of views and generated columns, and leaves creating that to whoever executes them. */
async function metadataTable(dataSource: DataSource, builder: SchemaBuilder): Promise<readonly Query[]> {
  const queryRunner = dataSource.createQueryRunner();
  queryRunner.enableSqlMemory();
  try {
    await builder.createMetadataTableIfNecessary(queryRunner);
    return queryRunner.getMemorySql().upQueries;
  } finally {
    queryRunner.disableSqlMemory();
    await queryRunner.release();
  }
}

function mended({ query, parameters = [] }: Query): readonly string[] {
  const sql = withParameters(query, parameters).replace(/^(CREATE (?:UNIQUE )?INDEX) CONCURRENTLY /, '$1 ');
  return splitSql(sql).map((statement) => statement.sql.trim());
}

/** Only rows of `typeorm_metadata` have parameters. The database has another name tomorrow, so its name is asked for. */
function withParameters(query: string, parameters: readonly unknown[]): string {
  if (parameters.length === 0) return query;
  const columns = /\(("[^)]*")\) VALUES/.exec(query)?.[1]?.split(/,\s*/) ?? [];
  const values = /VALUES \((.*)\)/s.exec(query)?.[1]?.split(/,\s*/) ?? [];
  const database = values[columns.indexOf('"database"')];
  return query.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)/g, (found, number: string | undefined) => {
    if (number === undefined) return found;
    if (found === database) return 'current_database()';
    const value = parameters[Number(number) - 1];
    return value === null || value === undefined ? 'NULL' : literal(String(value as string));
  });
}

/** An `enumName` of two tables is created with each of them. */
function withoutRepeatedTypes(statements: readonly string[]): readonly string[] {
  const types = new Set<string>();
  return statements.filter((sql) => {
    if (!sql.startsWith('CREATE TYPE ')) return true;
    if (types.has(sql)) return false;
    types.add(sql);
    return true;
  });
}

/** The schema builder asks its driver for every default. */
function mendDefaults(dataSource: DataSource): () => void {
  const driver = dataSource.driver as { normalizeDefault(column: ColumnMetadata): string | undefined };
  const typeorm = driver.normalizeDefault.bind(driver);
  driver.normalizeDefault = (column) => columnDefault(column, typeorm);
  return () => void Reflect.deleteProperty(driver, 'normalizeDefault');
}

/** For as long as it takes, TypeORM looks after the tables with `synchronize: false`, and only after those. */
function exchangeManaged(dataSource: DataSource): () => void {
  const exchange = (): void => {
    for (const metadata of dataSource.entityMetadatas as (EntityMetadata & { synchronize: boolean })[])
      metadata.synchronize = !metadata.synchronize;
  };
  exchange();
  return exchange;
}
