import { inspect } from 'node:util';
import type { Change } from '../../schema/change.js';
import { definitionOf } from '../../schema/column.js';
import { describeObject } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import type { Schema } from '../../schema/read.js';
import { classify } from '../../sql/index.js';
import type { GenerateResult } from './types.js';

const most = 3;

/** One line about new foreign keys whose columns have no index: a delete in the referenced table scans this table for each row. */
export function indexAdvice(changes: readonly Change[], to: Schema): Pick<GenerateResult, 'advice'> {
  const bare = changes
    .filter(({ kind, id }) => kind === 'add constraint' && to.get(id)?.is['type'] === 'f' && !isIndexed(id, to))
    .map(({ id }) => `${id.table}.${columnsOf(id, to).join(', ')}`);
  if (bare.length === 0) return {};
  const named =
    bare.length > most ? `${bare.slice(0, most).join('; ')} and ${bare.length - most} more` : bare.join('; ');
  return {
    advice: `The foreign key on ${named} has no index: a DELETE in the other table scans this one. Add @Index() to the relation's column.`,
  };
}

/** TypeORM does not compare conditions, so an entity may lack one that a migration has deliberately added. */
export function remarksOnConditions(from: Schema, to: Schema): readonly string[] {
  return from.objects.flatMap(({ id }) => {
    if (id.kind !== 'index' || !to.has(id)) return [];
    const condition = conditionOf(id, from);
    if (condition === undefined || conditionOf(id, to) !== undefined) return [];
    return `${describeObject(id)} loses its condition, because its entity has none. To keep it, add to the @Index(): where: ${inspect(condition)}`;
  });
}

function conditionOf(index: ObjectId, schema: Schema): string | undefined {
  const [, condition] = classify(definitionOf(schema, index))[0]?.splitAt('WHERE') ?? [];
  return condition;
}

/** The first columns in parentheses in a definition: those of the index or the constraint itself. */
function columnsOf(id: ObjectId, schema: Schema): readonly string[] {
  const definition = schema.get(id)?.is['def'];
  const [columns = ''] = (typeof definition === 'string' ? classify(definition)[0]?.groups() : undefined) ?? [];
  return columns.split(',').map((one) => one.trim().replaceAll('"', ''));
}

/** Whether an index of any kind begins with these columns. */
function isIndexed(key: ObjectId, schema: Schema): boolean {
  const wanted = columnsOf(key, schema);
  const isOfTable = (id: ObjectId): boolean => {
    const table = id.table ?? schema.get(id)?.parent?.name;
    return table === key.table && (schema.get(id)?.parent?.schema ?? id.schema) === key.schema;
  };
  return schema.objects.some(({ id, is }) => {
    if ((id.kind !== 'index' && !['p', 'u'].includes(String(is['type']))) || !isOfTable(id)) return false;
    const first = new Set(columnsOf(id, schema).slice(0, wanted.length));
    return wanted.every((name) => first.has(name));
  });
}
