import type { DataSource } from 'typeorm';
import { MigrateError } from '../errors.js';
import { enumColumns, enumNameOf, managed, schemaOf } from './entity-names.js';
import type { EnumColumn } from './entity-names.js';
import { sqlTokens } from '../sql/index.js';

interface Use {
  readonly schema: string | undefined;
  readonly type: string;
  readonly where: string;
  readonly table: string;
  readonly name: string;
  readonly column: EnumColumn;
}

/** An enum type without values in the entities, and its columns. */
export interface ValuelessEnum {
  /** Undefined if the search path decides. */
  readonly schema: string | undefined;
  readonly type: string;
  readonly columns: readonly {
    /** The property: `Job.status`. */
    readonly where: string;
    readonly table: string;
    readonly name: string;
  }[];
}

/**
 * One enum type can be the type of several columns, if they agree on its values. A column without any has those of the others: entities
 * that import each other in a circle are read before the enum exists, and TypeORM needs its values only to create the type. Returns the
 * types of which no column has values; they are created with the defaults of their columns alone.
 */
export function settleEnums(dataSource: DataSource): readonly ValuelessEnum[] {
  const uses = new Map<string, Use[]>();
  for (const metadata of managed(dataSource, 'managed')) {
    for (const column of enumColumns(metadata)) {
      readAsName(column);
      const type = enumNameOf(metadata, column);
      const schema = schemaOf(dataSource, metadata);
      const key = `${schema ?? ''}.${type}`;
      const where = `${metadata.name}.${column.propertyPath}`;
      const use = { schema, type, where, table: metadata.tableName, name: column.databaseName, column };
      uses.set(key, [...(uses.get(key) ?? []), use]);
    }
  }
  return [...uses.values()].flatMap((those) => {
    const isValueless = those.every(({ column }) => valuesOf(column).length === 0);
    if (isValueless) standIn(those);
    else settle(those);
    const [{ schema, type } = { schema: undefined, type: '' }] = those;
    return isValueless ? [{ schema, type, columns: those }] : [];
  });
}

/** `enum: 'mood'` fails in TypeORM's own comparison. It can only mean the name of a type that a migration creates. */
function readAsName(column: EnumColumn): void {
  const given: unknown = column.enum;
  if (typeof given === 'string') Object.assign(column, { enumName: column.enumName ?? given, enum: undefined });
}

/** The type must exist for its columns, and accept their defaults. */
function standIn(uses: readonly Use[]): void {
  const values = new Set(uses.flatMap(({ column }) => defaultsOf(column)));
  for (const { column } of uses) Object.assign(column, { enum: [...values, notKnown] });
}

const notKnown = 'the values were not known';

function defaultsOf({ default: given }: EnumColumn): readonly string[] {
  if (typeof given === 'function') return stringsIn(String(given()));
  return [given].flat().flatMap((one) => (typeof one === 'string' || typeof one === 'number' ? [String(one)] : []));
}

function stringsIn(sql: string): readonly string[] {
  const strings = [...sqlTokens(sql)].filter(({ kind }) => kind === 'string');
  return strings.map(({ text }) => text.slice(1, -1).replaceAll("''", "'"));
}

function settle(uses: readonly Use[]): void {
  const [first, ...others] = uses.filter(({ column }) => valuesOf(column).length > 0) as [Use, ...Use[]];
  const values = valuesOf(first.column);
  const other = others.find(({ column }) => JSON.stringify(valuesOf(column)) !== JSON.stringify(values));
  if (other !== undefined) throw ambiguous(first, other);
  for (const { column } of uses) if (valuesOf(column).length === 0) Object.assign(column, { enum: first.column.enum });
}

function valuesOf({ enum: values = [] }: EnumColumn): readonly string[] {
  return values.map(String);
}

function ambiguous(first: Use, second: Use): MigrateError {
  const withValues = ({ where, column }: Use): string => `  ${where}: ${valuesOf(column).join(', ')}`;
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: `${first.where} and ${second.where} both have the enum type "${first.type}", with different values:\n${withValues(first)}\n${withValues(second)}`,
    next: 'Give both the same values in the same order, or give one of them another `enumName`.',
  });
}
