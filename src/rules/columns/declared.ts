import type { ColumnDef, Constraint } from 'nest-migrate-dev/libpg-query';
import type { Observed } from '../../observe/observed.js';
import { nodeOf, textsOf } from '../../observe/parser.js';
import { has } from './added.js';

/** A column with the type that a statement declares, in new tables too: for the rules about preferred types. */
export interface Declared {
  /** As shown in messages: `users.id`. */
  readonly path: string;
  readonly column: ColumnDef;
  /** Whether this column alone is the primary key. */
  readonly isPrimaryKey: boolean;
}

export function declaredColumns(statement: Observed): readonly Declared[] {
  const create = nodeOf(statement.tree, 'CreateStmt');
  const alter = nodeOf(statement.tree, 'AlterTableStmt');
  const table = (create ?? alter)?.relation?.relname ?? '';
  const elements = create?.tableElts ?? (alter?.cmds ?? []).map((node) => nodeOf(node, 'AlterTableCmd')?.def);
  const keys = new Set((create?.tableElts ?? []).flatMap((node) => keyOf(nodeOf(node, 'Constraint'))));
  const typesOnly = alter ? (alter.cmds ?? []).map((node) => nodeOf(node, 'AlterTableCmd')?.name) : [];
  return elements.flatMap((node, index) => {
    const column = nodeOf(node, 'ColumnDef');
    if (!column?.typeName) return [];
    const name = column.colname ?? typesOnly[index] ?? '';
    const inline = (column.constraints ?? []).flatMap((one) => nodeOf(one, 'Constraint') ?? []);
    return [{ path: `${table}.${name}`, column, isPrimaryKey: has(inline, 'CONSTR_PRIMARY') || keys.has(name) }];
  });
}

function keyOf(constraint: Constraint | undefined): readonly string[] {
  const columns = textsOf(constraint?.keys);
  return constraint?.contype === 'CONSTR_PRIMARY' && columns.length === 1 ? columns : [];
}
