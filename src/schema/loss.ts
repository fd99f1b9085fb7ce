import { conversionOf } from './conversion.js';
import type { Way } from './conversion.js';
import { describeObject } from './object-id.js';
import type { ObjectId } from './object-id.js';
import type { Schema } from './read.js';
import { valueType } from './value-type.js';
import type { ValueType } from './value-type.js';

/**
 * What a change may lose, in words; undefined when nothing. What the server would refuse is no loss, and neither is what can be
 * computed again.
 */
export function lossOf(
  { kind, id }: { readonly kind: string; readonly id: ObjectId },
  from: Schema,
  to: Schema,
): string | undefined {
  // The engine casts the values, unless PostgreSQL refuses the cast.
  if (kind === 'alter type') return retypingLoss(id, from, to, isForeign(id, from) ? 'assignment' : 'cast');
  if (kind !== 'drop' || isComputed(id, from)) return undefined;
  return id.kind === 'typeAttribute'
    ? `the values of the attribute ${id.name ?? ''} of ${describeObject({ kind: 'type', schema: id.schema ?? '', name: id.type ?? '' })}`
    : `the data of ${describeObject(id)}`;
}

function isForeign(column: ObjectId, schema: Schema): boolean {
  return schema.get(column)?.parent?.kind === 'foreignTable';
}

/** A statement, and the data that it may lose. */
export interface Loss {
  readonly sql: string;
  /** In words: `the data of column users.name`. */
  readonly loses: string;
}

export function lossesIn(
  changes: readonly { readonly sql: string; readonly loses: string | undefined }[],
): readonly Loss[] {
  return changes.flatMap(({ sql, loses }) => (loses === undefined ? [] : [{ sql, loses }]));
}

/** The loss when a column's values are converted to another type. */
export function retypingLoss(id: ObjectId, from: Schema, to: Schema, way: Way): string | undefined {
  const [before, after] = [typeOf(id, from), typeOf(id, to)];
  if (!before || !after || isComputed(id, from)) return undefined;
  const { loses } = conversionOf(before, after, way);
  return loses && `values of ${describeObject(id)}: ${loses}`;
}

function typeOf(column: ObjectId, schema: Schema): ValueType | undefined {
  const type = schema.get(column)?.is['type'];
  if (typeof type !== 'string') return undefined;
  const own = schema.needs(column).map((id) => ({ id, is: schema.get(id)?.is ?? {} }));
  const domain = own.find(({ id }) => id.kind === 'domain')?.is['baseType'];
  const labels = own.find(({ is }) => is['variant'] === 'enum')?.is['values'] as readonly string[] | undefined;
  return valueType(typeof domain === 'string' ? domain : type, labels);
}

function isComputed(id: ObjectId, schema: Schema): boolean {
  const isGenerated = (schema.get(id)?.is['generatedExpr'] ?? undefined) !== undefined;
  return id.kind === 'materializedView' || (id.kind === 'column' && isGenerated);
}
