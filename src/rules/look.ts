import type { AlterTableCmd, ColumnDef, Constraint, RangeVar } from 'nest-migrate-dev/libpg-query';
import { nameOf } from '../observe/catalog.js';
import type { ColumnFacts, TableFacts } from '../observe/catalog.js';
import type { Observed } from '../observe/observed.js';
import { nodeOf } from '../observe/parser.js';
import { blockedBy, strongest } from '../observe/relation.js';
import type { JudgedMigration } from './rule.js';
import { quoteName } from '../sql/index.js';

/** Lookups that several rules share. */

/** The table, if it existed before the migration and may be in use. */
export function tableInUse(statement: Observed, range: RangeVar | undefined): TableFacts | undefined {
  const facts = range && statement.tables.get(nameOf(range));
  return facts && !facts.isNew ? facts : undefined;
}

export interface Alteration {
  readonly table: TableFacts;
  readonly command: AlterTableCmd;
}

/** The commands of an ALTER TABLE on a table in use. */
export function alterations(statement: Observed, subtype?: AlterTableCmd['subtype']): readonly Alteration[] {
  const alter = nodeOf(statement.tree, 'AlterTableStmt');
  const table = tableInUse(statement, alter?.relation);
  // A composite type has columns too, but no rows.
  if (!alter || !table || alter.objtype === 'OBJECT_TYPE') return [];
  return (alter.cmds ?? []).flatMap((node) => {
    const command = nodeOf(node, 'AlterTableCmd');
    return command && (subtype === undefined || command.subtype === subtype) ? [{ table, command }] : [];
  });
}

export interface NewColumn {
  readonly table: TableFacts;
  readonly column: ColumnDef;
  readonly constraints: readonly Constraint[];
}

/** `ADD COLUMN` on tables in use. */
export function newColumns(statement: Observed): readonly NewColumn[] {
  return alterations(statement, 'AT_AddColumn').flatMap(({ table, command }) => {
    const column = nodeOf(command.def, 'ColumnDef');
    return column ? [{ table, column, constraints: constraintsOf(column) }] : [];
  });
}

function constraintsOf(column: ColumnDef): readonly Constraint[] {
  return (column.constraints ?? []).flatMap((node) => nodeOf(node, 'Constraint') ?? []);
}

export interface NewConstraint {
  readonly table: TableFacts;
  readonly constraint: Constraint;
}

/** `ADD CONSTRAINT` on tables in use. */
export function newConstraints(statement: Observed, type?: Constraint['contype']): readonly NewConstraint[] {
  return alterations(statement, 'AT_AddConstraint').flatMap(({ table, command }) => {
    const constraint = nodeOf(command.def, 'Constraint');
    return constraint && (type === undefined || constraint.contype === type) ? [{ table, constraint }] : [];
  });
}

export function columnOf(table: TableFacts, name: string | undefined): ColumnFacts | undefined {
  return table.columns.find((column) => column.name === name);
}

/** `public.users`, for messages. */
export function called({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}.${name}`;
}

/** `"public"."users"`, for SQL. */
export function ident(name: string | undefined): string {
  return quoteName(name ?? '');
}

export function sqlName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return schema === 'public' ? ident(name) : `${ident(schema)}.${ident(name)}`;
}

/** `"a", "b"` */
export function identList(names: readonly string[]): string {
  return names.map(ident).join(', ');
}

/** The facts about a table that a statement names, new or in use. */
export function factsOf(statement: Observed, range: RangeVar | undefined): TableFacts | undefined {
  return range && statement.tables.get(nameOf(range));
}

/** The operations that a statement blocks by the locks that its transaction then holds on a table: `reads and writes`, `writes`. */
export function whoWaits({ held, locks }: Observed, oid: number): ReturnType<typeof blockedBy> {
  const lock = strongest([...held, ...locks]).find(({ relation }) => relation.oid === oid);
  return lock ? blockedBy(lock.mode) : 'nothing';
}

/** The statements after it, in its migration and in later ones of the batch. */
export function after(statement: Observed, batch: readonly JudgedMigration[]): readonly Observed[] {
  const all = batch.flatMap(({ statements }) => statements);
  return all.slice(all.indexOf(statement) + 1);
}

/** Whether two statements belong to the same transaction. */
export function isSameTransaction(one: Observed, other: Observed): boolean {
  return one.transaction !== undefined && one.transaction === other.transaction;
}

/** Whether this statement or a later one drops the table or one of the columns, so that their dependents do not matter. */
export function goesToo(
  table: TableFacts,
  columns: readonly string[],
  statement: Observed,
  batch: readonly JudgedMigration[],
): boolean {
  return [statement, ...after(statement, batch)].some(
    (one) =>
      one.drops.some(({ oid }) => oid === table.oid) ||
      alterations(one, 'AT_DropColumn').some(
        ({ table: other, command }) => other.oid === table.oid && columns.includes(command.name ?? ''),
      ),
  );
}
