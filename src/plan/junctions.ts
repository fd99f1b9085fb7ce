import { columnsOf } from '../schema/column.js';
import { keyOf, relationOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema, SchemaObject } from '../schema/read.js';
import { afterRenames } from './renames.js';
import type { Rename } from './renames.js';

/** One column of a junction table, and the table that it refers to. */
interface Link {
  readonly column: ObjectId;
  readonly target: ObjectId;
}

/** Junction tables that are called otherwise because a table that they refer to is. TypeORM names them after both. */
export function junctionTables(from: Schema, to: Schema, renames: readonly Rename[]): readonly Rename[] {
  const renamed = new Set(renames.map((rename) => keyOf(rename.to)));
  const taken = new Set(renames.flatMap((rename) => [keyOf(rename.from), keyOf(rename.to)]));
  const [gone, come] = [tablesOnlyIn(from, to), tablesOnlyIn(to, from)].map((tables) =>
    tables.filter((table) => !taken.has(keyOf(table))),
  );
  return (gone ?? []).flatMap((old) => {
    const targets = linksOf(old, from)?.map(({ target }) => keyOf(afterRenames(target, renames)));
    if (!targets?.some((target) => renamed.has(target))) return [];
    const alike = (come ?? []).filter((one) => {
      const links = linksOf(one, to)?.map(({ target }) => keyOf(target));
      return one.schema === old.schema && JSON.stringify(links) === JSON.stringify(targets);
    });
    const [only, ...others] = alike;
    return only !== undefined && others.length === 0 ? [{ from: old, to: only }] : [];
  });
}

/** The columns of junction tables that are called otherwise because of that. The tables have their new names already. */
export function junctionColumns(from: Schema, to: Schema, tables: readonly Rename[]): readonly Rename[] {
  const renamed = new Set(tables.map((rename) => keyOf(rename.to)));
  return from.objects.flatMap(({ id }) => {
    const [before, after] = id.kind === 'table' ? [linksOf(id, from), linksOf(id, to)] : [];
    if (!before || before.length !== after?.length) return [];
    return before.flatMap(({ column, target }, at) => {
      const now = after[at];
      const isSame = now && keyOf(now.target) === keyOf(target) && renamed.has(keyOf(target));
      return isSame && !to.has(column) && !from.has(now.column) ? [{ from: column, to: now.column }] : [];
    });
  });
}

function tablesOnlyIn(schema: Schema, other: Schema): readonly ObjectId[] {
  return schema.objects.flatMap(({ id }) => (id.kind === 'table' && !other.has(id) ? [id] : []));
}

/** In the order of the columns; undefined of a table that has more than references to other tables, which are its key. */
function linksOf(table: ObjectId, schema: Schema): readonly Link[] | undefined {
  const children = schema.childrenOf(table);
  const columns = columnsOf(table, schema);
  const inKey = new Set(neededBy('p', children, schema).flatMap(({ needs }) => needs.map(keyOf)));
  const references = neededBy('f', children, schema);
  const links = columns.flatMap((column): readonly Link[] => {
    const reference = references.find(({ needs }) => needs.some((id) => keyOf(id) === keyOf(column)));
    const target = reference?.needs.map(relationOf).find((id) => keyOf(id) !== keyOf(table));
    return target && inKey.has(keyOf(column)) ? [{ column, target }] : [];
  });
  return columns.length > 0 && links.length === columns.length ? links : undefined;
}

/** What the constraints of this type need, each: columns, and the key of another table. */
function neededBy(
  type: 'p' | 'f',
  constraints: readonly SchemaObject[],
  schema: Schema,
): readonly { readonly needs: readonly ObjectId[] }[] {
  return constraints
    .filter(({ id, is }) => id.kind === 'constraint' && is['type'] === type)
    .map(({ id }) => ({ needs: schema.needs(id).filter(({ table }) => table !== undefined) }));
}
