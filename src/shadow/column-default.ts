import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

type Normalize = (column: ColumnMetadata) => string | undefined;

/**
 * A column's default as SQL. TypeORM's own text wherever it means what the entity says; TypeORM sets values between quotes without
 * looking at them, so an apostrophe makes a statement that fails, and a comma in an element of an array makes two elements.
 */
export function columnDefault(column: ColumnMetadata, typeorm: Normalize): string | undefined {
  const value: unknown = column.default;
  if (typeof value === 'function') return fromFunction(column, value as () => unknown, typeorm);
  if (Array.isArray(value) && column.isArray) return quoted(arrayText(value));
  if (Array.isArray(value) && column.type === 'simple-array') return literalOf(value.join(','));
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Date) return literalOf(value.toISOString());
  if (value instanceof Uint8Array) return literalOf(`\\x${Buffer.from(value).toString('hex')}`);
  if (typeof value === 'object' && value !== null) return literalOf(JSON.stringify(value));
  return typeorm(column);
}

/** 0.3 writes the source of a function into the default of an enum column; and only SQL is a text, `() => false` is not. */
function fromFunction(column: ColumnMetadata, read: () => unknown, typeorm: Normalize): string | undefined {
  const value = read();
  if (typeof value !== 'string') return columnDefault(withDefault(column, value), typeorm);
  return typeorm(Object.create(column, { type: { value: 'text' } }) as ColumnMetadata);
}

function withDefault(column: ColumnMetadata, value: unknown): ColumnMetadata {
  return Object.create(column, { default: { value } }) as ColumnMetadata;
}

function literalOf(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Somebody who has met TypeORM's lack of quoting has doubled the apostrophes already. */
function quoted(text: string): string {
  return /^(?:[^']|'')*$/.test(text) ? `'${text}'` : literalOf(text);
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayText(values: readonly unknown[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: unknown): string {
  if (Array.isArray(value)) return arrayText(value);
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Date) return `"${value.toISOString()}"`;
  if (typeof value === 'object') return quotedElement(JSON.stringify(value));
  const text = String(value as string | number | boolean);
  // Written as PostgreSQL writes it: with its own quotes, or an array of numbers inside the array.
  if (/^"(?:[^"\\]|\\.)*"$/.test(text) || /^\{[\s,.{}-]*\d[\d\s,.{}-]*\}$/.test(text)) return text;
  return /^$|^null$|[{},"\\]|^\s|\s$/i.test(text) ? quotedElement(text) : text;
}

function quotedElement(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
