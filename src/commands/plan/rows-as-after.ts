import type { ColumnFacts, TableFacts } from '../../observe/catalog.js';
import { quoteName } from '../../sql/index.js';

/** What the present rows of a table will be like after the run, in terms of the live database. */
export interface RowsAsAfter {
  /** An expression to select from; undefined if there is none. */
  readonly sql: string | undefined;
  /** Columns that the run adds without a value: NULL in every row. */
  readonly empty: ReadonlySet<string>;
  /** Columns in which every row gets a different value from a sequence. */
  readonly numbered: ReadonlySet<string>;
  /** Columns that were NOT NULL with a value for existing rows as soon as they were added. */
  readonly filledAtOnce: ReadonlySet<string>;
}

/** Columns as they were added, by the numbers of table and column: existing rows get the default that a column had then. */
export type FirstColumns = ReadonlyMap<string, ColumnFacts>;

export function keyOfColumn(table: number, column: number): string {
  return `${table} ${column}`;
}

/** A query over the live table that gives each column its later name, and new columns their values. */
export function rowsAsAfter(live: TableFacts, after: TableFacts, first: FirstColumns): RowsAsAfter {
  const known = new Map(live.columns.map((column) => [column.number, column]));
  const columns = after.columns.map((column) => {
    const now = known.get(column.number);
    if (now) return { column, is: 'kept', value: asType(`t.${quoteName(now.name)}`, column, now) };
    const { default: value, notNull } = first.get(keyOfColumn(after.oid, column.number)) ?? column;
    if (column.generated) return { column, is: 'generated', value: undefined };
    if (isNumbered(column, value)) return { column, is: 'numbered', value: '(row_number() OVER ())' };
    if (value === null) return { column, is: 'empty', value: `NULL::${column.type}` };
    return { column, is: notNull ? 'filled at once' : 'filled', value: `(${value})::${column.type}` };
  });
  const isAsNow = columns.every(({ column, value }) => value === `t.${quoteName(column.name)}`);
  const from = `${quoteName(live.schema)}.${quoteName(live.name)}`;
  const list = columns.map(({ column, value }) => `${value ?? ''} AS ${quoteName(column.name)}`).join(', ');
  const names = (kind: string): ReadonlySet<string> =>
    new Set(columns.filter(({ is }) => is === kind).map(({ column }) => column.name));
  return {
    sql: columns.some(({ value }) => value === undefined)
      ? undefined
      : isAsNow
        ? from
        : `(SELECT ${list} FROM ${from} AS t) AS ${quoteName(after.name)}`,
    empty: names('empty'),
    numbered: names('numbered'),
    filledAtOnce: names('filled at once'),
  };
}

function asType(value: string, column: ColumnFacts, now: ColumnFacts): string {
  return column.type === now.type ? value : `${value}::${column.type}`;
}

function isNumbered({ identity }: ColumnFacts, value: string | null): boolean {
  return identity || value?.startsWith('nextval(') === true;
}
