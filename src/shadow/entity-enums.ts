import type { DataSource } from 'typeorm';
import { MigrateError } from '../errors.js';
import { enumColumns, enumNameOf, managed, schemaOf } from './entity-names.js';
import type { EnumColumn } from './entity-names.js';

interface Use {
  readonly type: string;
  readonly where: string;
  readonly column: EnumColumn;
}

/**
 * One enum type can be the type of several columns, if they agree on its values. A column without any has those of the others: entities
 * that import each other in a circle are read before the enum exists, and TypeORM needs its values only to create the type.
 */
export function settleEnums(dataSource: DataSource): void {
  const uses = new Map<string, Use[]>();
  for (const metadata of managed(dataSource, 'managed')) {
    for (const column of enumColumns(metadata)) {
      const type = enumNameOf(metadata, column);
      const name = `${schemaOf(dataSource, metadata) ?? ''}.${type}`;
      const use = { type, where: `${metadata.name}.${column.propertyPath}`, column };
      uses.set(name, [...(uses.get(name) ?? []), use]);
    }
  }
  const groups = [...uses.values()];
  const empty = groups.filter((those) => those.every(({ column }) => valuesOf(column).length === 0));
  if (empty.length > 0) throw withoutValues(empty.flat());
  groups.forEach(settle);
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

function withoutValues(uses: readonly Use[]): MigrateError {
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: `Enums without values: ${uses.map(({ where }) => where).join(', ')}. The option \`enum\` was probably undefined when the class was read, as it is where files import each other in a circle.`,
    next: 'Import each enum from the file that declares it, which should import no entity; not from an index file.',
  });
}

function ambiguous(first: Use, second: Use): MigrateError {
  const withValues = ({ where, column }: Use): string => `  ${where}: ${valuesOf(column).join(', ')}`;
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: `${first.where} and ${second.where} both have the enum type "${first.type}", with different values:\n${withValues(first)}\n${withValues(second)}`,
    next: 'Give both the same values in the same order, or give one of them another `enumName`.',
  });
}
