import { tableSql } from '../../src/schema/object-id.js';
import type { Schema } from '../../src/schema/read.js';
import { quoteName } from '../../src/sql/index.js';

export interface Queryable {
  query(sql: string): Promise<Record<string, unknown>[]>;
}

/** The rows of each table, each with its columns as text. The key is `table`, with the schema in front where it is not public. */
export type Data = ReadonlyMap<string, { readonly columns: readonly string[]; readonly rows: readonly Row[] }>;
type Row = Readonly<Record<string, string | null>>;

export async function dataOf(database: Queryable, schema: Schema): Promise<Data> {
  const data = new Map<string, { columns: readonly string[]; rows: readonly Row[] }>();
  for (const { id } of schema.objects) {
    if (id.kind !== 'table') continue;
    const columns = schema
      .childrenOf(id)
      .filter((child) => child.id.kind === 'column')
      .map((child) => child.id.name ?? '');
    const list = columns.map((name) => `${quoteName(name)}::text AS ${quoteName(name)}`).join(', ');
    const rows = await database.query(`SELECT ${list} FROM ${tableSql(id)}`);
    const schemaPart = id.schema === 'public' ? '' : `${id.schema}.`;
    data.set(`${schemaPart}${id.name}`, { columns, rows: rows as unknown as Row[] });
  }
  return data;
}

/** The same rows, where `table=name` and `table.column=name` say what is called otherwise. */
export function underNewNames(data: Data, renames: readonly string[]): Data {
  return new Map(
    [...data].map(([table, { columns, rows }]) => {
      const nameOf = (column: string): string => nameAfter(`${table}.${column}`, renames).replace(`${table}.`, '');
      const renamed = rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [nameOf(column), value])),
      );
      return [nameAfter(table, renames), { columns: columns.map(nameOf), rows: renamed }];
    }),
  );
}

export function nameAfter(name: string, renames: readonly string[]): string {
  const found = renames.map((text) => text.split('=')).find(([old]) => old === name);
  return found?.[1] ?? name;
}

/** What was in a column before must be there still, wherever the column is. Returns how many rows were compared. */
export function expectDataKept(before: Data, after: Data, rewritten: readonly string[] = []): number {
  let compared = 0;
  for (const [table, { columns, rows }] of before) {
    const now = after.get(table);
    if (now === undefined) continue;
    const common = columns.filter(
      (column) => now.columns.includes(column) && !rewritten.includes(`${table}.${column}`),
    );
    const expected = texts(rows, common);
    const found = texts(now.rows, common);
    if (expected.join('\n') !== found.join('\n')) {
      throw new Error(
        `The rows of ${table} are not what they were.\nBefore:\n${expected.join('\n')}\nAfter:\n${found.join('\n')}`,
      );
    }
    compared += expected.length;
  }
  return compared;
}

function texts(rows: readonly Row[], columns: readonly string[]): readonly string[] {
  return rows
    .map((row) => JSON.stringify(Object.fromEntries([...columns].sort().map((column) => [column, row[column]]))))
    .sort();
}
