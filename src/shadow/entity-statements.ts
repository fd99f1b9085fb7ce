import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { messageOf, MigrateError } from '../errors.js';
import { columnDefault, quoted } from './column-default.js';
import type { Which } from './entity-names.js';
import { quoteLiteral, splitSql } from '../sql/index.js';

/** They are all texts, or missing. */
type Parameter = string | null | undefined;

interface Query {
  readonly query: string;
  readonly parameters?: readonly Parameter[] | undefined;
}

/** What is used of TypeORM's schema builder. */
interface SchemaBuilder {
  log(): Promise<{ readonly upQueries: readonly Query[] }>;
  createMetadataTableIfNecessary(queryRunner: QueryRunner): Promise<void>;
  getTablePath(target: object | string): string;
}

const known = new WeakMap<DataSource, Map<Which, Promise<readonly string[]>>>();

/** The statements with which TypeORM creates what the entities describe, each one that PostgreSQL understands. Made once. */
export function entityStatements(dataSource: DataSource, which: Which): Promise<readonly string[]> {
  const made = known.get(dataSource) ?? new Map<Which, Promise<readonly string[]>>();
  known.set(dataSource, made);
  const statements = made.get(which) ?? makeStatements(dataSource, which);
  made.set(which, statements);
  return statements;
}

async function makeStatements(dataSource: DataSource, which: Which): Promise<readonly string[]> {
  const restore = [...(which === 'unmanaged' ? [exchangeManaged(dataSource)] : []), mendDriver(dataSource)];
  try {
    const builder = dataSource.driver.createSchemaBuilder() as unknown as SchemaBuilder;
    rememberPaths(builder);
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

function mended({ query, parameters = [] }: Query, index: number, all: readonly Query[]): readonly string[] {
  const sql = (parameters.length === 0 ? query : metadataRow(query, parameters, nextTable(all, index)))
    .replace(/^(CREATE (?:UNIQUE )?INDEX) CONCURRENTLY /, '$1 ')
    // 0.3 does not look into a table's comment.
    .replace(/^(COMMENT ON TABLE .*? IS )'([^]*)'$/, (_found, on: string, comment: string) => on + quoted(comment));
  return splitSql(sql).map((statement) => statement.sql.trim());
}

function nextTable(all: readonly Query[], index: number): string | undefined {
  return all.find(({ query }, at) => at > index && query.startsWith('CREATE TABLE '))?.query;
}

/**
 * A row of `typeorm_metadata`: nothing else has parameters. The database has another name tomorrow, so its name is asked for. And a
 * generated column's row has the schema of the search path, not that of its table, which is created next: TypeORM would not find it.
 */
function metadataRow(query: string, parameters: readonly Parameter[], table: string | undefined): string {
  const placeholders = /VALUES \((.*)\)/.exec(query)?.[1]?.split(/,\s*/) ?? [];
  const names = /\(("[^)]*")\) VALUES/.exec(query)?.[1]?.split(/,\s*/) ?? [];
  const valueOf = (name: string): Parameter => parameters[Number(placeholders[names.indexOf(name)]?.slice(1)) - 1];
  const tableSchema = /^CREATE TABLE "([^"]+)"\."/.exec(table ?? '')?.[1];
  return query.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\$(\d+)/g, (found, number: string | undefined) => {
    if (number === undefined) return found;
    const name = names[placeholders.indexOf(found)];
    if (name === '"database"') return 'current_database()';
    const value = parameters[Number(number) - 1];
    if (name === '"schema"' && valueOf('"type"') === 'GENERATED_COLUMN')
      return quoteLiteral(tableSchema ?? value ?? '');
    return value === null || value === undefined ? 'NULL' : quoteLiteral(value);
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

/**
 * The schema builder asks its driver for every default, and what has changed since the table was created: nothing, it has just been
 * created. 0.3 would fail over the defaults of JSON columns there.
 */
function mendDriver(dataSource: DataSource): () => void {
  const driver = dataSource.driver as unknown as {
    normalizeDefault(column: ColumnMetadata): string | undefined;
    findChangedColumns(): readonly ColumnMetadata[];
  };
  const typeorm = driver.normalizeDefault.bind(driver);
  driver.normalizeDefault = (column) => columnDefault(column, typeorm);
  driver.findChangedColumns = () => [];
  return () => {
    Reflect.deleteProperty(driver, 'normalizeDefault');
    Reflect.deleteProperty(driver, 'findChangedColumns');
  };
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
