import { everyRow } from '../database/row-security.js';
import { columnOf, withoutCollation } from '../schema/column.js';
import { tableSql } from '../schema/object-id.js';
import type { ObjectId } from '../schema/object-id.js';
import type { Schema } from '../schema/read.js';
import { quoteLiteral, quoteName } from '../sql/index.js';

/** A value that fits a column's type, for rows whose own value is lost. */
export function placeholder(column: ObjectId, schema: Schema): string {
  const type = columnOf(schema, column)?.type ?? 'text';
  return `${quoteLiteral(valueOf(type, column, schema))}::${withoutCollation(type)}`;
}

/** A value that differs from row to row, if required; `n` is the number of the row. */
export function placeholderOfRow(column: ObjectId, schema: Schema): string {
  const type = columnOf(schema, column)?.type ?? 'text';
  const base = withoutCollation(type);
  if (base === 'uuid') return `lpad(n::text, 32, '0')::uuid`;
  if (/^(?:smallint|integer|bigint|numeric|text|character varying(?:\(\d+\))?)\[\]$/.test(base))
    return `ARRAY[n]::${base}`;
  if (base.endsWith('[]')) return placeholder(column, schema);
  if (/^(?:smallint|integer|bigint|numeric|real|double|text|character|name|citext)/.test(base)) return `n::${base}`;
  if (/^(?:date|timestamp)/.test(base)) return `('epoch'::${base} + n * interval '1 day')::${base}`;
  return placeholder(column, schema);
}

const values: readonly (readonly [RegExp, string])[] = [
  [/\[\]$/, '{}'],
  [/multirange$/, '{}'],
  [/range$/, 'empty'],
  [/^(?:smallint|integer|bigint|numeric|real|double precision|money|oid|interval)/, '0'],
  [/^boolean/, 'false'],
  [/^uuid/, '00000000-0000-0000-0000-000000000000'],
  [/^jsonb?$/, '{}'],
  [/^(?:date|timestamp)/, 'epoch'],
  [/^time/, '00:00+00'],
  [/^inet/, '0.0.0.0'],
  [/^cidr/, '0.0.0.0/0'],
  [/^macaddr8/, '00:00:00:00:00:00:00:00'],
  [/^macaddr/, '00:00:00:00:00:00'],
  [/^point/, '(0,0)'],
  [/^line$/, '{1,0,0}'],
  [/^(?:lseg|box)/, '(0,0),(0,0)'],
  [/^(?:path|polygon)/, '((0,0))'],
  [/^circle/, '<(0,0),0>'],
  [/^xml/, '<none/>'],
  [/^jsonpath/, '$'],
  [/^pg_lsn/, '0/0'],
  [/^cube|\.cube$/, '(0)'],
];

/** The values of pgvector's and PostGIS's types, which must fit what follows the name: `vector(3)`, `geometry(PointZ,4326)`. */
const valuesOfExtensions: Readonly<Record<string, (modifier: string | undefined) => string>> = {
  vector: zeros,
  halfvec: zeros,
  sparsevec: (modifier = '1') => `{}/${modifier}`,
  geometry: emptyShape,
  geography: emptyShape,
};

function zeros(modifier = '1'): string {
  return `[${Array.from({ length: Number(modifier) }, () => '0').join(',')}]`;
}

function emptyShape(modifier = 'Point'): string {
  const [, shape = '', dimensions, system] = /^(\w+?)(ZM|Z|M)?(?:,(\d+))?$/.exec(modifier) ?? [];
  const reference = system === undefined ? '' : `SRID=${system};`;
  return `${reference}${shape === 'Geometry' ? 'Point' : shape} ${dimensions === undefined ? '' : `${dimensions} `}EMPTY`;
}

function valueOf(type: string, column: ObjectId, schema: Schema): string {
  const bits = /^bit\((\d+)\)/.exec(type);
  if (bits) return '0'.repeat(Number(bits[1]));
  const [, extended, modifier] = /^(?:.+\.)?(\w+)(?:\((.+)\))?$/.exec(type) ?? [];
  const ofExtension = extended === undefined ? undefined : valuesOfExtensions[extended]?.(modifier);
  if (ofExtension !== undefined) return ofExtension;
  const known = values.find(([pattern]) => pattern.test(type));
  if (known) return known[1];
  for (const id of schema.needs(column)) {
    const is = schema.get(id)?.is;
    if (id.kind === 'type' && is?.['variant'] === 'enum') return String((is['values'] as readonly unknown[])[0]);
    if (id.kind === 'domain') return valueOf(String(is?.['baseType']), id, schema);
  }
  return '';
}

/** For rows that were written without a value while none was needed; undefined where any value might be wrong. */
export function fillMissing(table: ObjectId, column: ObjectId, schema: Schema): readonly string[] | undefined {
  if (schema.neededBy(column).some(({ kind }) => kind === 'constraint' || kind === 'index')) return undefined;
  const name = quoteName(column.name ?? '');
  return [everyRow, `UPDATE ${tableSql(table)} SET ${name} = ${placeholder(column, schema)} WHERE ${name} IS NULL`];
}
