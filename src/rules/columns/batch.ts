import type { AlterTableCmd } from 'nest-migrate-dev/libpg-query';
import type { TableFacts } from '../../observe/catalog.js';
import type { Observed } from '../../observe/observed.js';
import { nodeOf } from '../../observe/parser.js';
import { alterations, columnOf, newColumns, tableInUse } from '../look.js';
import type { NewColumn } from '../look.js';
import type { JudgedMigration, RuleContext } from '../rule.js';
import { has } from './added.js';

/** How other statements of the migration, or of the whole batch, affect a column. */

export function before(statement: Observed, { statements }: Pick<JudgedMigration, 'statements'>): readonly Observed[] {
  return statements.slice(0, statements.indexOf(statement));
}

export function after(statement: Observed, { statements }: Pick<JudgedMigration, 'statements'>): readonly Observed[] {
  return statements.slice(statements.indexOf(statement) + 1);
}

/** The statements of the batch that are executed before it. */
function earlier(statement: Observed, { batch }: RuleContext): readonly Observed[] {
  return before(statement, { statements: batch.flatMap(({ statements }) => statements) });
}

/** A column that the same batch creates is not in use yet. */
export function isNewColumn(
  table: Pick<TableFacts, 'oid'>,
  name: string,
  statement: Observed,
  context: RuleContext,
): boolean {
  return [...earlier(statement, context), statement].some((other) =>
    newColumns(other).some(
      ({ table: facts, column }) => facts.oid === table.oid && column.colname === name && !columnOf(facts, name),
    ),
  );
}

/** The ALTER TABLE commands for that column in those statements. */
export function commandsOn(
  statements: readonly Observed[],
  table: TableFacts,
  column: string | undefined,
): readonly AlterTableCmd[] {
  return statements.flatMap((statement) =>
    alterations(statement).flatMap(({ table: { oid }, command }) =>
      oid === table.oid && command.name === column ? [command] : [],
    ),
  );
}

export interface Renaming {
  readonly table: Pick<TableFacts, 'oid' | 'schema' | 'name'>;
  readonly from: string;
  readonly to: string;
}

/** Includes the renamings that were observed only when a block or a function was executed. */
export function renamingsOf(statement: Observed): readonly Renaming[] {
  const hidden = statement.columnsGone.flatMap(({ table, column, now }) =>
    now === undefined ? [] : [{ table, from: column, to: now }],
  );
  const { relation, renameType, subname: from, newname: to } = nodeOf(statement.tree, 'RenameStmt') ?? {};
  const table = tableInUse(statement, relation);
  if (renameType !== 'OBJECT_COLUMN' || !table || !from || !to || !columnOf(table, from)) return hidden;
  return [{ table, from, to }];
}

export function renamings(statements: readonly Observed[], table: Pick<TableFacts, 'oid'>): readonly Renaming[] {
  return statements.flatMap(renamingsOf).filter(({ table: { oid } }) => oid === table.oid);
}

export interface Replacement extends NewColumn {
  /** The statement that adds the column again. */
  readonly statement: Observed;
}

/** A column of the same name that the batch adds in place of the dropped one. */
export function replacementOf(
  table: TableFacts,
  name: string,
  statement: Observed,
  { batch }: RuleContext,
): Replacement | undefined {
  const all = { statements: batch.flatMap(({ statements }) => statements) };
  for (const later of [statement, ...after(statement, all)]) {
    const found = newColumns(later).find((one) => one.table.oid === table.oid && one.column.colname === name);
    if (found) return { ...found, statement: later };
  }
  return undefined;
}

/** `ADD COLUMN`, except for columns that were dropped and come back: the rule orm-drop-add-column reports these. */
export function addedColumns(statement: Observed, context: RuleContext): readonly NewColumn[] {
  return newColumns(statement).filter(({ table, column, constraints }) => {
    if (!isDropped(table, column.colname, statement, context)) return !columnOf(table, column.colname);
    return has(constraints, 'CONSTR_GENERATED');
  });
}

function isDropped(table: TableFacts, name: string | undefined, statement: Observed, context: RuleContext): boolean {
  return commandsOn([...earlier(statement, context), statement], table, name).some(
    ({ subtype }) => subtype === 'AT_DropColumn',
  );
}
