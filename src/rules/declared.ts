import type { ColumnDef, Constraint, CreateStmt, Node, RangeVar } from 'nest-migrate-dev/libpg-query';
import type { Observed } from '../observe/observed.js';
import { nodeOf, textsOf } from '../observe/parser.js';

/** A constraint that a statement declares, for the table or within a column. */
export interface Declared {
  readonly range: RangeVar;
  readonly constraint: Constraint;
  /** The column that declares it. */
  readonly column: ColumnDef | undefined;
  /** The columns that the statement itself creates. */
  readonly newColumns: readonly ColumnDef[];
  readonly createsTable: boolean;
}

/** The constraints in `CREATE TABLE` and `ALTER TABLE … ADD`, new tables included. */
export function declaredConstraints(statement: Observed): readonly Declared[] {
  const create = nodeOf(statement.tree, 'CreateStmt');
  if (create) return declaredIn(create.relation, elementsOf(create), true);
  const alter = nodeOf(statement.tree, 'AlterTableStmt');
  const added = (alter?.cmds ?? []).flatMap((node) => {
    const command = nodeOf(node, 'AlterTableCmd');
    const isAdded = command?.subtype === 'AT_AddColumn' || command?.subtype === 'AT_AddConstraint';
    return isAdded && command.def ? [command.def] : [];
  });
  return declaredIn(alter?.relation, added, false);
}

function elementsOf({ tableElts = [], constraints = [] }: CreateStmt): readonly Node[] {
  return [...tableElts, ...constraints];
}

function declaredIn(
  range: RangeVar | undefined,
  elements: readonly Node[],
  createsTable: boolean,
): readonly Declared[] {
  if (!range) return [];
  const newColumns = elements.flatMap((node) => nodeOf(node, 'ColumnDef') ?? []);
  const common = { range, newColumns, createsTable };
  const beside = elements.flatMap((node) => nodeOf(node, 'Constraint') ?? []);
  return [
    ...beside.map((constraint) => ({ ...common, constraint, column: undefined })),
    ...newColumns.flatMap((column) =>
      (column.constraints ?? []).flatMap((node) => {
        const constraint = nodeOf(node, 'Constraint');
        return constraint ? [{ ...common, constraint, column }] : [];
      }),
    ),
  ];
}

/** The columns of a key or a foreign key. */
export function columnsOf({ constraint, column }: Declared): readonly string[] {
  if (column) return column.colname === undefined ? [] : [column.colname];
  return textsOf(constraint.contype === 'CONSTR_FOREIGN' ? constraint.fk_attrs : constraint.keys);
}

export interface DeclaredKey {
  readonly range: RangeVar;
  readonly columns: readonly string[];
  readonly unique: boolean;
}

/** The indexes and keys that a statement creates, with which queries can look up rows. */
export function declaredKeys(statement: Observed): readonly DeclaredKey[] {
  const index = nodeOf(statement.tree, 'IndexStmt');
  if (index?.relation) {
    const { relation: range, indexParams = [], whereClause, accessMethod = 'btree', unique = false } = index;
    if ((whereClause && !nodeOf(whereClause, 'NullTest')) || !['btree', 'hash'].includes(accessMethod)) return [];
    const columns = indexParams.map((node) => nodeOf(node, 'IndexElem')?.name ?? '');
    return [{ range, columns, unique: unique && !whereClause }];
  }
  return declaredConstraints(statement)
    .filter(({ constraint: { contype } }) => contype === 'CONSTR_UNIQUE' || contype === 'CONSTR_PRIMARY')
    .map((declared) => ({ range: declared.range, columns: columnsOf(declared), unique: true }));
}

/** An unqualified name matches any schema. */
export function isSameName(one: RangeVar, other: RangeVar): boolean {
  const schemas = new Set([one.schemaname, other.schemaname].filter((schema) => schema !== undefined && schema !== ''));
  return one.relname === other.relname && schemas.size < 2;
}

/** Whether the index can look up rows by these columns: they come first in it, in any order. */
export function serves(key: readonly string[], columns: readonly string[]): boolean {
  const first = key.slice(0, columns.length);
  return first.length === columns.length && columns.every((column) => first.includes(column));
}
