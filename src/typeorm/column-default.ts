import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { classify, quoteLiteral } from '../sql/index.js';

type Element = string | number | bigint | boolean | object | null | undefined;

type Normalize = (column: ColumnMetadata) => string | undefined;

/**
 * A column's default as SQL. TypeORM's own text wherever it means what the entity says; TypeORM sets values between quotes without
 * looking at them, so an apostrophe makes a statement that fails, and a comma in an element of an array makes two elements.
 */
export function columnDefault(column: ColumnMetadata, typeorm: Normalize): string | undefined {
  const value: unknown = column.default;
  if (typeof value === 'function') return fromFunction(column, value as () => unknown, typeorm);
  if (Array.isArray(value) && column.isArray) return quoted(arrayText(value, column));
  if (Array.isArray(value) && column.type === 'simple-array') return quoteLiteral(value.join(','));
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Date) return quoteLiteral(value.toISOString());
  if (value instanceof Uint8Array) return quoteLiteral(`\\x${Buffer.from(value).toString('hex')}`);
  const isJson = column.type === 'json' || column.type === 'jsonb';
  if ((typeof value === 'object' && value !== null) || (typeof value === 'boolean' && isJson))
    return quoteLiteral(JSON.stringify(value));
  return typeorm(column);
}

/** 0.3 writes the source of a function into the default of an enum column; and only SQL is a text, `() => false` is not. */
function fromFunction(column: ColumnMetadata, read: () => unknown, typeorm: Normalize): string | undefined {
  const value = read();
  if (typeof value !== 'string') return columnDefault(withDefault(column, value), typeorm);
  const sql = typeorm(Object.create(column, { type: { value: 'text' } }) as ColumnMetadata);
  return sql !== undefined && needsParentheses(sql) ? `(${sql})` : sql;
}

/** After DEFAULT the grammar has only what cannot be taken for the next constraint (its `b_expr`); in parentheses it has everything. */
function needsParentheses(sql: string): boolean {
  const [expression] = classify(sql);
  return expression !== undefined && operators.some((word) => expression.splitAt(word).length > 1);
}

const operators = ['AT', 'AND', 'OR', 'NOT', 'IN', 'IS', 'BETWEEN', 'LIKE', 'ILIKE', 'SIMILAR', 'OVERLAPS'];

function withDefault(column: ColumnMetadata, value: unknown): ColumnMetadata {
  return Object.create(column, { default: { value } }) as ColumnMetadata;
}

/** TypeORM does not quote apostrophes, so projects may have doubled them already. */
export function quoted(text: string): string {
  const isDoubled = !text.replaceAll("''", '').includes("'");
  return quoteLiteral(isDoubled ? text.replaceAll("''", "'") : text);
}

/** https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayText(values: readonly Element[], column: ColumnMetadata): string {
  // The one type with another delimiter.
  const delimiter = column.type === 'box' ? ';' : ',';
  return `{${values.map((value) => elementText(value, column)).join(delimiter)}}`;
}

function elementText(value: Element, column: ColumnMetadata): string {
  if (Array.isArray(value)) return arrayText(value as readonly Element[], column);
  if (value === null || value === undefined) return 'NULL';
  if (value instanceof Date) return `"${value.toISOString()}"`;
  if (typeof value === 'object') return quotedElement(JSON.stringify(value));
  const text = String(value);
  // Written as PostgreSQL writes it: with its own quotes, or as an array inside the array.
  if (/^"(?:[^"\\]|\\.)*"$/.test(text) || (holdsNumbers(column) && /^\{.*\}$/.test(text))) return text;
  const isSpecial = text === '' || text.toUpperCase() === 'NULL' || /[{},;"\\]|^\s|\s$/.test(text);
  return isSpecial ? quotedElement(text) : text;
}

function quotedElement(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function holdsNumbers({ type }: ColumnMetadata): boolean {
  return (
    type === Number ||
    /^(small|big)?int(eger|\d)?$|^(decimal|numeric|real|float\d?|double precision)$/.test(String(type))
  );
}
