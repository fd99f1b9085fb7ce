import { ask } from './ask.js';
import type { ObservedClient } from './ask.js';
import { nodeOf, nodesOf, tagOf } from './parser.js';
import type { Tree } from './parser.js';

/** A column of a table in use that was renamed or dropped. */
export interface ColumnGone {
  readonly table: { readonly oid: number; readonly schema: string; readonly name: string };
  readonly column: string;
  /** The new name; undefined if it was dropped. */
  readonly now: string | undefined;
}

interface Columns {
  readonly table: ColumnGone['table'];
  /** The columns by number, which does not change. */
  readonly names: Readonly<Record<string, string>>;
}

/** Whether the form of a statement hides its effects: a block, a CALL, or a query that calls a function. */
function isHidden(tree: Tree | undefined): boolean {
  if (tree === undefined || ['DoStmt', 'CallStmt'].includes(tagOf(tree))) return true;
  const select = nodeOf(tree, 'SelectStmt');
  return select !== undefined && !nodesOf(select, 'FuncCall').next().done;
}

/** Call it before a statement; call the function that it returns after the statement. */
export async function watchColumns(
  client: ObservedClient,
  tree: Tree | undefined,
  boundary: number,
): Promise<() => Promise<readonly ColumnGone[]>> {
  if (!isHidden(tree)) return () => Promise.resolve([]);
  const before = await readColumns(client, boundary);
  return async () => goneSince(before, await readColumns(client, boundary));
}

/** The columns of all tables in use, without partitions, which have the same columns as their table. */
async function readColumns(client: ObservedClient, boundary: number): Promise<ReadonlyMap<number, Columns>> {
  const rows = await ask(
    client,
    `SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, json_object_agg(a.attnum, a.attname) AS names
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.oid BETWEEN 16384 AND $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_'
  AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY c.oid, n.nspname, c.relname ORDER BY c.oid`,
    [boundary],
  );
  return new Map(
    rows.map(({ oid, schema, name, names }) => {
      const table = { oid: Number(oid), schema: String(schema), name: String(name) };
      return [table.oid, { table, names: names as Columns['names'] }];
    }),
  );
}

/** The columns that have disappeared since, except those of dropped tables and those whose name another column has taken. */
function goneSince(before: ReadonlyMap<number, Columns>, now: ReadonlyMap<number, Columns>): readonly ColumnGone[] {
  return [...before.values()].flatMap(({ table, names }) => {
    const left = now.get(table.oid);
    if (!left) return [];
    const known = new Set(Object.values(left.names));
    return Object.entries(names)
      .filter(([, column]) => !known.has(column))
      .map(([number, column]) => ({ table, column, now: left.names[number] }))
      .filter(({ now: name }) => name === undefined || !Object.values(names).includes(name));
  });
}
