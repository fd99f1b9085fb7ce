import type { ColumnDef, Constraint, TypeName } from 'nest-migrate-dev/libpg-query';
import { nodeOf, textsOf } from '../../observe/parser.js';

/** The parts of a new column's definition. */

const serialTypes: Readonly<Record<string, string>> = {
  serial: 'integer',
  serial4: 'integer',
  bigserial: 'bigint',
  serial8: 'bigint',
  smallserial: 'smallint',
  serial2: 'smallint',
};

/** The type of its numbers, if the column has a sequence of its own. */
export function serialOf(column: ColumnDef): string | undefined {
  return serialTypes[textsOf(column.typeName?.names).join('.')];
}

/** `int4` for `integer`; undefined for a type that is not built in. */
export function builtInType(type: TypeName | undefined): string | undefined {
  const names = textsOf(type?.names);
  if (type === undefined || names.length > 2 || (names.length === 2 && names[0] !== 'pg_catalog')) return undefined;
  return names.at(-1);
}

export function has(constraints: readonly Constraint[], ...types: readonly Constraint['contype'][]): boolean {
  return constraints.some(({ contype }) => types.includes(contype));
}

/** Whether the server computes its values. */
export function isAutomatic(column: ColumnDef, constraints: readonly Constraint[]): boolean {
  return serialOf(column) !== undefined || has(constraints, 'CONSTR_IDENTITY', 'CONSTR_GENERATED');
}

export function mustHaveValue(constraints: readonly Constraint[]): boolean {
  return has(constraints, 'CONSTR_NOTNULL', 'CONSTR_PRIMARY');
}

function hasDefault(constraints: readonly Constraint[]): boolean {
  return constraints.some(
    ({ contype, raw_expr: value }) => contype === 'CONSTR_DEFAULT' && nodeOf(value, 'A_Const')?.isnull !== true,
  );
}

/** Whether existing rows would lack a required value. */
export function failsOnRows(column: ColumnDef, constraints: readonly Constraint[]): boolean {
  return mustHaveValue(constraints) && !hasDefault(constraints) && !isAutomatic(column, constraints);
}
