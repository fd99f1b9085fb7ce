import type { DataSource } from 'typeorm';
import { MigrateError } from '../errors.js';
import { enumColumns, enumNameOf, managed, schemaOf } from './entity-names.js';

/** One enum type can be the type of several columns, if they agree on its values. */
export function refuseAmbiguousEnums(dataSource: DataSource): void {
  const known = new Map<string, { readonly where: string; readonly values: readonly string[] }>();
  for (const metadata of managed(dataSource, 'managed')) {
    for (const column of enumColumns(metadata)) {
      const name = `${schemaOf(dataSource, metadata) ?? ''}.${enumNameOf(metadata, column)}`;
      const where = `${metadata.name}.${column.propertyPath}`;
      const values = (column.enum ?? []).map(String);
      const first = known.get(name);
      if (first === undefined) known.set(name, { where, values });
      else if (JSON.stringify(first.values) !== JSON.stringify(values))
        throw ambiguous(enumNameOf(metadata, column), first, { where, values });
    }
  }
}

interface Use {
  readonly where: string;
  readonly values: readonly string[];
}

function ambiguous(name: string, first: Use, second: Use): MigrateError {
  const told = ({ where, values }: Use): string => `  ${where}: ${values.join(', ')}`;
  return new MigrateError({
    code: 'ENTITIES_INVALID',
    message: `${first.where} and ${second.where} both have the enum type "${name}", with different values:\n${told(first)}\n${told(second)}`,
    next: 'Give both the same values in the same order, or give one of them another `enumName`.',
  });
}
