import { MigrateError } from '../../errors.js';
import { isPartitioned, partitionKeysOf } from '../../plan/partitions.js';
import { indexDefinition, keyDefinition } from '../../schema/definition.js';
import { describeObject, keyOf, relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema, SchemaObject } from '../../schema/read.js';
import { classify, plainName, sqlTokens } from '../../sql/index.js';

/** A unique constraint or index, with its columns as SQL. */
interface Unique {
  readonly id: ObjectId;
  readonly table: ObjectId;
  readonly columns: string;
}

/**
 * Each partition has its own index, so a unique key must contain the columns that determine the partition.
 * https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-LIMITATIONS
 */
export function refuseKeysAcrossPartitions(
  { from, to }: { readonly from: Schema; readonly to: Schema },
  entityNames: ReadonlyMap<string, string>,
): void {
  const problems = to.objects.flatMap((object) => {
    const unique = uniqueOf(object, to);
    if (!unique || ![from, to].every((schema) => isPartitioned(unique.table, { from: schema }))) return [];
    const problem = problemOf(unique, partitionKeysOf(unique.table, { from }), to);
    if (problem === undefined) return [];
    const entity = entityNames.get(keyOf(unique.table));
    const table = describeObject(unique.table);
    return [`${entity === undefined ? `T${table.slice(1)}` : `Entity ${entity} (${table})`}: ${problem}`];
  });
  if (problems.length === 0) return;
  throw new MigrateError({
    code: 'ENTITIES_INVALID',
    message: problems.join('\n'),
    next: 'Correct the entity: add the columns to the key, or use an index that is not unique. Nothing was written, and no database of yours was touched.',
  });
}

function uniqueOf({ id, parent, is: { type } }: SchemaObject, to: Schema): Unique | undefined {
  if (id.kind === 'index' && parent) {
    const { unique, keys } = indexDefinition(to, id);
    return unique === '' ? undefined : { id, table: parent, columns: classify(keys)[0]?.groups()[0] ?? '' };
  }
  const columns = type === 'u' || type === 'p' ? keyDefinition(to, id)?.columns : undefined;
  return columns === undefined ? undefined : { id, table: relationOf(id), columns };
}

/** `keys` are the partition keys of the table and of its partitions that are partitioned again: `RANGE (at)`. */
function problemOf({ id, table, columns }: Unique, keys: readonly string[], to: Schema): string | undefined {
  const named = describeObject(id);
  const parts = keys.map((key) => ({ key, columns: classify(key)[0]?.groups()[0] ?? '' }));
  const computed = parts.find((part) => part.columns.includes('('));
  if (computed)
    return `${named} cannot be created: the table is partitioned by an expression, ${computed.key}, and PostgreSQL supports no unique keys on such a table.`;
  const own = new Set(
    to.childrenOf(table).flatMap((child) => (child.id.kind === 'column' ? [child.id.name ?? ''] : [])),
  );
  const needed = parts.flatMap((part) => namesIn(part.columns)).filter((name) => own.has(name));
  const missing = [...new Set(needed)].filter((name) => !namesIn(columns).includes(name));
  if (missing.length === 0) return undefined;
  return `${named} (${columns}) cannot be created without the column${missing.length === 1 ? '' : 's'} ${missing.join(', ')}: the table is partitioned by ${keys.join(' and ')}, and a unique key must contain all of these columns.`;
}

function namesIn(columns: string): readonly string[] {
  return [...sqlTokens(columns)]
    .filter(({ kind }) => kind === 'name' || kind === 'word')
    .map(({ text }) => plainName(text));
}
