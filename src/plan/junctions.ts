import { columnsOf } from '../schema/column.js';
import { keyOf, relationOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema, SchemaObject } from '../schema/read.js';
import { afterRenames } from './renames.js';
import type { Rename } from './renames.js';

/** One column of a junction table, the table that it refers to, and the columns of the key there. */
interface Link {
  readonly column: ObjectId;
  readonly target: ObjectId;
  readonly key: readonly ObjectId[];
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

/**
 * Finds the columns of junction tables that are called otherwise because the table that they refer to is, or its key: TypeORM names
 * them after both. The tables have their new names already.
 */
export function junctionColumns(from: Schema, to: Schema): (renames: readonly Rename[]) => readonly Rename[] {
  const possible = from.objects.flatMap(({ id }) => {
    const isChanged = id.kind === 'table' && columnsOf(id, from).some((column) => !to.has(column));
    const [before, after] = isChanged ? [linksOf(id, from), linksOf(id, to)] : [];
    if (!before || before.length !== after?.length) return [];
    return before.flatMap(({ column, target, key }, at) => {
      const now = after[at];
      const isSame = now && keyOf(now.target) === keyOf(target);
      if (!isSame || to.has(column) || from.has(now.column)) return [];
      return [{ from: column, to: now.column, follows: [...key, target].map(keyOf) }];
    });
  });
  return (renames) => {
    const renamed = new Set(renames.map((rename) => keyOf(rename.from.kind === 'table' ? rename.to : rename.from)));
    const taken = new Set(renames.flatMap((rename) => [keyOf(rename.from), keyOf(rename.to)]));
    return possible.flatMap(({ follows, ...rename }) => {
      const isTaken = taken.has(keyOf(rename.from)) || taken.has(keyOf(rename.to));
      return !isTaken && follows.some((one) => renamed.has(one)) ? [rename] : [];
    });
  };
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
    const others = reference?.needs.filter((id) => keyOf(relationOf(id)) !== keyOf(table)) ?? [];
    const target = others.map(relationOf)[0];
    const key = others.flatMap((id) => (id.kind === 'column' ? [id] : schema.needs(id)));
    return target && inKey.has(keyOf(column)) ? [{ column, target, key }] : [];
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
