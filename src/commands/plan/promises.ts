import type { ColumnFacts, ConstraintFacts, IndexFacts, TableFacts } from '../../observe/catalog.js';
import { classify, quoteName } from '../../sql/index.js';
import { boundsOf } from './bounds.js';
import { fittingTypes } from './fitting-types.js';
import type { Tried } from './observe-pending.js';
import { rowsAsAfter } from './rows-as-after.js';
import type { Promised } from './promised.js';
import type { RowsAsAfter } from './rows-as-after.js';

/**
 * The conditions that a migration requires of existing rows. They follow from the table before and after the migration, whatever its
 * statements look like.
 */
export function promisesOf(tried: Tried): readonly Promised[] {
  return [
    ...tried.tables.flatMap(({ live, before, after }) =>
      after ? ofTable({ before, after, rows: rowsAsAfter(live, after, tried.firstColumns) }) : [],
    ),
    ...fittingTypes(tried),
    ...tried.statements.flatMap(boundsOf),
  ];
}

interface Change {
  readonly before: TableFacts;
  readonly after: TableFacts;
  readonly rows: RowsAsAfter;
}

function ofTable(change: Change): readonly Promised[] {
  return [...notNull(change), ...checks(change), ...foreignKeys(change), ...uniques(change), ...exclusions(change)];
}

function promised(change: Change, columns: readonly string[], what: string, question: string | undefined): Promised {
  return { table: change.before, columns, what, question: change.rows.sql === undefined ? undefined : question };
}

function notNull(change: Change): readonly Promised[] {
  const { before, after, rows } = change;
  const filled = new Set(
    before.columns.filter((column) => isNotNull(column, before) || isProven(column, before)).map(numberOf),
  );
  const old = new Set(before.columns.map(numberOf));
  return after.columns
    .filter((column) => isNotNull(column, after) && !filled.has(column.number) && !column.generated)
    .filter(({ name }) => !rows.numbered.has(name))
    .map(({ name, number }) => {
      const isAtOnce = rows.filledAtOnce.has(name);
      const what =
        old.has(number) || isAtOnce
          ? `${after.name}.${name} has no NULL`
          : `${after.name} is empty, since its new column ${name} is NOT NULL and has no default`;
      const made = promised(change, [name], what, `SELECT FROM ${rows.sql} WHERE ${quoteName(name)} IS NULL`);
      return isAtOnce ? { ...made, isSettled: true } : made;
    });
}

function numberOf({ number }: ColumnFacts): number {
  return number;
}

/** PostgreSQL 18 can also require NOT NULL of new rows only. */
function isNotNull({ name, notNull: isDemanded }: ColumnFacts, { constraints }: TableFacts): boolean {
  const onlyOfNew = constraints.some(
    ({ type, validated, columns }) => type === 'not null' && !validated && columns.includes(name),
  );
  return isDemanded && !onlyOfNew;
}

/** Whether a validated check constraint proves it. The server uses such a constraint as a proof as well. */
function isProven({ name }: ColumnFacts, { constraints }: TableFacts): boolean {
  const proofs = new Set([name, quoteName(name)].map((column) => `CHECK ((${column} IS NOT NULL))`));
  return constraints.some(({ validated, definition }) => validated && proofs.has(definition));
}

function newlyValid({ before, after }: Change, type: ConstraintFacts['type']): readonly ConstraintFacts[] {
  const valid = new Set(before.constraints.filter(({ validated }) => validated).map(({ definition }) => definition));
  return after.constraints.filter((one) => one.type === type && one.validated && !valid.has(one.definition));
}

function checks(change: Change): readonly Promised[] {
  return newlyValid(change, 'check').map(({ name, definition, columns }) => {
    const [condition] = classify(definition)[0]?.groups() ?? [];
    return promised(
      change,
      columns,
      `every row of ${change.after.name} satisfies ${name}`,
      `SELECT FROM ${change.rows.sql} WHERE NOT (${condition})`,
    );
  });
}

function foreignKeys(change: Change): readonly Promised[] {
  const { after, rows } = change;
  return newlyValid(change, 'foreign key').map((key) => {
    // A row without a value refers to nothing.
    const question = key.columns.some((column) => rows.empty.has(column))
      ? 'SELECT WHERE false'
      : orphans(rows.sql ?? '', key);
    const { schema = '', name = '' } = key.refersTo ?? {};
    const what = `every row of ${after.name} refers to an existing row of ${schema}.${name} (${key.name})`;
    return promised(change, key.columns, what, question);
  });
}

function orphans(from: string, { columns, refersTo, refersToColumns }: ConstraintFacts): string {
  const { schema = '', name = '' } = refersTo ?? {};
  const pairs = columns.map((column, index) => `p.${quoteName(refersToColumns[index] ?? '')} = c.${quoteName(column)}`);
  const filled = columns.map((column) => `c.${quoteName(column)} IS NOT NULL`).join(' AND ');
  return `SELECT FROM (SELECT * FROM ${from}) AS c WHERE ${filled} AND NOT EXISTS (SELECT FROM ${quoteName(schema)}.${quoteName(name)} AS p WHERE ${pairs.join(' AND ')})`;
}

/** An invalid index proves nothing, whatever its definition says. */
function uniques(change: Change): readonly Promised[] {
  const { before, after, rows } = change;
  const shapeOf = ({ keys, predicate }: IndexFacts): string => JSON.stringify([keys, predicate]);
  const known = new Set(before.indexes.filter(({ valid, unique }) => valid && unique).map(shapeOf));
  return after.indexes
    .filter((index) => index.unique && index.valid && !known.has(shapeOf(index)))
    .map((index) =>
      promised(
        change,
        index.columns.every((column) => column !== '') && index.predicate === null ? index.columns : [],
        `no two rows of ${after.name} have the same ${index.keys.join(', ')} (${index.name})`,
        twice(rows.sql ?? '', index),
      ),
    );
}

function twice(from: string, { keys, predicate, definition }: IndexFacts): string {
  const conditions = [
    ...(/ NULLS NOT DISTINCT\b/.test(definition) ? [] : keys.map((key) => `(${key}) IS NOT NULL`)),
    ...(predicate === null ? [] : [`(${predicate})`]),
  ];
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return `SELECT FROM ${from}${where} GROUP BY ${keys.map((key) => `(${key})`).join(', ')} HAVING count(*) > 1`;
}

function exclusions(change: Change): readonly Promised[] {
  return newlyValid(change, 'exclusion').map(({ name }) => ({
    ...promised(
      change,
      [],
      `no two rows of ${change.after.name} conflict (${name})`,
      `SELECT FROM ${change.rows.sql} OFFSET 1`,
    ),
    found: 'a doubt',
  }));
}
