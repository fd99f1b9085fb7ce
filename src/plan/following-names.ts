import { columnsOf } from '../schema/column.js';
import { keyOf, relationOf } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema, SchemaObject } from '../schema/read.js';
import { afterRenames } from './renames.js';
import type { Rename } from './renames.js';

/** A column, the table that it refers to, and the columns of the key there. */
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

interface Following extends Rename {
  /** Whether it is named after what has been renamed. */
  readonly follows: (renames: readonly Rename[]) => boolean;
}

/**
 * Finds the columns that are called otherwise because the table that they refer to is, or its key: TypeORM names columns of junction tables
 * after both, and those of other relations after the property and the key. The tables have their new names already.
 */
export function followingColumns(from: Schema, to: Schema): (renames: readonly Rename[]) => readonly Rename[] {
  const possible = from.objects.flatMap(({ id }) => {
    const isChanged = id.kind === 'table' && columnsOf(id, from).some((column) => !to.has(column));
    if (!isChanged || !to.has(id)) return [];
    const [before, after] = [linksOf(id, from), linksOf(id, to)];
    const found =
      before && before.length === after?.length
        ? before.flatMap((one, at) => junctionColumn(one, after[at]))
        : relationColumns(referencesOf(id, from), referencesOf(id, to));
    return found.filter((one) => !to.has(one.from) && !from.has(one.to));
  });
  return (renames) => {
    const taken = new Set(renames.flatMap((rename) => [keyOf(rename.from), keyOf(rename.to)]));
    return possible.flatMap(({ follows, ...rename }) => {
      const isTaken = taken.has(keyOf(rename.from)) || taken.has(keyOf(rename.to));
      return !isTaken && follows(renames) ? [rename] : [];
    });
  };
}

function junctionColumn({ column, target, key }: Link, now: Link | undefined): readonly Following[] {
  const isSame = now !== undefined && keyOf(now.target) === keyOf(target);
  const names = new Set([...key, target].map(keyOf));
  const follows: Following['follows'] = (renames) =>
    renames.some((rename) => names.has(keyOf(rename.from.kind === 'table' ? rename.to : rename.from)));
  return isSame ? [{ from: column, to: now.column, follows }] : [];
}

/** `authorId` becomes `authorNumber` where the key `id` becomes `number`. */
function relationColumns(before: readonly Link[], after: readonly Link[]): readonly Following[] {
  return before.flatMap((one) => {
    const property = propertyOf(one);
    const [now, ...others] = after.filter(
      (other) => keyOf(other.target) === keyOf(one.target) && propertyOf(other) === property,
    );
    if (property === undefined || now === undefined || others.length > 0) return [];
    // Only if it still refers to the same key: another column with values of its own is not what was renamed.
    const follows: Following['follows'] = (renames) => {
      const [old, renamed] = [one.key.map(keyOf), one.key.map((id) => keyOf(afterRenames(id, renames)))];
      return now.key.every((id) => renamed.includes(keyOf(id)) && !old.includes(keyOf(id)));
    };
    return [{ from: one.column, to: now.column, follows }];
  });
}

/** What stands before the name of the key in the name of the column. */
function propertyOf({ column: { name = '' }, key }: Link): string | undefined {
  const [ending = '', ...others] = new Set(key.map((column) => column.name));
  const isNamedAfter = others.length === 0 && ending !== '' && name.toLowerCase().endsWith(ending.toLowerCase());
  return isNamedAfter && name.length > ending.length ? name.slice(0, -ending.length) : undefined;
}

function tablesOnlyIn(schema: Schema, other: Schema): readonly ObjectId[] {
  return schema.objects.flatMap(({ id }) => (id.kind === 'table' && !other.has(id) ? [id] : []));
}

/** In the order of the columns; undefined of a table that has more than references to other tables, which are its key. */
function linksOf(table: ObjectId, schema: Schema): readonly Link[] | undefined {
  const columns = columnsOf(table, schema);
  const inKey = new Set(neededBy('p', schema.childrenOf(table), schema).flatMap(({ needs }) => needs.map(keyOf)));
  const links = referencesOf(table, schema).filter(({ column }) => inKey.has(keyOf(column)));
  return columns.length > 0 && links.length === columns.length ? links : undefined;
}

/** The columns that refer to other tables, in their order. */
function referencesOf(table: ObjectId, schema: Schema): readonly Link[] {
  const references = neededBy('f', schema.childrenOf(table), schema);
  return columnsOf(table, schema).flatMap((column): readonly Link[] => {
    const reference = references.find(({ needs }) => needs.some((id) => keyOf(id) === keyOf(column)));
    const others = reference?.needs.filter((id) => keyOf(relationOf(id)) !== keyOf(table)) ?? [];
    const target = others.map(relationOf)[0];
    const key = others.flatMap((id) => (id.kind === 'column' ? [id] : schema.needs(id)));
    return target ? [{ column, target, key }] : [];
  });
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
