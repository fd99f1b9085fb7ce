import type { DataSource } from 'typeorm';
import { messageOf, MigrateError } from '../errors.js';
import { quoted } from '../typeorm/column-default.js';
import { creationQueries } from '../typeorm/schema-builder.js';
import type { Parameter, Query, Which } from '../typeorm/schema-builder.js';
import { classify, commandOf, quoteLiteral, splitSql, sqlTokens } from '../sql/index.js';
import type { SqlToken } from '../sql/index.js';

const known = new WeakMap<DataSource, Map<Which, Promise<readonly string[]>>>();

/** TypeORM's statements that create the entities, corrected so that PostgreSQL accepts them. Built once. */
export function entityStatements(dataSource: DataSource, which: Which): Promise<readonly string[]> {
  const made = known.get(dataSource) ?? new Map<Which, Promise<readonly string[]>>();
  known.set(dataSource, made);
  const statements = made.get(which) ?? makeStatements(dataSource, which);
  made.set(which, statements);
  return statements;
}

async function makeStatements(dataSource: DataSource, which: Which): Promise<readonly string[]> {
  try {
    return withoutRepetitions((await creationQueries(dataSource, which)).flatMap(mended));
  } catch (error) {
    throw new MigrateError({
      code: 'ENTITIES_INVALID',
      message: `TypeORM cannot generate the SQL for the entities: ${messageOf(error)}`,
      next: 'Correct the entity. Nothing was written, and no database of yours was touched.',
      cause: error,
    });
  }
}

function mended({ query, parameters = [] }: Query, index: number, all: readonly Query[]): readonly string[] {
  const sql = parameters.length === 0 ? query : metadataRow(query, parameters, schemaOfNextTable(all, index));
  const { command, concurrently } = commandOf(sql);
  if (command === 'COMMENT ON TABLE') return [withQuotedComment(sql)];
  // An empty database needs no concurrent builds.
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

const once = new Set(['CREATE TYPE', 'CREATE INDEX']);

/** An `enumName` that two tables share is created with each of them; and an index with each of two decorators that say the same. */
function withoutRepetitions(statements: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return statements.filter((sql) => {
    if (!once.has(commandOf(sql).command)) return true;
    if (seen.has(sql)) return false;
    seen.add(sql);
    return true;
  });
}
