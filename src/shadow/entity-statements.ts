import type { DataSource, EntityMetadata, QueryRunner } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { messageOf, MigrateError } from '../errors.js';
import { columnDefault, quoted } from './column-default.js';
import type { Which } from './entity-names.js';
import { classify, commandOf, quoteLiteral, splitSql, sqlTokens } from '../sql/index.js';
import type { SqlToken } from '../sql/index.js';

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
  const sql = parameters.length === 0 ? query : metadataRow(query, parameters, schemaOfNextTable(all, index));
  const { command, concurrently } = commandOf(sql);
  if (command === 'COMMENT ON TABLE') return [withQuotedComment(sql)];
  // On an empty database there is nothing to wait for.
  if (concurrently) return classify(sql).map(({ splitAt }) => splitAt('CONCURRENTLY').join(' '));
  return splitSql(sql).map((statement) => statement.sql);
}

/** 0.3 does not look into a table's comment. */
function withQuotedComment(sql: string): string {
  for (const { kind, index } of sqlTokens(sql))
    if (kind === 'string') return sql.slice(0, index) + quoted(sql.slice(index + 1, sql.lastIndexOf("'")));
  return sql;
}

function schemaOfNextTable(all: readonly Query[], index: number): string | undefined {
  const table = all.find(({ query }, at) => at > index && commandOf(query).command === 'CREATE TABLE');
  const { name = [] } = commandOf(table?.query ?? '');
  return name.length > 1 ? name[0] : undefined;
}

/**
 * A row of `typeorm_metadata`: nothing else has parameters. The database has another name tomorrow, so its name is asked for. And a
 * generated column's row has the schema of the search path, not that of its table, which is created next: TypeORM would not find it.
 */
function metadataRow(query: string, parameters: readonly Parameter[], tableSchema: string | undefined): string {
  const [statement] = classify(query);
  const lists = statement?.command === 'INSERT INTO' ? statement.groups() : [];
  const [names = [], placeholders = []] = lists.map((list) => classify(list)[0]?.splitAt(',') ?? []);
  const valueAt = (placeholder: string | undefined): Parameter => parameters[Number(placeholder?.slice(1)) - 1];
  const isGenerated = valueAt(placeholders[names.indexOf('"type"')]) === 'GENERATED_COLUMN';
  const inserted = ({ kind, text }: SqlToken): string => {
    if (kind !== 'number' || !text.startsWith('$')) return text;
    const name = names[placeholders.indexOf(text)];
    if (name === '"database"') return 'current_database()';
    const value = name === '"schema"' && isGenerated ? (tableSchema ?? valueAt(text) ?? '') : valueAt(text);
    return value === null || value === undefined ? 'NULL' : quoteLiteral(value);
  };
  return Array.from(sqlTokens(query), inserted).join('');
}

/** An `enumName` of two tables is created with each of them. */
function withoutRepeatedTypes(statements: readonly string[]): readonly string[] {
  const types = new Set<string>();
  return statements.filter((sql) => {
    if (commandOf(sql).command !== 'CREATE TYPE') return true;
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
