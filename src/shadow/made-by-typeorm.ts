import { classify } from '../sql/index.js';
import type { SqlClass } from '../sql/index.js';

/** The start of statements that TypeORM's generator writes: upper case, then a quoted name. */
const beginnings = new Set([
  ...['TABLE', 'TYPE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'INDEX', 'INDEX CONCURRENTLY', 'SCHEMA'].flatMap(
    (kind) => ['CREATE', 'ALTER', 'DROP'].map((verb) => `${verb} ${kind} `),
  ),
  'CREATE UNIQUE INDEX ',
  'CREATE UNIQUE INDEX CONCURRENTLY ',
  'CREATE SEQUENCE IF NOT EXISTS ',
  'CREATE SCHEMA IF NOT EXISTS ',
  'CREATE EXTENSION IF NOT EXISTS ',
  'COMMENT ON TABLE ',
  'COMMENT ON COLUMN ',
]);
/** Only of its own table. */
const changes = new Set(['INSERT INTO ', 'DELETE FROM ', 'UPDATE ']);

/** Whether a statement is written as TypeORM's generator writes it. */
export function isOfTypeorm(sql: string): boolean {
  const kinds = classify(sql);
  return (
    // With `--pretty`, each statement begins on a line of its own.
    sql.trimStart().startsWith(kinds[0]?.beforeName ?? ';') &&
    kinds.every(({ beforeName, afterName, text, name }) => {
      const beginning = beforeName.replaceAll(/\s+/g, ' ');
      // It knows no PARTITION BY, PARTITION OF or INHERITS.
      const isPlain = beginning !== 'CREATE TABLE ' || /^\s*\(.*\)\s*$/s.test(afterName);
      return (
        isPlain &&
        text.startsWith('"', beforeName.length) &&
        (beginnings.has(beginning) || (changes.has(beginning) && name?.at(-1) === 'typeorm_metadata'))
      );
    })
  );
}

/**
 * The tables with all their parts, the columns and the types that these statements of TypeORM's generator create, where others, such as an
 * INSERT, make the migration handwritten. A removed property must not keep its column for that. Other objects may have been
 * added by a person, and dropping an index asks no question.
 */
export function madeByTypeorm(statements: readonly string[]): ReadonlySet<string> {
  const made = statements.filter(isOfTypeorm).flatMap((sql) => classify(sql).flatMap(objectsOf));
  return new Set(made);
}

/** How an object is found there, in whatever schema. */
export function shortPath(kind: string, table: string | null | undefined, name: string): string {
  return [kind, table ?? '', name].join('\0');
}

function objectsOf(statement: SqlClass): readonly string[] {
  const { command, name: path = [] } = statement;
  const name = path.at(-1) ?? '';
  if (command === 'CREATE TYPE') return [shortPath('type', undefined, name)];
  if (command === 'CREATE TABLE') return [shortPath('table', undefined, name), ...partsOf(name, statement)];
  if (command !== 'ALTER TABLE' || statement.mentions('ADD', 'CONSTRAINT')) return [];
  return statement.nameAfter('ADD')?.map((column) => shortPath('column', name, column)) ?? [];
}

/** The columns with their sequences, and the constraints with their indexes. */
function partsOf(table: string, { groups }: SqlClass): readonly string[] {
  const parts = classify(groups()[0] ?? '')[0]?.splitAt(',') ?? [];
  return parts.flatMap((part) => {
    const [read] = classify(part);
    const column = part.trimStart().startsWith('"') ? read?.nameAfter()?.[0] : undefined;
    if (column !== undefined)
      return [shortPath('column', table, column), shortPath('sequence', undefined, `${table}_${column}_seq`)];
    const constraint = read?.nameAfter('CONSTRAINT')?.[0];
    return constraint === undefined
      ? []
      : [shortPath('constraint', table, constraint), shortPath('index', undefined, constraint)];
  });
}
