import { objectId } from './object-id.js';
import type { ObjectId } from './object-id.js';
import type { Schema } from './read.js';

export interface Column {
  readonly type: string;
  readonly notNull: boolean;
  /** Whether the server provides the value: an identity, or a generated column. */
  readonly automatic: boolean;
  readonly default: string | undefined;
}

export function columnOf(schema: Schema, id: ObjectId): Column | undefined {
  const is = id.kind === 'column' ? schema.get(id)?.is : undefined;
  if (is === undefined) return undefined;
  return {
    type: text(is['type']),
    notNull: is['notNull'] === true,
    automatic: (is['identity'] ?? is['generatedExpr'] ?? undefined) !== undefined,
    default: defaultOf(schema, id),
  };
}

/** The enum type of a column, or of its array elements. */
export function enumOf(
  column: ObjectId,
  schema: Schema,
): { readonly id: ObjectId; readonly values: readonly string[] } | undefined {
  const id = schema.needs(column).find((needed) => schema.get(needed)?.is['variant'] === 'enum');
  return id && { id, values: schema.get(id)?.is['values'] as readonly string[] };
}

/** In the order of the table. */
export function columnsOf(table: ObjectId, schema: Schema): readonly ObjectId[] {
  const columns = schema.childrenOf(table).filter(({ id }) => id.kind === 'column');
  return columns
    .toSorted((one, other) => Number(one.is['_position']) - Number(other.is['_position']))
    .map(({ id }) => id);
}

/** The column that a sequence belongs to. */
export function ownerOf(sequence: ObjectId, schema: Schema): ObjectId | undefined {
  const owner = schema.get(sequence)?.is['ownedBy'] as
    { readonly schema: string; readonly table: string; readonly column: string } | null | undefined;
  return owner ? objectId('column', owner.schema, owner.column, owner.table) : undefined;
}

/** The type in the form for a cast. */
export function withoutCollation(type: string): string {
  return type.replace(/ COLLATE .*/, '');
}

/** The expression of a column's default. */
export function defaultOf(schema: Schema, column: ObjectId): string | undefined {
  const expression = schema.get({ ...column, kind: 'default' })?.is['expr'];
  return expression === undefined ? undefined : text(expression);
}

/** The whole definition of an index or a constraint, as the server prints it. */
export function definitionOf(schema: Schema, id: ObjectId): string {
  return text(schema.get(id)?.is['def']);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
