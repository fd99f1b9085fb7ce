import type { ColumnFacts, ConstraintFacts, IndexFacts, TableFacts } from '../../observe/catalog.js';
import type { Tried } from './observe-pending.js';
import { quoteName } from '../../sql/index.js';

/** Something that all rows must fulfil once a migration has run, and a question that finds one that does not. */
export interface Promised {
  readonly table: TableFacts;
  /** In words: `users.email has no NULL`. */
  readonly what: string;
  /** Finds one row that is in the way; what it cannot find is not there. */
  readonly question: string;
}

/**
 * What a migration demands of the rows that are there: known from what the table was before and is afterwards, whatever the statements
 * look like. Columns that it adds have no values yet, so nothing is asked about them.
 */
export function promisesOf({ tables }: Tried): readonly Promised[] {
  return tables.flatMap(({ before, after }) => (after ? promisesOfTable(before, after) : []));
}

function promisesOfTable(before: TableFacts, after: TableFacts): readonly Promised[] {
  const from = sqlName(before);
  const known = new Set(before.columns.map(({ name }) => name));
  const promised = (what: string, question: string): Promised => ({ table: before, what, question });
  const haveAll = (columns: readonly string[]): boolean => columns.every((column) => known.has(column));
  return [
    ...newlyNotNull(before, after).map(({ name }) =>
      promised(`${before.name}.${name} has no NULL`, `SELECT FROM ${from} WHERE ${quoteName(name)} IS NULL`),
    ),
    ...demandedColumns(before, after).map(({ name }) =>
      promised(
        `${before.name} is empty, since its new column ${name} is NOT NULL and has no default`,
        `SELECT FROM ${from}`,
      ),
    ),
    ...newlyValid(before, after, 'check')
      .filter(({ columns }) => haveAll(columns))
      .map(({ name, definition }) =>
        promised(
          `every row of ${before.name} fulfils ${name}`,
          `SELECT FROM ${from} WHERE NOT (${definition.replace(/^CHECK /, '').replace(/ NOT VALID$/, '')})`,
        ),
      ),
    ...newlyValid(before, after, 'foreign key')
      .filter(({ columns }) => haveAll(columns))
      .map((key) => promised(`every row of ${before.name} has its ${key.refersTo} (${key.name})`, orphans(from, key))),
    ...newlyUnique(before, after)
      .filter(({ columns }) => haveAll(columns))
      .map((index) =>
        promised(
          `no two rows of ${before.name} have the same ${index.columns.join(', ')} (${index.name})`,
          twice(from, index),
        ),
      ),
  ];
}

function newlyNotNull(before: TableFacts, after: TableFacts): readonly ColumnFacts[] {
  const nullable = new Set(before.columns.filter(({ notNull }) => !notNull).map(({ name }) => name));
  return after.columns.filter(({ name, notNull }) => notNull && nullable.has(name));
}

function demandedColumns(before: TableFacts, after: TableFacts): readonly ColumnFacts[] {
  const known = new Set(before.columns.map(({ name }) => name));
  // One that was filled has lost its default on the way, or got it back: what it is in the end says enough for a naive one.
  return after.columns.filter(
    (column) =>
      !known.has(column.name) &&
      column.notNull &&
      column.default === null &&
      !column.identity &&
      !column.generated &&
      !after.constraints.some(({ type, columns }) => type === 'check' && columns.includes(column.name)),
  );
}

function newlyValid(before: TableFacts, after: TableFacts, type: ConstraintFacts['type']): readonly ConstraintFacts[] {
  const valid = new Set(before.constraints.filter(({ validated }) => validated).map(({ definition }) => definition));
  return after.constraints.filter((one) => one.type === type && one.validated && !valid.has(one.definition));
}

function newlyUnique(before: TableFacts, after: TableFacts): readonly IndexFacts[] {
  const known = new Set(before.indexes.filter(({ valid, unique }) => valid && unique).map(shapeOf));
  return after.indexes.filter(
    (index) => index.unique && !known.has(shapeOf(index)) && index.columns.every((column) => column !== ''),
  );
}

function shapeOf({ columns, predicate }: IndexFacts): string {
  return JSON.stringify([columns, predicate]);
}

function twice(from: string, { columns, predicate }: IndexFacts): string {
  const list = columns.map(quoteName).join(', ');
  const notNull = columns.map((column) => `${quoteName(column)} IS NOT NULL`).join(' AND ');
  const where = predicate === null ? notNull : `${notNull} AND (${predicate})`;
  return `SELECT FROM ${from} WHERE ${where} GROUP BY ${list} HAVING count(*) > 1`;
}

function orphans(from: string, { columns, refersTo, refersToColumns }: ConstraintFacts): string {
  const [schema = '', name = ''] = (refersTo ?? '').split('.');
  const pairs = columns.map((column, index) => `p.${quoteName(refersToColumns[index] ?? '')} = c.${quoteName(column)}`);
  const filled = columns.map((column) => `c.${quoteName(column)} IS NOT NULL`).join(' AND ');
  return `SELECT FROM ${from} c WHERE ${filled} AND NOT EXISTS (SELECT FROM ${sqlName({ schema, name })} p WHERE ${pairs.join(' AND ')})`;
}

function sqlName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
