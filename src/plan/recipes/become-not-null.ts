import { columnOf, definitionOf } from '../../schema/column.js';
import { relationOf } from '../../schema/object-id.js';
import type { ObjectId } from '../../schema/object-id.js';
import { existingTable, sameId } from '../context.js';
import { columnPath } from '../../schema/object-id.js';
import type { PlanContext } from '../context.js';
import type { Step } from '../step.js';
import { backfill } from './backfill.js';
import { notNullSteps } from './not-null.js';
import { quoteName } from '../../sql/index.js';

/** An existing column, possibly under another name, becomes NOT NULL. */
export function becomesNotNull(column: ObjectId, context: PlanContext): boolean {
  const { from, to } = context;
  if (!existingTable(column, context) || columnOf(to, column)?.notNull !== true) return false;
  return columnOf(from, nameBefore(column, context))?.notNull === false;
}

/** Whether existing rows may have no value. */
export function mayMissValues(column: ObjectId, context: PlanContext): boolean {
  return becomesNotNull(column, context) && !isProven(nameBefore(column, context), context);
}

function nameBefore(column: ObjectId, { decisions }: PlanContext): ObjectId {
  return decisions.renames.find(({ to }) => sameId(to, column))?.from ?? column;
}

function isProven(column: ObjectId, { from }: PlanContext): boolean {
  const names = [column.name ?? '', quoteName(column.name ?? '')];
  const proofs = new Set(names.map((name) => `CHECK ((${name} IS NOT NULL))`));
  return from.childrenOf(relationOf(column)).some(({ id, is }) => {
    return id.kind === 'constraint' && is['validated'] === true && proofs.has(definitionOf(from, id));
  });
}

/** The expression that fills them; undefined if the author says, with `NULL`, that there are none. */
export function fillOf(column: ObjectId, context: PlanContext): string | undefined {
  const expression = context.decisions.backfill.get(columnPath(column));
  return expression === undefined || expression.toUpperCase() === 'NULL' || !mayMissValues(column, context)
    ? undefined
    : expression;
}

/**
 * The old version of the app continues to write rows without a value. Existing rows are filled at once, for the new version, and rows
 * that were added since are filled when the old version is gone. Only then must every row have a value.
 */
export function fillThenRequire(column: ObjectId, expression: string, context: PlanContext): readonly Step[] {
  const fill = backfill(relationOf(column), column.name ?? '', expression, { rounds: 'one' }, context);
  return [{ ...fill, afterCommit: true }, ...fillAgainAndRequire(column, expression, context)];
}

/** The steps of the second phase. */
export function fillAgainAndRequire(column: ObjectId, expression: string, context: PlanContext): readonly Step[] {
  const table = relationOf(column);
  const fill = backfill(table, column.name ?? '', expression, { rounds: 'until none is left' }, context);
  const again = { ...fill, comment: 'Fills rows that the old version of the app has since written without a value.' };
  return [again, ...notNullSteps(table, column.name ?? '')].map((one) => ({ ...one, phase: 'contract' }));
}
